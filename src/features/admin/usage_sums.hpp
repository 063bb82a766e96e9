// Writes the sums over all users' activities: for the fold (usage_keeper) and for a recount (usage_recount).
// Always holds: they are written in a transaction that has taken the turn, so one at a time.
#pragma once

#include "core/base/days.hpp"
#include "core/db/query.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace focus::admin {

inline constexpr std::string_view k_any_app; // in last_uses

/// A row of usage_changes.
struct Change {
    std::int64_t id = 0;
    std::int64_t user_id = 0;
    Day day;
    std::string app_key;
    std::string app_name;
    std::string app_category;
    std::int64_t total_ms = 0;
    std::int64_t activities = 0;
    std::int64_t users = 0;
};
/// What was used on a day: a row of service_days.
struct ServiceDay {
    Day day;
    std::int64_t total_ms = 0;
    std::int64_t activities = 0;
    std::int64_t users = 0;
};
/// A row of user_totals.
struct UserTotal {
    std::int64_t user_id = 0;
    std::int64_t total_ms = 0;
    std::int64_t activities = 0;
};

/// What a transaction or a step changes, added up so that each row is written once.
struct AppSum {
    std::string app_name;
    std::string app_category;
    std::int64_t ms = 0;
    std::int64_t activities = 0;

    void add(std::string_view name, std::string_view category, std::int64_t by_ms, std::int64_t by) {
        app_name = name;
        app_category = category;
        ms += by_ms;
        activities += by;
    }
};
struct DaySum {
    std::int64_t ms = 0;
    std::int64_t activities = 0;
    std::int64_t users = 0;
};
using DayApp = std::pair<Day, std::string>;
using UserApp = std::pair<std::int64_t, std::string>;

/// The rows of one step of the fold.
struct Step {
    std::vector<db::Value> ids;
    std::map<Day, DaySum> days;
    std::map<DayApp, AppSum> apps;
    std::map<std::int64_t, DaySum> users;
    std::map<UserApp, Day> last_uses; // the newest day on which a use was added

    Step() = default;
    explicit Step(const std::vector<Change>& changes) {
        for (const auto& change : changes) add(change);
    }

  private:
    void add(const Change& change);
};

/// No other transaction folds or recounts until this one ends.
[[nodiscard]] db::Query<std::uint64_t> take_turn();
/// Moves the users of the step to their new last days.
db::Task<void> move_last_uses(db::Transaction& tx, const Step& step);
/// Adds the days, apps and users of the step. Rows whose values become 0 are deleted.
void add_sums(db::Transaction& tx, const Step& step);
/// How many more or fewer users had an app's last use on a day.
using LastDayChanges = std::map<std::pair<std::string, Day>, std::int64_t>;
void add_last_days(db::Transaction& tx, const LastDayChanges& changes);

} // namespace focus::admin
