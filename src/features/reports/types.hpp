// The types of the reports module: a user's numbers over all modules.
#pragma once

#include "core/json/json.hpp"
#include "features/activities/types.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace focus::reports {

struct UserStats {
    json::Minutes total_time_minutes;
    std::int64_t activities_count = 0;
    std::int64_t apps_used = 0;
    std::int64_t challenges_participated = 0;
    std::int64_t challenges_won = 0;
    std::optional<std::string> most_used_app;
    activities::Daily today;
    activities::Period this_week;
    std::optional<double> progress_vs_limit;
    std::int64_t current_streak_days = 0;
    std::int64_t longest_streak_days = 0;

    static constexpr json::FieldDoc k_docs[] = {
        {"this_week", "The 7 days that end today"},
        {"progress_vs_limit", "Percent of the daily limit used today; null without a limit"},
        {"current_streak_days", "Days in a row with data and within the daily limit; today counts once it has data"},
    };
};

} // namespace focus::reports
