#include "core/mail/outbox.hpp"

#include "core/crypto/crypto.hpp"
#include "core/json/json.hpp"

#include <optional>
#include <stdexcept>
#include <utility>

namespace focus::mail {

namespace {

struct NewRow {
    std::string type;
    std::string recipient;
    Language language = Language::en;
    std::optional<std::int64_t> user_id;
    bool bulk = false;
    std::string sealed;
    std::optional<std::string> dedup_key;
    json::Timestamp created_at;
    json::Timestamp next_attempt_at;
};
constexpr auto k_insert = db::insert<NewRow>("outbox.insert", "outbox", {}, " ON CONFLICT DO NOTHING", " ON DUPLICATE KEY UPDATE id = id");

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
struct OldMail {
    std::int64_t id = 0;
    EpochMs created_at_ms = 0;
    std::string status;
};
constexpr auto k_next = db::select<OldMail>("outbox.next", "SELECT * FROM outbox WHERE id > ? ORDER BY id LIMIT 500");

NewRow row_of(const Message& message, const Outbox::Options& options, EpochMs now) {
    const auto& to = message.recipient;
    const auto unsubscribe_url = message.kind.is_optional ? options.links.url(to.user_id) : std::string{};
    return {.type = std::string{message.kind.name},
            .recipient = to.address,
            .language = to.language,
            .user_id = to.user_id == 0 ? std::nullopt : std::optional{to.user_id},
            .bulk = message.kind.bulk,
            .sealed = crypto::seal(options.sealing_key, json::write(SealedPart{message.values, to.name, unsubscribe_url})),
            .dedup_key = message.dedup_key.empty() ? std::nullopt : std::optional{message.dedup_key},
            .created_at = {now},
            .next_attempt_at = {now}};
}

} // namespace

Outbox::Outbox(Options options, const Clock& clock) : options_{std::move(options)}, clock_{clock} {}

void Outbox::add(db::Transaction& tx, const Message& message) const {
    tx.defer(k_insert.affected(row_of(message, options_, clock_.now_ms())));
    wake_after(tx);
}

void Outbox::add_all(db::Transaction& tx, const std::vector<Message>& messages) const {
    if (messages.empty()) return;
    const auto now = clock_.now_ms();
    std::vector<NewRow> rows;
    rows.reserve(messages.size());
    for (const auto& message : messages) rows.push_back(row_of(message, options_, now));
    db::defer_all(tx, k_insert.rows(tx.dialect(), rows));
    wake_after(tx);
}

db::Task<bool> Outbox::retry(db::Transaction& tx, std::int64_t id) const {
    if (co_await tx.get(db::affected(k_retry, clock_.now_ms(), id)) == 0) co_return false;
    wake_after(tx);
    co_return true;
}

void Outbox::forget_user(db::Transaction& tx, std::int64_t user_id) const { tx.defer(k_forget, user_id); }

db::Task<std::uint64_t> Outbox::delete_old(db::Database& database, EpochMs before) {
    std::uint64_t gone = 0;
    for (std::int64_t after = 0;;) {
        const auto step = co_await database.get(k_next.all(after));
        std::vector<db::Value> ids;
        for (const auto& mail : step) {
            after = mail.id;
            if (mail.created_at_ms >= before) break; // the following rows are younger still
            if (mail.status == "sent" || mail.status == "dead") ids.emplace_back(after);
        }
        const bool is_last = step.empty() || step.back().created_at_ms >= before;
        if (!ids.empty()) {
            auto sql = "DELETE FROM outbox WHERE id IN (" + db::places(ids.size()) + ")";
            gone += (co_await database.run_one(db::Command::composed("outbox.delete_old", std::move(sql), std::move(ids)))).affected;
        }
        if (is_last) co_return gone;
    }
}

db::Task<std::uint64_t> Outbox::delete_of_user(db::Database& database, std::int64_t user_id, std::function<bool()> may_go_on) {
    return db::delete_in_steps(database, std::move(may_go_on), k_delete_of_user, user_id);
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
