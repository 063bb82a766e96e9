// Whether the clock can be trusted for expiry: after a leap (a wrong clock, a suspended machine, a stopped service)
// nothing is deleted until the new time has held for an hour.
// Owns the table `clock_marks`: the last trusted time, and the one on trial. Always holds: an instance with a wrong
// clock changes nothing for the others, as long as one of them agrees with the last trusted time.
#pragma once

#include "core/base/clock.hpp"
#include "core/db/database.hpp"

#include <chrono>
#include <optional>

namespace focus::jobs {

inline constexpr EpochMs k_leap_ms = k_hour_ms;     // less is no leap
inline constexpr EpochMs k_trial_ms = k_hour_ms;    // how long a new time must hold
inline constexpr EpochMs k_trial_step_ms = 600'000; // the longest time between two looks at it
inline constexpr std::chrono::seconds k_look_every{60};

class ClockGuard {
  public:
    ClockGuard(db::Database& database, const Clock& clock) : db_{database}, clock_{clock} {}

    /// The clock's distance from the last trusted time, when it is more than k_leap_ms; else 0.
    db::Task<EpochMs> leap();
    /// Stores the time once a minute, and at once when the clock has leapt.
    db::Task<void> note();
    /// From now on `now` is trusted: the clock is set on purpose (tests, development).
    db::Task<void> trust(EpochMs now);

  private:
    using Steady = std::chrono::steady_clock;

    db::Database& db_;
    const Clock& clock_;
    std::optional<Steady::time_point> noted_at_;
    EpochMs noted_ms_ = 0;
};

} // namespace focus::jobs
