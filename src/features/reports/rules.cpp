#include "features/reports/rules.hpp"

#include <algorithm>

namespace focus::reports::rules {

Streaks streaks(const std::vector<activities::DayTotal>& days, std::optional<std::int64_t> limit_ms, Day today) {
    Streaks streaks;
    std::int64_t running = 0;
    std::optional<Day> before;
    for (const auto& entry : days) {
        const auto day = entry.date.value;
        if (day > today) break;
        const bool good = !limit_ms || entry.total_time.ms <= *limit_ms;
        const bool in_a_row = before && day.since(*before) == 1;
        running = good ? (in_a_row ? running : 0) + 1 : 0;
        streaks.longest = std::max(streaks.longest, running);
        before = day;
    }
    if (before && today.since(*before) <= 1) streaks.current = running;
    return streaks;
}

} // namespace focus::reports::rules
