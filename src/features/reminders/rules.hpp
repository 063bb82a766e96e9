// When the automatic mails are due and how they format values. No I/O.
#pragma once

#include "core/base/days.hpp"
#include "core/base/text.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace focus::reminders {

enum class Kind { daily_reminder, weekly_summary };

namespace rules {

inline constexpr int k_summary_minute = 8 * 60; // on Mondays
inline constexpr int k_inactive_days = 30;      // after so long without data there are no mails

/// The first instant after `after` at which the mail is due. `reminder_minute` is the user's reminder_time.
[[nodiscard]] EpochMs next_due(Kind kind, Zone zone, int reminder_minute, EpochMs after);
/// A missed mail is sent late, until the next one is due.
[[nodiscard]] bool is_stale(Kind kind, Zone zone, int reminder_minute, EpochMs due, EpochMs now);

/// "−12 %", "+3 %"; empty when the value before was 0.
[[nodiscard]] std::string format_change(std::int64_t now_ms, std::int64_t before_ms);
/// "16 to 22 November", "30 novembre au 6 décembre".
[[nodiscard]] std::string format_period(Day first, Day last, Language language);

/// One day with data.
struct DayTotal {
    Day day;
    std::int64_t ms = 0;
};
/// How many days in a row, up to `last`, have data within the limit (any data without one). `days` ascend; those before
/// `from` are not known: `is_open` says that the streak may be longer.
struct Streak {
    int days = 0;
    bool is_open = false;
};
[[nodiscard]] Streak streak(const std::vector<DayTotal>& days, Day from, Day last, std::optional<std::int64_t> limit_ms);

} // namespace rules
} // namespace focus::reminders
