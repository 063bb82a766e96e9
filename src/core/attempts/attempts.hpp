// Limits attempts at what can be guessed: some are free, then each must wait twice as long as the one before.
// Owns the table `attempts`, which all instances share. Always holds: an attempt is counted before it is known if it
// is right, so many at once gain nothing; keys are keyed hashes, so the table identifies no user.
#pragma once

#include "core/base/clock.hpp"
#include "core/db/database.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace focus::attempts {

/// How many wrong attempts are allowed, and how fast.
struct Patience {
    int free = 5;                        // attempts without a wait
    EpochMs first_wait_ms = k_second_ms; // doubles with each attempt
    EpochMs longest_wait_ms = 15 * k_minute_ms;
    EpochMs memory_ms = k_day_ms; // so long after the last attempt the count expires
};

/// How long to wait after the `wrong`-th attempt in a row (≥ 1) before the next one.
[[nodiscard]] EpochMs wait_after(const Patience& patience, int wrong) noexcept;

/// What is attempted, and by which client.
struct Limit {
    std::string key; // any text, "login user@example.org 203.0.113.9"; stored as a keyed hash
    Patience patience;
};

/// An attempt that was counted, under the hashed keys of its limits.
struct Try {
    std::string own;
    std::string shared; // empty: that limit did not count
};

class Guard {
  public:
    struct Options {
        std::string hash_key; // 32 bytes
        bool enabled = true;  // else every attempt is admitted
    };
    Guard(db::Database& database, const Clock& clock, Options options) : db_{database}, clock_{clock}, options_{std::move(options)} {}

    /// Counts an attempt as wrong. Throws 429 `rate_limited` with Retry-After, and counts nothing, when it is too early.
    /// A second limit is shared with unknown clients and counts only while the own key isn't trusted: they can use up the
    /// shared limit, but not block a client that was right from here before.
    /// `admit` is called for an attempt that is not too early, with whether the own key is trusted, before any write:
    /// what it throws refuses the attempt.
    db::Task<Try> begin(Limit own, std::optional<Limit> shared = std::nullopt, std::function<void(bool is_trusted)> admit = {});
    /// Whether one more is within the limit; counts it if so. For limits that no client is notified of.
    db::Task<bool> take(db::Transaction& tx, Limit limit);

    /// Ends a right attempt: the own key starts at zero, trusted until `trusted_until`; the shared count drops by one.
    void succeed(db::Transaction& tx, const Try& attempt, EpochMs trusted_until = 0) const;
    /// The attempt was never checked: it does not count.
    db::Task<void> take_back(Try attempt);
    /// Trusts a key without an attempt, because its owner has been authenticated otherwise.
    void trust(db::Transaction& tx, std::string_view key, EpochMs until) const;

    /// Deletes what has expired in steps; gives the number of deleted rows.
    static db::Task<std::uint64_t> delete_expired(db::Database& database, EpochMs now, std::function<bool()> may_go_on = {});

  private:
    [[nodiscard]] std::string hash_of(std::string_view key) const;
    struct Counted {
        EpochMs wait_ms = 0; // more than 0: refused
        bool is_shared = false;
    };
    db::Task<Counted> count(db::Transaction& tx, std::vector<Limit> limits);

    db::Database& db_;
    const Clock& clock_;
    Options options_;
};

} // namespace focus::attempts
