#include "core/mail/outbox_view.hpp"

#include "core/counters/counters.hpp"
#include "core/mail/outbox_rows.hpp"

#include <algorithm>
#include <string_view>

namespace focus::mail {

namespace {

struct Row {
    std::int64_t id = 0;
    std::string type;
    std::string recipient;
    Language language = Language::en;
    std::string status;
    std::int64_t attempts = 0;
    std::optional<std::string> last_error;
    json::Timestamp created_at;
    std::optional<json::Timestamp> sent_at;
    std::optional<json::Timestamp> next_attempt_at;
};
constexpr auto k_find = db::select<Row>("outbox.find", "SELECT * FROM outbox WHERE id = ?");

struct Unsent {
    std::string status;
    bool was_tried_before = false;
    std::int64_t mails = 0;
};
constexpr auto k_queue = db::select<Unsent>(
    "outbox.queue", "SELECT status, attempts > 1 AS was_tried_before, COUNT(*) AS mails FROM outbox WHERE status IN ('pending', "
                    "'sending', 'failed', 'dead') GROUP BY status, attempts > 1");

struct Tried {
    std::string status;
    std::int64_t attempts = 0;
    EpochMs created_at_ms = 0;
    std::optional<EpochMs> sent_at_ms;
};
// Mails that were tried, the newest first. One whose account was deleted has no recipient and is no evidence.
constexpr auto k_tried = db::select<Tried>("outbox.tried", "SELECT * FROM outbox WHERE status <> 'pending' "
                                                           "AND (status = 'sent' OR recipient <> '') ORDER BY id DESC LIMIT 50");
constexpr int k_dead_that_tell = 3; // fewer may only have had wrong addresses

Status status_of(std::string_view name, std::int64_t attempts) {
    if (name == "sent") return Status::sent;
    if (name == "dead") return Status::dead;
    return name == "failed" || (name == "sending" && attempts > 1) ? Status::failed : Status::pending;
}

/// The WHERE for mails with a status.
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

OutboxMail mail_of(Row row) {
    return {.id = row.id,
            .type = std::move(row.type),
            .recipient = std::move(row.recipient),
            .language = row.language,
            .status = status_of(row.status, row.attempts),
            .attempts = row.attempts,
            .last_error = std::move(row.last_error),
            .created_at = row.created_at,
            .sent_at = row.sent_at,
            .next_attempt_at = row.next_attempt_at};
}

/// Whether all recent attempts have failed.
bool is_failing(const std::vector<Tried>& tried) {
    EpochMs last_sent = 0;
    for (const auto& mail : tried) last_sent = std::max(last_sent, mail.sent_at_ms.value_or(0));
    int dead = 0;
    for (const auto& mail : tried) {
        if (mail.created_at_ms < last_sent) continue;
        const auto status = status_of(mail.status, mail.attempts);
        if (status == Status::failed || (status == Status::dead && ++dead >= k_dead_that_tell)) return true;
    }
    return false;
}

} // namespace

db::Query<std::vector<OutboxMail>> list(std::optional<Status> status, std::int64_t skip, std::int64_t limit) {
    auto sql =
        "SELECT " + db::column_list<Row>() + " FROM outbox" + std::string{condition_of(status)} + " ORDER BY id DESC LIMIT ? OFFSET ?";
    return db::composed<Row>("outbox.list", std::move(sql), {limit, skip}).map([](std::vector<Row> rows) {
        std::vector<OutboxMail> mails;
        mails.reserve(rows.size());
        for (auto& row : rows) mails.push_back(mail_of(std::move(row)));
        return mails;
    });
}

db::Query<std::int64_t> count(std::optional<Status> status) {
    return db::composed_one<std::int64_t>("outbox.list_count", "SELECT COUNT(*) FROM outbox" + std::string{condition_of(status)}, {});
}

db::Query<std::optional<OutboxMail>> find(std::int64_t id) {
    return k_find.first(id).map([](std::optional<Row> row) { return row ? std::optional{mail_of(std::move(*row))} : std::nullopt; });
}

db::Task<Queue> queue(db::Session& session) {
    const auto [unsent, backlog, tried] = co_await session.all(k_queue.all(), rows::backlog(), k_tried.all());
    Queue queue{.oldest_ms = backlog.oldest_ms, .is_failing = is_failing(tried)};
    for (const auto& group : unsent) {
        switch (status_of(group.status, group.was_tried_before ? 2 : 1)) {
        case Status::pending:
            queue.pending += group.mails;
            break;
        case Status::failed:
            queue.failed += group.mails;
            break;
        case Status::dead:
            queue.dead += group.mails;
            break;
        case Status::sent:
            break;
        }
    }
    co_return queue;
}

db::Query<std::int64_t> sent_since(Day first) { return counters::since(rows::k_sent_counter, first); }

} // namespace focus::mail
