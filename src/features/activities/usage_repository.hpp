// The SQL of the roll-ups `usage_apps`, `usage_totals`, `usage_days`, `usage_hours` and of `app_settings`. What it costs
// to read them depends on days and apps, never on how many activities there are; and the rows that come back are bounded:
// what sums up many runs in the database, off the threads that serve requests.
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

/// Queues the changes of the roll-ups. Rows that fall to nothing are deleted.
void apply(db::Transaction& tx, std::int64_t user_id, const rules::Delta& delta);

/// All roll-up rows of a user, or what is missing in each of them: here each table stands for itself.
struct RollUps {
    std::map<rules::Delta::AppKey, rules::Delta::AppChange> apps;
    std::map<rules::Delta::AppKey, rules::Delta::AppChange> totals; // `day` of the key means nothing
    std::map<Day, rules::Delta::DayChange> days;
    std::map<std::pair<Day, int>, std::int64_t> hours;
};
[[nodiscard]] RollUps roll_ups_of(const rules::Delta& delta);
db::Task<RollUps> stored_roll_ups(db::Session& session, std::int64_t user_id);
/// Queues the changes as the other apply() does.
void apply(db::Transaction& tx, std::int64_t user_id, const RollUps& changes);

inline constexpr std::int64_t k_max_day_apps = 500;   // that a day's statistics name
inline constexpr std::int64_t k_max_period_apps = 10; // that the statistics of some days name
inline constexpr std::int64_t k_max_categories = 100; // that statistics name
inline constexpr std::int64_t k_max_days = 5000;      // that streaks are made of

/// The apps with most of the time, and what the user has set for them.
struct Usage {
    std::vector<rules::UsageRow> rows;
    rules::AppSettings settings;
};
/// What holds of all, also of what is not named.
struct Sums {
    std::int64_t apps = 0;
    std::int64_t total_ms = 0;
    std::int64_t sessions = 0;
};

/// What one day's statistics are made of.
struct DayParts {
    Usage apps;
    Sums sums;
    std::vector<rules::UsageRow> categories;           // as the user counts them; only category and time
    std::vector<std::pair<int, std::int64_t>> hours{}; // hour, ms
    std::int64_t previous_ms = 0;
};
db::Task<DayParts> day_parts(db::Session& session, std::int64_t user_id, Day day);

/// What the statistics of the days from `first` to `last` are made of.
struct PeriodParts {
    Usage apps;
    std::int64_t apps_used = 0;
    std::vector<rules::UsageRow> categories;
    std::vector<rules::DayUsage> days; // those with data, also of as many days before; ascending
};
db::Task<PeriodParts> period_parts(db::Session& session, std::int64_t user_id, Day first, Day last);

/// One app's days from `since` on.
db::Task<std::vector<rules::DayUsage>> app_days(db::Session& session, std::int64_t user_id, std::string_view app_key, Day since);
/// The folded name of the app that the user calls so.
db::Task<std::optional<std::string>> app_called(db::Session& session, std::int64_t user_id, std::string_view display_key);

/// Some of the apps that were ever recorded.
struct AppsPage {
    Usage usage;
    std::map<std::string, std::pair<Day, Day>, std::less<>> used; // first and last day, by folded name
    std::int64_t whole_ms = 0;                                    // of all apps
    Sums sums{};                                                  // of all apps (of top_apps)
    std::optional<std::string> next{};                            // what `after` is for the next page (of apps_after)
};
/// One app; without rows: never recorded.
db::Task<AppsPage> app(db::Session& session, std::int64_t user_id, std::string_view app_key);
/// Most used first.
db::Task<AppsPage> top_apps(db::Session& session, std::int64_t user_id, std::int64_t skip, std::int64_t limit);
/// By folded name; a page costs the same wherever it is.
db::Task<AppsPage> apps_after(db::Session& session, std::int64_t user_id, std::string_view after, std::int64_t limit);
void save_setting(db::Transaction& tx, std::int64_t user_id, std::string_view app_key, const rules::AppSetting& setting, EpochMs now);
void forget_settings(db::Transaction& tx, std::int64_t user_id);
/// Adds a user's sums per device to those without one.
void merge_devices(db::Transaction& tx, std::int64_t user_id);

/// A user's latest days with data, ascending.
db::Task<std::vector<rules::DayUsage>> latest_days(db::Session& session, std::int64_t user_id);

/// Which of the days hold more than k_max_apps_a_day apps, and how many. Runs after apply().
[[nodiscard]] db::Query<std::map<Day, std::int64_t>> crowded_days(db::Dialect dialect, std::int64_t user_id, const std::set<Day>& days);
/// The apps of these days that came with the delta (after apply()).
db::Task<std::set<rules::Delta::AppKey>> new_apps(db::Session& session, std::int64_t user_id, const rules::Delta& delta,
                                                  std::map<Day, std::int64_t> days);

} // namespace focus::activities::repository
