// Streaks: days in a row with data and within the daily limit. Without I/O.
#pragma once

#include "features/activities/types.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace focus::reports::rules {

struct Streaks {
    std::int64_t current = 0;
    std::int64_t longest = 0;
};

/// `days` are those with data, ascending. Without a limit every day with data counts. A today without data yet neither
/// breaks nor extends the current streak; days after today (the user moved west) are left out.
[[nodiscard]] Streaks streaks(const std::vector<activities::DayTotal>& days, std::optional<std::int64_t> limit_ms, Day today);

} // namespace focus::reports::rules
