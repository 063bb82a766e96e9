// The arithmetic of activities and their roll-ups, without I/O.
// Always holds: what add() put into a Delta, add() with the opposite sign takes out again to the millisecond.
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

/// The changes of the roll-ups that some changes of rows make, added up so that each roll-up row is written once.
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
    /// Over all days; `day` of the key means nothing.
    [[nodiscard]] std::map<AppKey, AppChange> totals() const;

    [[nodiscard]] static AppKey key_of(const Record& record);
    /// The days to which activities come.
    [[nodiscard]] std::set<Day> grown_days() const;

    /// Counts the row in (+1) or out (-1).
    void add(const Record& record, int sign);

    [[nodiscard]] const std::map<AppKey, AppChange>& apps() const noexcept { return apps_; }
    [[nodiscard]] const std::map<Day, DayChange>& days() const noexcept { return days_; }
    [[nodiscard]] const std::map<std::pair<Day, int>, std::int64_t>& hours() const noexcept { return hours_; }

  private:
    std::map<AppKey, AppChange> apps_;
    std::map<Day, DayChange> days_;
    std::map<std::pair<Day, int>, std::int64_t> hours_;
};

/// How a duration spreads over the hours of [start, end): evenly over the time, each part rounded so that they add up
/// exactly. A zero-length interval puts everything into its hour.
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

/// `ms` in minutes, shared out over `parts`, rounded to two decimals; 0 for no parts.
[[nodiscard]] double average_minutes(std::int64_t ms, std::int64_t parts);

/// One roll-up row as it is stored, or several of one app, package and category added up.
struct UsageRow {
    std::string app_key;
    std::string app_name;
    std::string app_package;
    std::string app_category;
    std::int64_t total_ms = 0;
    std::int64_t sessions = 0;
};
/// What a user made of an app: its name and category for him.
struct AppSetting {
    std::optional<std::string> display_name;
    std::optional<std::string> app_category;
};
using AppSettings = std::map<std::string, AppSetting, std::less<>>; // by folded name
/// Gives the rows the names and categories that the user has set.
void customise(std::vector<UsageRow>& rows, const AppSettings& settings);

/// Per app (by folded name), most used first, then by name. Name, package and category are those with most of the time.
/// Percentages are of `whole_ms`, without it of the rows' sum.
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
