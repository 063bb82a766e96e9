#include "features/reminders/rules.hpp"

#include "core/base/month_names.hpp"

#include <cmath>
#include <format>

namespace focus::reminders::rules {

namespace {

std::string day_number(std::chrono::year_month_day date, Language language) {
    const auto number = static_cast<unsigned>(date.day());
    return language == Language::fr && number == 1 ? "1er" : std::to_string(number);
}

} // namespace

EpochMs next_due(Kind kind, Zone zone, int reminder_minute, EpochMs after) {
    const int minute = kind == Kind::daily_reminder ? reminder_minute : k_summary_minute;
    for (auto day = zone.day_of(after);; day = day.plus(1)) {
        if (kind == Kind::weekly_summary && day.weekday() != 0) continue;
        const auto at = zone.at(day, minute);
        if (at > after) return at;
    }
}

bool is_stale(Kind kind, Zone zone, int reminder_minute, EpochMs due, EpochMs now) {
    return next_due(kind, zone, reminder_minute, due) <= now;
}

std::string format_change(std::int64_t now_ms, std::int64_t before_ms) {
    if (before_ms == 0) return "";
    const auto percent = std::llround(static_cast<double>(now_ms - before_ms) * 100.0 / static_cast<double>(before_ms));
    if (percent == 0) return "±0 %";
    return std::format("{}{} %", percent < 0 ? "−" : "+", std::abs(percent));
}

std::string format_period(Day first, Day last, Language language) {
    const std::chrono::year_month_day from{first.value};
    const std::chrono::year_month_day to{last.value};
    const auto month = [language](std::chrono::year_month_day date) {
        return k_month_names.at(static_cast<unsigned>(date.month()) - 1).in(language);
    };
    const auto start =
        from.month() == to.month() ? day_number(from, language) : std::format("{} {}", day_number(from, language), month(from));
    return std::format("{} {} {} {}", start, Text{"to", "au"}.in(language), day_number(to, language), month(to));
}

Streak streak(const std::vector<DayTotal>& days, Day from, Day last, std::optional<std::int64_t> limit_ms) {
    Streak streak;
    auto expected = last;
    for (auto day = days.rbegin(); day != days.rend(); ++day) {
        if (day->day != expected || (limit_ms && day->ms > *limit_ms)) return streak;
        ++streak.days;
        expected = expected.plus(-1);
    }
    streak.is_open = expected < from;
    return streak;
}

} // namespace focus::reminders::rules
