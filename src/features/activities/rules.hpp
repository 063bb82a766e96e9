// The arithmetic of activities and their roll-ups, without I/O.
// Always holds: what add() adds to a Delta, add() with the opposite sign subtracts to the millisecond.
#pragma once

#include "features/activities/types.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace focus::activities::rules {

/// The changes of roll-ups caused by changes of rows, summed so that each roll-up row is written once.
class Delta {
  public:
    struct AppKey {
        Day day;
        std::string app_key;
        std::string app_package;
        std::string app_category;
        std::string device_type;
        auto operator<=>(const AppKey&) const = default;
    };
    struct AppChange {
        std::string app_name;
        std::int64_t ms = 0;
        std::int64_t sessions = 0;
    };
    struct DayChange {
        std::int64_t ms = 0;
        std::int64_t sessions = 0;
    };
    /// Over all days; `day` of the key is not used.
    [[nodiscard]] std::map<AppKey, AppChange> totals() const;

    [[nodiscard]] static AppKey key_of(const Record& record);
    /// The days that receive activities.
    [[nodiscard]] std::set<Day> grown_days() const;

    /// Adds (+1) or subtracts (-1) the row.
    void add(const Record& record, int sign);

    [[nodiscard]] const std::map<AppKey, AppChange>& apps() const noexcept { return apps_; }
    [[nodiscard]] const std::map<Day, DayChange>& days() const noexcept { return days_; }
    [[nodiscard]] const std::map<std::pair<Day, int>, std::int64_t>& hours() const noexcept { return hours_; }

  private:
    std::map<AppKey, AppChange> apps_;
    std::map<Day, DayChange> days_;
    std::map<std::pair<Day, int>, std::int64_t> hours_;
};

/// Distributes a duration over the hours of [start, end): evenly over the time, each part rounded so that they add up
/// exactly. An interval of length zero adds all to its hour.
struct HourShare {
    Day day;
    int hour;
    std::int64_t ms;
};
[[nodiscard]] std::vector<HourShare> spread(std::int64_t duration_ms, EpochMs start, EpochMs end, Zone zone);

/// part / whole in percent, rounded to two decimals; 0 when whole is 0.
[[nodiscard]] double percent(std::int64_t part, std::int64_t whole);
/// The change from `before` to `now` in percent, rounded to two decimals; nothing when `before` is 0.
[[nodiscard]] std::optional<double> change_percent(std::int64_t now, std::int64_t before);

/// `ms` in minutes, divided by `parts`, rounded to two decimals; 0 for no parts.
[[nodiscard]] double average_minutes(std::int64_t ms, std::int64_t parts);

/// One roll-up row as it is stored, or the sum of several of one app, package and category.
struct UsageRow {
    std::string app_key;
    std::string app_name;
    std::string app_package;
    std::string app_category;
    std::int64_t total_ms = 0;
    std::int64_t sessions = 0;
};
/// What a user set for an app: its displayed name and category.
struct AppSetting {
    std::optional<std::string> display_name;
    std::optional<std::string> app_category;
};
using AppSettings = std::map<std::string, AppSetting, std::less<>>; // by folded name
/// Replaces names and categories of the rows by those that the user has set.
void customise(std::vector<UsageRow>& rows, const AppSettings& settings);

/// Per app (by folded name), most used first, then by name. Name, package and category are those with most of the time.
/// Percentages are of `whole_ms`, or of the rows' sum without it.
[[nodiscard]] std::vector<AppUsage> by_app(const std::vector<UsageRow>& rows, std::optional<std::int64_t> whole_ms = {});
/// Per category, most used first, then by name.
[[nodiscard]] std::vector<CategoryUsage> by_category(const std::vector<UsageRow>& rows, std::optional<std::int64_t> whole_ms = {});

/// What was used on a day.
struct DayUsage {
    Day day;
    std::int64_t total_ms = 0;
    std::int64_t sessions = 0;
};
/// Each of the days from `first` to `last` with its time, 0 where nothing was used. `days` ascends.
[[nodiscard]] std::vector<DayTotal> breakdown(const std::vector<DayUsage>& days, Day first, Day last);

} // namespace focus::activities::rules
