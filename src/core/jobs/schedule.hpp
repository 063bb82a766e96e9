// When a job is due: at a fixed interval, or at the minutes of a cron expression. Pure arithmetic, in UTC.
#pragma once

#include "core/base/clock.hpp"

#include <bitset>
#include <chrono>
#include <string_view>
#include <variant>

namespace focus::jobs {

class Schedule {
  public:
    /// At the multiples of `interval` since 1970-01-01T00:00Z, so that all instances agree on the instants.
    [[nodiscard]] static Schedule every(std::chrono::milliseconds interval);
    /// "minute hour day-of-month month day-of-week" (crontab(5)): numbers, *, lists, ranges and steps; 0 and 7 are Sunday;
    /// when both kinds of day are restricted, either is enough. Throws std::invalid_argument for anything else, and for
    /// a date that never comes.
    [[nodiscard]] static Schedule cron(std::string_view expression);

    /// The first due instant after `at`.
    [[nodiscard]] EpochMs next_after(EpochMs at) const;

  private:
    struct Interval {
        EpochMs length_ms;
    };
    struct Cron {
        std::bitset<60> minutes;
        std::bitset<24> hours;
        std::bitset<32> days;     // 1–31
        std::bitset<13> months;   // 1–12
        std::bitset<7> weekdays;  // 0 = Sunday
        bool any_day = false;     // the day of the month is *
        bool any_weekday = false; // the day of the week is *

        [[nodiscard]] bool matches(std::chrono::sys_days at) const;
        [[nodiscard]] EpochMs next_after(EpochMs at) const; // 0: never
    };
    explicit Schedule(std::variant<Interval, Cron> rule) : rule_{rule} {}

    std::variant<Interval, Cron> rule_;
};

} // namespace focus::jobs
