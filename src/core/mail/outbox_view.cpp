#include "core/mail/outbox_view.hpp"

#include "core/counters/counters.hpp"
#include "core/mail/outbox_rows.hpp"

#include <algorithm>
#include <string_view>

namespace focus::mail {

namespace {

#define FOCUS_MAIL_COLUMNS "id, type, recipient, language, status, attempts, last_error, created_at_ms, sent_at_ms, next_attempt_at_ms"

constexpr db::Statement k_find{"outbox.find", "SELECT " FOCUS_MAIL_COLUMNS " FROM outbox WHERE id = ?"};
constexpr db::Statement k_queue{"outbox.queue", "SELECT status, attempts > 1, COUNT(*) FROM outbox WHERE status IN ('pending', 'sending', "
                                                "'failed', 'dead') GROUP BY status, attempts > 1"};

// Those that were tried, the newest first. One whose account was deleted has no recipient and says nothing.
constexpr db::Statement k_tried{"outbox.tried", "SELECT status, attempts, created_at_ms, sent_at_ms FROM outbox WHERE status <> 'pending' "
                                                "AND (status = 'sent' OR recipient <> '') ORDER BY id DESC LIMIT 50"};
constexpr int k_dead_that_tell = 3; // fewer may just have had a wrong address

Status status_of(std::string_view name, std::int64_t attempts) {
    if (name == "sent") return Status::sent;
    if (name == "dead") return Status::dead;
    return name == "failed" || (name == "sending" && attempts > 1) ? Status::failed : Status::pending;
}

/// The WHERE of those with a status.
std::string_view condition_of(std::optional<Status> status) {
    if (!status) return "";
    switch (*status) {
    case Status::pending:
        return " WHERE status IN ('pending', 'sending') AND (status = 'pending' OR attempts <= 1)";
    case Status::sent:
        return " WHERE status = 'sent'";
    case Status::failed:
        return " WHERE status IN ('failed', 'sending') AND (status = 'failed' OR attempts > 1)";
    case Status::dead:
        return " WHERE status = 'dead'";
    }
    return "";
}

View view_of(const db::Row& row) {
    const auto attempts = row.get<std::int64_t>(5);
    return {.id = row.get<std::int64_t>(0),
            .type = row.get<std::string>(1),
            .recipient = row.get<std::string>(2),
            .language = row.get<std::string>(3),
            .status = status_of(row.get<std::string_view>(4), attempts),
            .attempts = attempts,
            .last_error = row.get<std::optional<std::string>>(6),
            .created_at_ms = row.get<EpochMs>(7),
            .sent_at_ms = row.get<std::optional<EpochMs>>(8),
            .next_attempt_at_ms = row.get<std::optional<EpochMs>>(9)};
}

/// Whether every attempt of late has failed.
bool is_failing(const db::Result& tried) {
    EpochMs last_sent = 0;
    for (const auto& row : tried.rows) last_sent = std::max(last_sent, row.get<std::optional<EpochMs>>(3).value_or(0));
    int dead = 0;
    for (const auto& row : tried.rows) {
        if (row.get<EpochMs>(2) < last_sent) continue;
        const auto status = status_of(row.get<std::string_view>(0), row.get<std::int64_t>(1));
        if (status == Status::failed || (status == Status::dead && ++dead >= k_dead_that_tell)) return true;
    }
    return false;
}

} // namespace

db::Task<ViewPage> list(db::Session& session, std::optional<Status> status, std::int64_t skip, std::int64_t limit) {
    const std::string condition{condition_of(status)};
    std::vector<db::Command> commands;
    commands.push_back(db::Command::composed(
        "outbox.list", "SELECT " FOCUS_MAIL_COLUMNS " FROM outbox" + condition + " ORDER BY id DESC LIMIT ? OFFSET ?", {limit, skip}));
    commands.push_back(db::Command::composed("outbox.list_count", "SELECT COUNT(*) FROM outbox" + condition, {}));
    const auto results = co_await session.run(std::move(commands));
    ViewPage page;
    for (const auto& row : results.at(0).rows) page.items.push_back(view_of(row));
    page.total = results.at(1).rows.at(0).get<std::int64_t>(0);
    co_return page;
}

db::Task<std::optional<View>> find(db::Session& session, std::int64_t id) {
    const auto row = co_await session.find(k_find, id);
    co_return row ? std::optional{view_of(*row)} : std::nullopt;
}

db::Task<Queue> queue(db::Session& session) {
    const auto result = co_await session.execute(k_queue);
    Queue queue;
    for (const auto& row : result.rows) {
        const auto count = row.get<std::int64_t>(2);
        switch (status_of(row.get<std::string_view>(0), row.get<bool>(1) ? 2 : 1)) {
        case Status::pending:
            queue.pending += count;
            break;
        case Status::failed:
            queue.failed += count;
            break;
        case Status::dead:
            queue.dead += count;
            break;
        case Status::sent:
            break;
        }
    }
    queue.oldest_ms = (co_await rows::backlog(session)).oldest_ms;
    queue.is_failing = is_failing(co_await session.execute(k_tried));
    co_return queue;
}

db::Task<std::int64_t> sent_since(db::Session& session, Day first) {
    co_return counters::sum_of(co_await session.run_one(counters::since_command(rows::k_sent_counter, first)));
}

} // namespace focus::mail
