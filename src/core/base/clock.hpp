// Where "now" comes from. Everything that depends on the calendar takes a Clock, so that tests can set it.
// Time-outs and intervals inside the process use std::chrono::steady_clock, never this.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace focus {

/// Milliseconds since 1970-01-01T00:00:00Z, the form in which every instant is stored.
using EpochMs = std::int64_t;

inline constexpr EpochMs k_second_ms = 1000;
inline constexpr EpochMs k_minute_ms = 60 * k_second_ms;
inline constexpr EpochMs k_hour_ms = 60 * k_minute_ms;
inline constexpr EpochMs k_day_ms = 24 * k_hour_ms;

/// The system's clock, which no test sets: for what several processes compare, such as leases.
[[nodiscard]] inline EpochMs system_now_ms() noexcept {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// The system's clock plus an offset that tests (and `POST /dev/clock` in development) may set. Safe from any thread.
class Clock {
  public:
    [[nodiscard]] EpochMs now_ms() const noexcept {
        const auto frozen = frozen_ms_.load(std::memory_order_relaxed);
        return frozen != 0 ? frozen : system_now_ms() + offset_ms_.load(std::memory_order_relaxed);
    }
    /// Sets the clock to `now`, from where it runs on.
    void run_from(EpochMs now) noexcept {
        frozen_ms_ = 0;
        offset_ms_ = now - system_now_ms();
    }
    /// Stops the clock at `now` (unit tests).
    void freeze(EpochMs now) noexcept { frozen_ms_ = now; }

  private:
    std::atomic<EpochMs> offset_ms_{0};
    std::atomic<EpochMs> frozen_ms_{0};
};

} // namespace focus
