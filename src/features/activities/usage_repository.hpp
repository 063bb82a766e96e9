// The SQL of the roll-ups `usage_apps`, `usage_totals`, `usage_days`, `usage_hours` and of `app_settings`. The cost of
// reading them depends on days and apps, not on the number of activities; and the result rows are bounded: sums over
// many rows run in the database, not in the threads that serve requests.
#pragma once

#include "core/db/query.hpp"
#include "features/activities/rules.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace focus::activities::repository {

/// Queues the changes of the roll-ups. Rows that become empty are deleted.
void apply(db::Transaction& tx, std::int64_t user_id, const rules::Delta& delta);

/// All roll-up rows of a user, or the difference of each: here each table is independent of the others.
struct RollUps {
    std::map<rules::Delta::AppKey, rules::Delta::AppChange> apps;
    std::map<rules::Delta::AppKey, rules::Delta::AppChange> totals; // `day` of the key is not used
    std::map<Day, rules::Delta::DayChange> days;
    std::map<std::pair<Day, int>, std::int64_t> hours;
};
[[nodiscard]] RollUps roll_ups_of(const rules::Delta& delta);
db::Task<RollUps> stored_roll_ups(db::Session& session, std::int64_t user_id);
/// Queues the changes as the other apply() does.
void apply(db::Transaction& tx, std::int64_t user_id, const RollUps& changes);

inline constexpr std::int64_t k_max_day_apps = 500;   // in the statistics of a day
inline constexpr std::int64_t k_max_period_apps = 10; // in the statistics of some days
inline constexpr std::int64_t k_max_categories = 100; // in any statistics
inline constexpr std::int64_t k_max_days = 5000;      // from which streaks are computed

/// The apps with most of the time, and the user's settings for them.
struct Usage {
    std::vector<rules::UsageRow> rows;
    rules::AppSettings settings;
};
/// Sums over all apps, including those that are not listed.
struct Sums {
    std::int64_t apps = 0;
    std::int64_t total_ms = 0;
    std::int64_t sessions = 0;
};

/// The data of one day's statistics.
struct DayParts {
    Usage apps;
    Sums sums;
    std::vector<rules::UsageRow> categories;           // by the user's settings; only category and time
    std::vector<std::pair<int, std::int64_t>> hours{}; // hour, ms
    std::int64_t previous_ms = 0;
};
db::Task<DayParts> day_parts(db::Session& session, std::int64_t user_id, Day day);

/// The data of the statistics of the days from `first` to `last`.
struct PeriodParts {
    Usage apps;
    std::int64_t apps_used = 0;
    std::vector<rules::UsageRow> categories;
    std::vector<rules::DayUsage> days; // those with data, also of as many days before; ascending
};
db::Task<PeriodParts> period_parts(db::Session& session, std::int64_t user_id, Day first, Day last);

/// One app's days from `since` on.
db::Task<std::vector<rules::DayUsage>> app_days(db::Session& session, std::int64_t user_id, std::string_view app_key, Day since);
/// The folded name of the app to which the user gave this name.
db::Task<std::optional<std::string>> app_called(db::Session& session, std::int64_t user_id, std::string_view display_key);

/// Some of the recorded apps.
struct AppsPage {
    Usage usage;
    std::map<std::string, std::pair<Day, Day>, std::less<>> used; // first and last day, by folded name
    std::int64_t whole_ms = 0;                                    // of all apps
    Sums sums{};                                                  // of all apps (of top_apps)
    std::optional<std::string> next{};                            // `after` for the next page (of apps_after)
};
/// One app; without rows: never recorded.
db::Task<AppsPage> app(db::Session& session, std::int64_t user_id, std::string_view app_key);
/// Most used first.
db::Task<AppsPage> top_apps(db::Session& session, std::int64_t user_id, std::int64_t skip, std::int64_t limit);
/// By folded name; each page costs the same.
db::Task<AppsPage> apps_after(db::Session& session, std::int64_t user_id, std::string_view after, std::int64_t limit);
void save_setting(db::Transaction& tx, std::int64_t user_id, std::string_view app_key, const rules::AppSetting& setting, EpochMs now);
void forget_settings(db::Transaction& tx, std::int64_t user_id);
/// Adds a user's sums per device to those without one.
void merge_devices(db::Transaction& tx, std::int64_t user_id);

/// A user's latest days with data, ascending.
db::Task<std::vector<rules::DayUsage>> latest_days(db::Session& session, std::int64_t user_id);

/// Which of the days hold more than k_max_apps_a_day apps, and how many. Runs after apply().
[[nodiscard]] db::Query<std::map<Day, std::int64_t>> crowded_days(db::Dialect dialect, std::int64_t user_id, const std::set<Day>& days);
/// The apps of these days that the delta added (after apply()).
db::Task<std::set<rules::Delta::AppKey>> new_apps(db::Session& session, std::int64_t user_id, const rules::Delta& delta,
                                                  std::map<Day, std::int64_t> days);

} // namespace focus::activities::repository
