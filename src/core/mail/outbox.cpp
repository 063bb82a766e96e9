#include "core/mail/outbox.hpp"

#include "core/crypto/crypto.hpp"
#include "core/db/bulk.hpp"
#include "core/json/json.hpp"

#include <optional>
#include <stdexcept>
#include <utility>

namespace focus::mail {

namespace {

constexpr db::Statement k_insert{
    "outbox.insert",
    {.sqlite = "INSERT INTO outbox (type, recipient, language, user_id, bulk, sealed, dedup_key, created_at_ms, next_attempt_at_ms) "
               "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
     .mysql = "INSERT INTO outbox (type, recipient, language, user_id, bulk, sealed, dedup_key, created_at_ms, next_attempt_at_ms) "
              "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE id = id"}};

constexpr db::Statement k_retry{"outbox.retry",
                                "UPDATE outbox SET next_attempt_at_ms = ? WHERE id = ? AND status IN ('pending', 'failed')"};

struct ExportedMail {
    std::int64_t id = 0;
    std::string type;
    std::string recipient;
    std::string language;
    std::string status;
    json::Timestamp created_at;
    std::optional<json::Timestamp> sent_at;
};
constexpr auto k_personal =
    db::select<ExportedMail>("outbox.personal", "SELECT * FROM outbox WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?");

constexpr db::Statement k_forget{
    "outbox.forget_user",
    "UPDATE outbox SET recipient = '', sealed = NULL, dedup_key = NULL, last_error = CASE status WHEN 'sent' THEN NULL "
    "ELSE 'the account was deleted' END, next_attempt_at_ms = NULL, lease = NULL, "
    "status = CASE status WHEN 'sent' THEN 'sent' ELSE 'dead' END WHERE user_id = ?"};

constexpr db::Statement k_delete_of_user{"outbox.delete_of_user",
                                         db::Sql{"DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE user_id = ? LIMIT ?)",
                                                 "DELETE FROM outbox WHERE user_id = ? LIMIT ?"}};
constexpr db::Statement k_next{"outbox.next", "SELECT id, created_at_ms, status FROM outbox WHERE id > ? ORDER BY id LIMIT 500"};

} // namespace

Outbox::Outbox(Options options, const Clock& clock) : options_{std::move(options)}, clock_{clock} {}

std::vector<db::Value> Outbox::values_of(const Message& message) const {
    const auto unsubscribe_url = message.is_optional ? options_.links.url(message.user_id) : std::string{};
    const auto sealed =
        crypto::seal(options_.sealing_key, json::write(SealedPart{message.values, message.recipient_name, unsubscribe_url}));
    const auto user_id = message.user_id == 0 ? std::nullopt : std::optional{message.user_id};
    const auto dedup_key = message.dedup_key.empty() ? std::nullopt : std::optional{message.dedup_key};
    const EpochMs now = clock_.now_ms();
    return db::values_of(message.type, message.recipient, to_string(message.language), user_id, message.bulk, sealed, dedup_key, now, now);
}

void Outbox::add(db::Transaction& tx, const Message& message) const {
    db::Command command = db::Command::of(k_insert);
    command.params = values_of(message);
    tx.defer(std::move(command));
    wake_after(tx);
}

void Outbox::add_all(db::Transaction& tx, const std::vector<Message>& messages) const {
    if (messages.empty()) return;
    std::vector<db::Values> rows;
    rows.reserve(messages.size());
    for (const auto& message : messages) rows.push_back(values_of(message));
    for (auto& command : db::for_rows(tx.dialect(), k_insert, std::move(rows))) tx.defer(std::move(command));
    wake_after(tx);
}

db::Task<bool> Outbox::retry(db::Transaction& tx, std::int64_t id) const {
    const db::Result result = co_await tx.execute(k_retry, clock_.now_ms(), id);
    if (result.affected == 0) co_return false;
    wake_after(tx);
    co_return true;
}

void Outbox::forget_user(db::Transaction& tx, std::int64_t user_id) const { tx.defer(k_forget, user_id); }

db::Task<std::uint64_t> Outbox::delete_old(db::Database& database, EpochMs before) {
    std::uint64_t gone = 0;
    for (std::int64_t after = 0;;) {
        const auto step = co_await database.execute(k_next, after);
        std::vector<db::Value> ids;
        for (const auto& row : step.rows) {
            after = row.get<std::int64_t>(0);
            if (row.get<EpochMs>(1) >= before) break; // the following ones are younger still
            const auto status = row.get<std::string_view>(2);
            if (status == "sent" || status == "dead") ids.emplace_back(after);
        }
        const bool is_last = step.rows.empty() || step.rows.back().get<EpochMs>(1) >= before;
        if (!ids.empty()) {
            auto sql = "DELETE FROM outbox WHERE id IN (" + db::places(ids.size()) + ")";
            gone += (co_await database.run_one(db::Command::composed("outbox.delete_old", std::move(sql), std::move(ids)))).affected;
        }
        if (is_last) co_return gone;
    }
}

db::Task<std::uint64_t> Outbox::delete_of_user(db::Database& database, std::int64_t user_id, int limit) {
    co_return (co_await database.execute(k_delete_of_user, user_id, limit)).affected;
}

void Outbox::wake_after(db::Transaction& tx) const {
    if (wake_) tx.after_commit(wake_);
}

SealedPart Outbox::open(std::string_view sealed) const {
    const auto text = crypto::unseal(options_.sealing_key, sealed);
    if (!text) throw std::runtime_error{"the mail was stored under another SECRET_KEY"};
    return json::parse<SealedPart>(*text);
}

personal::Section personal_data(db::Database& database) { return personal::table_section(database, "mails", k_personal); }

} // namespace focus::mail
