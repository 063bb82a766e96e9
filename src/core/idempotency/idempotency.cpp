#include "core/idempotency/idempotency.hpp"

#include "core/base/log.hpp"
#include "core/crypto/crypto.hpp"
#include "core/db/query.hpp"

namespace focus::idempotency {

namespace {

struct Answer {
    std::string fingerprint;
    int status = 0;
    std::string answer;
    EpochMs expires_at_ms = 0;
};
constexpr auto k_find =
    db::select<Answer>("idempotency.find", "SELECT * FROM idempotency_keys WHERE user_id = ? AND route = ? AND request_key = ?");

struct Row {
    std::int64_t user_id = 0;
    std::string route;
    std::string request_key;
    std::string fingerprint;
    int status = 0;
    std::string answer;
    EpochMs expires_at_ms = 0;
    std::optional<std::int64_t> about_user_id;
};
constexpr auto k_keep = db::insert<Row>("idempotency.keep", "idempotency_keys");
constexpr db::Statement k_drop{"idempotency.drop",
                               "DELETE FROM idempotency_keys WHERE user_id = ? AND route = ? AND request_key = ? AND expires_at_ms <= ?"};
constexpr db::Statement k_delete_expired{
    "idempotency.delete_expired",
    db::Sql{"DELETE FROM idempotency_keys WHERE (user_id, route, request_key) IN (SELECT user_id, route, request_key FROM "
            "idempotency_keys WHERE expires_at_ms <= ? ORDER BY expires_at_ms LIMIT ?)",
            "DELETE FROM idempotency_keys WHERE expires_at_ms <= ? ORDER BY expires_at_ms LIMIT ?"}};
constexpr db::Statement k_forget{"idempotency.forget_user", "DELETE FROM idempotency_keys WHERE user_id = ?"};
constexpr db::Statement k_forget_about{"idempotency.forget_about", "DELETE FROM idempotency_keys WHERE about_user_id = ?"};

db::Query<std::uint64_t> insert(const RequestKey& key, std::string answer, int status, EpochMs now, std::int64_t about_user_id = 0) {
    return k_keep.affected({.user_id = key.user_id,
                            .route = key.route,
                            .request_key = key.key,
                            .fingerprint = key.fingerprint,
                            .status = status,
                            .answer = std::move(answer),
                            .expires_at_ms = now + k_kept_ms,
                            .about_user_id = about_user_id == 0 ? std::nullopt : std::optional{about_user_id}});
}

} // namespace

void keep_json(db::Transaction& tx, const Origin& origin, std::string answer, int status, EpochMs now, std::int64_t about_user_id) {
    if (!origin.request_key) return;
    tx.defer(insert(*origin.request_key, std::move(answer), status, now, about_user_id));
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
    auto known = co_await db_.get(k_find.first(fresh->user_id, fresh->route, fresh->key));
    if (known && known->expires_at_ms > now) {
        if (known->fingerprint != fresh->fingerprint) co_return Mismatch{};
        co_return Stored{.status = known->status, .body = std::move(known->answer)};
    }
    if (known) co_await db_.execute(k_drop, fresh->user_id, fresh->route, fresh->key, now);
    co_return Fresh{std::move(fresh)};
}

http::Task<void> Store::finish(std::shared_ptr<RequestKey> key, Stored answer) {
    if (key->kept) co_return;
    // Repeats still get the stored answer, but a crash or a concurrent repeat at this moment is not covered.
    log::error("an idempotent route does not keep its answer in its transaction", {{"route", std::string_view{key->route}}});
    try {
        co_await db_.get(insert(*key, std::move(answer.body), answer.status, clock_.now_ms()));
    } catch (const db::ConstraintError&) { // the concurrent request's answer stays
    }
}

db::Task<std::uint64_t> delete_expired(db::Database& database, EpochMs now, std::function<bool()> may_go_on) {
    return db::delete_in_steps(database, std::move(may_go_on), k_delete_expired, now);
}

void forget_user(db::Transaction& tx, std::int64_t user_id) {
    tx.defer(k_forget, user_id);
    tx.defer(k_forget_about, user_id);
}

} // namespace focus::idempotency
