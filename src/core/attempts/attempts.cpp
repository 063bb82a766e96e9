#include "core/attempts/attempts.hpp"

#include "core/base/error.hpp"
#include "core/crypto/crypto.hpp"
#include "core/db/query.hpp"

#include <algorithm>
#include <vector>

namespace focus::attempts {

namespace {

// Also locks the row, before it is read.
constexpr db::Statement k_make{
    "attempts.make",
    {.sqlite = "INSERT INTO attempts (attempt_key, wrong, next_at_ms, trusted_until_ms, expires_at_ms) VALUES (?, 0, 0, 0, ?) "
               "ON CONFLICT DO NOTHING",
     .mysql = "INSERT INTO attempts (attempt_key, wrong, next_at_ms, trusted_until_ms, expires_at_ms) VALUES (?, 0, 0, 0, ?) "
              "ON DUPLICATE KEY UPDATE attempt_key = attempt_key"}};
struct State {
    int wrong = 0;
    EpochMs next_at_ms = 0;
    EpochMs trusted_until_ms = 0;
    EpochMs expires_at_ms = 0;
};
constexpr auto k_read = db::select<State>("attempts.read", "SELECT * FROM attempts WHERE attempt_key = ?");
constexpr auto k_count = db::update<State>("attempts.count", "attempts", "WHERE attempt_key = ?");
constexpr db::Statement k_succeed{
    "attempts.succeed", "UPDATE attempts SET wrong = 0, next_at_ms = 0, trusted_until_ms = ?, expires_at_ms = ? WHERE attempt_key = ?"};
constexpr db::Statement k_take_back{
    "attempts.take_back",
    "UPDATE attempts SET wrong = CASE WHEN wrong > 0 THEN wrong - 1 ELSE 0 END, next_at_ms = 0 WHERE attempt_key = ?"};
constexpr db::Statement k_delete_expired{
    "attempts.delete_expired",
    {.sqlite = "DELETE FROM attempts WHERE attempt_key IN (SELECT attempt_key FROM attempts WHERE expires_at_ms < ? ORDER BY "
               "expires_at_ms LIMIT ?)",
     .mysql = "DELETE FROM attempts WHERE expires_at_ms < ? ORDER BY expires_at_ms LIMIT ?"}};

constexpr int k_most_counted = 1'000'000; // more makes no difference

/// Reads the limits' states; what is not there or has expired starts at zero.
class Reads {
  public:
    void add(db::Batch& batch, std::string_view key) { rows_.push_back(batch.add(k_read.first(key))); }
    [[nodiscard]] std::vector<State> states(EpochMs now) const {
        std::vector<State> states;
        for (const auto& row : rows_) states.push_back(*row && (*row)->expires_at_ms > now ? **row : State{});
        return states;
    }

  private:
    std::vector<db::Answer<std::optional<State>>> rows_;
};

/// When the next attempt may be, by those limits that count.
EpochMs next_at(const std::vector<State>& states, EpochMs now) {
    EpochMs at = states.front().next_at_ms;
    if (states.size() > 1 && states.front().trusted_until_ms <= now) at = std::max(at, states.back().next_at_ms);
    return at;
}

Error too_many(EpochMs wait_ms) {
    const auto seconds = static_cast<int>((wait_ms + k_second_ms - 1) / k_second_ms);
    return Error{k_rate_limited.saying(
                     {"Too many tries. Please wait a while and try again.", "Trop d'essais. Veuillez patienter avant de réessayer."})}
        .retry_after(seconds);
}

} // namespace

EpochMs wait_after(const Patience& patience, int wrong) noexcept {
    if (wrong < patience.free) return 0;
    EpochMs wait = patience.first_wait_ms;
    for (int i = patience.free; i < wrong && wait < patience.longest_wait_ms; ++i) wait *= 2;
    return std::min(wait, patience.longest_wait_ms);
}

std::string Guard::hash_of(std::string_view key) const { return crypto::base64url_encode(crypto::hmac_sha256(options_.hash_key, key)); }

db::Task<Try> Guard::begin(Limit own, std::optional<Limit> shared, std::function<void(bool is_trusted)> admit) {
    if (!options_.enabled) {
        if (admit) admit(false);
        co_return Try{};
    }
    std::vector<Limit> limits;
    limits.push_back(std::move(own));
    if (shared) limits.push_back(std::move(*shared));
    std::vector<std::string> keys;
    for (const auto& limit : limits) keys.push_back(hash_of(limit.key));
    db::Batch batch;
    Reads reads;
    for (const auto& key : keys) reads.add(batch, key);
    co_await batch.run(db_); // read first: an attempt that has to wait costs no write
    const auto now = clock_.now_ms();
    const auto states = reads.states(now);
    if (const auto at = next_at(states, now); at > now) throw too_many(at - now);
    if (admit) admit(states.front().trusted_until_ms > now);
    const auto counted = co_await db_.transaction([&](db::Transaction& tx) -> db::Task<Counted> { co_return co_await count(tx, limits); });
    if (counted.wait_ms > 0) throw too_many(counted.wait_ms);
    co_return Try{.own = keys.front(), .shared = counted.is_shared ? keys.back() : std::string{}};
}

db::Task<Guard::Counted> Guard::count(db::Transaction& tx, std::vector<Limit> limits) {
    const auto now = clock_.now_ms();
    std::vector<std::string> keys;
    db::Batch batch;
    Reads reads;
    for (const auto& limit : limits) {
        keys.push_back(hash_of(limit.key));
        (void)batch.add(db::affected(k_make, keys.back(), now + limit.patience.memory_ms));
    }
    for (const auto& key : keys) reads.add(batch, key);
    co_await batch.run(tx);
    auto states = reads.states(now);
    if (const auto at = next_at(states, now); at > now) co_return Counted{.wait_ms = at - now};
    if (states.front().trusted_until_ms > now) states.resize(1); // what unknown clients share does not count
    for (std::size_t i = 0; i < states.size(); ++i) {
        const auto& patience = limits[i].patience;
        const auto wrong = std::min(states[i].wrong + 1, k_most_counted);
        const auto trusted_until = states[i].trusted_until_ms;
        const auto wait = wait_after(patience, wrong);
        const auto next_at_ms = wait > 0 ? now + wait : 0; // a clock that is set back adds no wait
        const auto expires_at_ms = std::max(now + patience.memory_ms, trusted_until);
        tx.defer(k_count.affected({wrong, next_at_ms, trusted_until, expires_at_ms}, keys[i]));
    }
    co_return Counted{.is_shared = states.size() > 1};
}

db::Task<bool> Guard::take(db::Transaction& tx, Limit limit) {
    if (!options_.enabled) co_return true;
    std::vector<Limit> limits;
    limits.push_back(std::move(limit));
    const auto counted = co_await count(tx, std::move(limits));
    co_return counted.wait_ms == 0;
}

void Guard::succeed(db::Transaction& tx, const Try& attempt, EpochMs trusted_until) const {
    if (attempt.own.empty()) return;
    tx.defer(k_succeed, trusted_until, std::max(trusted_until, clock_.now_ms()), attempt.own);
    if (!attempt.shared.empty()) tx.defer(k_take_back, attempt.shared);
}

db::Task<void> Guard::take_back(Try attempt) {
    if (attempt.own.empty()) co_return;
    co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
        tx.defer(k_take_back, attempt.own);
        if (!attempt.shared.empty()) tx.defer(k_take_back, attempt.shared);
        co_return;
    });
}

void Guard::trust(db::Transaction& tx, std::string_view key, EpochMs until) const {
    if (!options_.enabled) return;
    tx.defer(k_make, hash_of(key), until);
    tx.defer(k_succeed, until, until, hash_of(key));
}

db::Task<std::uint64_t> Guard::delete_expired(db::Database& database, EpochMs now, std::function<bool()> may_go_on) {
    return db::delete_in_steps(database, std::move(may_go_on), k_delete_expired, now);
}

} // namespace focus::attempts
