#include "core/idempotency/idempotency.hpp"

#include "core/base/log.hpp"
#include "core/crypto/crypto.hpp"

namespace focus::idempotency {

namespace {

constexpr db::Statement k_find{
    "idempotency.find",
    "SELECT fingerprint, status, answer, expires_at_ms FROM idempotency_keys WHERE user_id = ? AND route = ? AND request_key = ?"};
constexpr db::Statement k_keep{"idempotency.keep",
                               "INSERT INTO idempotency_keys (user_id, route, request_key, fingerprint, status, answer, expires_at_ms, "
                               "about_user_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"};
constexpr db::Statement k_drop{"idempotency.drop",
                               "DELETE FROM idempotency_keys WHERE user_id = ? AND route = ? AND request_key = ? AND expires_at_ms <= ?"};
constexpr db::Statement k_delete_expired{
    "idempotency.delete_expired",
    db::Sql{"DELETE FROM idempotency_keys WHERE (user_id, route, request_key) IN (SELECT user_id, route, request_key FROM "
            "idempotency_keys WHERE expires_at_ms <= ? ORDER BY expires_at_ms LIMIT ?)",
            "DELETE FROM idempotency_keys WHERE expires_at_ms <= ? ORDER BY expires_at_ms LIMIT ?"}};
constexpr db::Statement k_forget{"idempotency.forget_user", "DELETE FROM idempotency_keys WHERE user_id = ?"};
constexpr db::Statement k_forget_about{"idempotency.forget_about", "DELETE FROM idempotency_keys WHERE about_user_id = ?"};

db::Command insert_of(const RequestKey& key, const std::string& answer, int status, EpochMs now, std::int64_t about_user_id = 0) {
    const auto about = about_user_id == 0 ? std::nullopt : std::optional{about_user_id};
    return db::Command::of(k_keep, key.user_id, key.route, key.key, key.fingerprint, status, answer, now + k_kept_ms, about);
}

} // namespace

void keep_json(db::Transaction& tx, const Origin& origin, std::string answer, int status, EpochMs now, std::int64_t about_user_id) {
    if (!origin.request_key) return;
    tx.defer(insert_of(*origin.request_key, answer, status, now, about_user_id));
    tx.after_commit([key = origin.request_key] { key->kept = true; });
}

http::Task<Store::Found> Store::find(Request request) {
    const auto now = clock_.now_ms();
    auto fresh = std::make_shared<RequestKey>();
    fresh->user_id = request.user_id;
    fresh->route = std::move(request.route);
    fresh->key = std::move(request.key);
    // Clients without an account choose keys independently: the same key from two networks is two keys.
    if (request.user_id == 0) fresh->key = crypto::hex_encode(crypto::hmac_sha256(hash_key_, request.network + '\n' + fresh->key));
    fresh->fingerprint = crypto::hex_encode(crypto::hmac_sha256(hash_key_, request.body_hash));
    const auto row = co_await db_.find(k_find, fresh->user_id, fresh->route, fresh->key);
    if (row && row->get<EpochMs>(3) > now) {
        if (row->get<std::string_view>(0) != fresh->fingerprint) co_return Mismatch{};
        co_return Stored{.status = row->get<int>(1), .body = row->get<std::string>(2)};
    }
    if (row) co_await db_.execute(k_drop, fresh->user_id, fresh->route, fresh->key, now);
    co_return Fresh{std::move(fresh)};
}

http::Task<void> Store::finish(std::shared_ptr<RequestKey> key, Stored answer) {
    if (key->kept) co_return;
    // Repeats are answered all the same, but neither a crash nor a twin at this very moment is covered.
    log::error("an idempotent route does not keep its answer in its transaction", {{"route", std::string_view{key->route}}});
    try {
        co_await db_.run_one(insert_of(*key, answer.body, answer.status, clock_.now_ms()));
    } catch (const db::ConstraintError&) { // a twin's answer stays
    }
}

db::Task<std::uint64_t> delete_expired(db::Session& session, EpochMs now, int limit) {
    const auto result = co_await session.execute(k_delete_expired, now, limit);
    co_return result.affected;
}

void forget_user(db::Transaction& tx, std::int64_t user_id) {
    tx.defer(k_forget, user_id);
    tx.defer(k_forget_about, user_id);
}

} // namespace focus::idempotency
