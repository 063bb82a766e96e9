// Idempotency-Key, exactly once: the answer is a row that the transaction with the effect inserts itself (keep), under a
// unique key. Owns the table `idempotency_keys`; answers are kept 24 h per user and route.
// Always holds: the effect and its answer are committed together or not at all. So a repeat after a crash finds the
// answer or does the work; of two concurrent requests one inserts the row, the other's insert fails, which undoes its
// effect, and it gets the first answer. There are no leases, and nothing is cleaned up after a crash.
#pragma once

#include "core/base/caller.hpp"
#include "core/base/clock.hpp"
#include "core/db/database.hpp"
#include "core/http/idempotency.hpp"
#include "core/json/json.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace focus::idempotency {

inline constexpr EpochMs k_kept_ms = 24 * k_hour_ms;

/// Queues the row with the answer in the transaction of its effect. Does nothing for a request without a key.
/// `about_user_id`: the account that the answer describes, if not the caller's; the row is deleted with that account.
void keep_json(db::Transaction& tx, const Origin& origin, std::string answer, int status, EpochMs now, std::int64_t about_user_id = 0);

/// Every service method behind a route that is declared `idempotent` calls this at the end of its transaction, with
/// exactly the answer of the route.
template <class T>
void keep(db::Transaction& tx, const Origin& origin, const T& answer, EpochMs now, int status = 201, std::int64_t about_user_id = 0) {
    if (origin.request_key) keep_json(tx, origin, json::write(answer), status, now, about_user_id);
}

class Store final : public http::IdempotencyStore {
  public:
    /// `hash_key` keys the fingerprints: a body may hold a password, and its plain hash could be guessed.
    Store(db::Database& database, const Clock& clock, std::string hash_key)
        : db_{database}, clock_{clock}, hash_key_{std::move(hash_key)} {}

    http::Task<Found> find(Request request) override;
    http::Task<void> finish(std::shared_ptr<RequestKey> key, Stored answer) override;

  private:
    db::Database& db_;
    const Clock& clock_;
    std::string hash_key_;
};

/// Deletes expired answers in steps; returns how many.
db::Task<std::uint64_t> delete_expired(db::Database& database, EpochMs now, std::function<bool()> may_go_on = {});
/// Deletes the answers for and about a user whose account is deleted.
void forget_user(db::Transaction& tx, std::int64_t user_id);

} // namespace focus::idempotency
