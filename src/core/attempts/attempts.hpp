// Tries of what can be guessed: some are free, then each has to wait twice as long as the one before.
// Owns the table `attempts`, which all instances share. Always holds: a try is counted before anybody knows whether it
// is right, so many at once gain nothing; keys are keyed hashes, so the table names nobody.
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

/// How often one may be wrong.
struct Patience {
    int free = 5;                        // tries without a wait
    EpochMs first_wait_ms = k_second_ms; // doubles from try to try
    EpochMs longest_wait_ms = 15 * k_minute_ms;
    EpochMs memory_ms = k_day_ms; // after the last try all is forgotten
};

/// How long to wait after the `wrong`-th try in a row (≥ 1) before the next one.
[[nodiscard]] EpochMs wait_after(const Patience& patience, int wrong) noexcept;

/// What is tried by whom.
struct Limit {
    std::string key; // any text, "login user@example.org 203.0.113.9"; stored as a keyed hash
    Patience patience;
};

/// A try that was counted, under the hashed keys of its limits.
struct Try {
    std::string own;
    std::string shared; // empty: that limit did not count
};

class Guard {
  public:
    struct Options {
        std::string hash_key; // 32 bytes
        bool enabled = true;  // else every try is welcome
    };
    Guard(db::Database& database, const Clock& clock, Options options) : db_{database}, clock_{clock}, options_{std::move(options)} {}

    /// Counts a try as wrong. Throws 429 `rate_limited` with Retry-After when it comes too early; then nothing is counted.
    /// A second limit is shared with strangers and counts only while the own key isn't trusted: strangers can use up what
    /// they share, but not keep out who was right from here before.
    /// `admit` is called for a try that is not too early, with whether the own key is trusted, before anything is written:
    /// what it throws refuses the try.
    db::Task<Try> begin(Limit own, std::optional<Limit> shared = std::nullopt, std::function<void(bool is_trusted)> admit = {});
    /// Whether one more is within the limit; counts it if so. For limits of which nobody is told.
    db::Task<bool> take(db::Transaction& tx, Limit limit);

    /// The try was right: the own key starts anew and is trusted until `trusted_until`, the shared one gets the try back.
    void succeed(db::Transaction& tx, const Try& attempt, EpochMs trusted_until = 0) const;
    /// The try was never judged: it does not count.
    db::Task<void> take_back(Try attempt);
    /// Trusts a key without a try, because its owner has proved himself otherwise.
    void trust(db::Transaction& tx, std::string_view key, EpochMs until) const;

    /// Deletes what has expired in steps; gives how many rows went.
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
