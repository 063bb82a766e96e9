// The SQL of the roll-ups `usage_apps`, `usage_totals`, `usage_days`, `usage_hours` and of `app_settings`. What it costs
// to read them depends on days and apps, never on how many activities there are.
#pragma once

#include "core/db/database.hpp"
#include "features/activities/rules.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace focus::activities::repository {

/// Queues the changes of the roll-ups. Rows that fall to nothing are deleted.
void apply(db::Transaction& tx, std::int64_t user_id, const rules::Delta& delta);

/// What one day's statistics are made of.
struct DayParts {
    std::vector<rules::UsageRow> apps;
    std::vector<std::pair<int, std::int64_t>> hours; // hour, ms
    std::int64_t previous_ms = 0;
    rules::AppSettings settings;
};
db::Task<DayParts> day_parts(db::Session& session, std::int64_t user_id, Day day);

/// What the statistics of the days from `first` to `last` are made of.
struct PeriodParts {
    std::vector<rules::UsageRow> apps;
    std::vector<rules::DayUsage> days; // those with data, also of as many days before; ascending
    rules::AppSettings settings;
};
db::Task<PeriodParts> period_parts(db::Session& session, std::int64_t user_id, Day first, Day last);

/// One app over all time, with its days from `since` on.
struct AppParts {
    std::vector<rules::UsageRow> rows; // empty: never recorded
    std::optional<Day> first_used;
    std::optional<Day> last_used;
    std::vector<rules::DayUsage> days;
    rules::AppSettings settings;
};
db::Task<AppParts> app_parts(db::Session& session, std::int64_t user_id, std::string_view app_key, Day since);
/// The folded name of the app that the user calls so.
db::Task<std::optional<std::string>> app_called(db::Session& session, std::int64_t user_id, std::string_view display_key);

/// Every app that was ever recorded.
struct AppsParts {
    std::vector<rules::UsageRow> rows;
    std::vector<std::pair<Day, Day>> used; // first and last day of each row
    rules::AppSettings settings;
};
db::Task<AppsParts> apps_parts(db::Session& session, std::int64_t user_id);
void save_setting(db::Transaction& tx, std::int64_t user_id, std::string_view app_key, const rules::AppSetting& setting, EpochMs now);
void forget_settings(db::Transaction& tx, std::int64_t user_id);
/// Adds a user's sums per device to those without one.
void merge_devices(db::Transaction& tx, std::int64_t user_id);

/// All of a user's days with data, ascending.
db::Task<std::vector<rules::DayUsage>> all_days(db::Session& session, std::int64_t user_id);

} // namespace focus::activities::repository
