#include "features/admin/usage_keeper.hpp"

#include "features/admin/usage_sums.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace focus::admin {

namespace {

constexpr int k_rows_at_once = 500;
constexpr std::chrono::milliseconds k_patience{300};

constexpr db::Statement k_append{"usage_changes.append", "INSERT INTO usage_changes (user_id, day, app_key, app_name, app_category, "
                                                         "total_ms, activities, users) VALUES (?, ?, ?, ?, ?, ?, ?, 0)"};
// The user's day has n activities now and had n - change before.
#define FOCUS_DAY_COUNT "COALESCE((SELECT sessions FROM usage_days WHERE user_id = ? AND day = ?), 0)"
constexpr db::Statement k_append_first{"usage_changes.append_first",
                                       "INSERT INTO usage_changes (user_id, day, app_key, app_name, app_category, total_ms, activities, "
                                       "users) SELECT ?, ?, ?, ?, ?, ?, ?, (" FOCUS_DAY_COUNT " > 0) - (" FOCUS_DAY_COUNT " > ?)"};

constexpr db::Statement k_any{"usage_changes.any", "SELECT id FROM usage_changes LIMIT 1"};
constexpr db::Statement k_next{"usage_changes.next",
                               "SELECT id, user_id, day, app_key, app_name, app_category, total_ms, activities, users "
                               "FROM usage_changes ORDER BY id LIMIT ?"};
constexpr db::Statement k_sums{"service_days.sums", "SELECT COALESCE(SUM(total_ms), 0), COALESCE(SUM(activities), 0) FROM service_days"};
constexpr db::Statement k_day{"service_days.find", "SELECT activities, users FROM service_days WHERE day = ?"};
constexpr db::Statement k_days{"service_days.since",
                               "SELECT day, total_ms, activities, users FROM service_days WHERE day >= ? ORDER BY day"};
constexpr db::Statement k_users_since{"last_use_days.since",
                                      "SELECT COALESCE(SUM(users), 0) FROM last_use_days WHERE app_key = ? AND day >= ?"};
constexpr db::Statement k_apps{"service_apps.top", "SELECT app_key, SUM(total_ms), SUM(activities) FROM service_apps WHERE day >= ? AND "
                                                   "day <= ? GROUP BY app_key HAVING SUM(activities) > 0 "
                                                   "ORDER BY SUM(total_ms) DESC, app_key LIMIT ?"};
constexpr db::Statement k_app_name{"service_apps.name", "SELECT app_name, app_category FROM service_apps WHERE app_key = ? AND day <= ? "
                                                        "AND activities > 0 ORDER BY day DESC LIMIT 1"};
constexpr db::Statement k_app_time{"service_apps.time",
                                   "SELECT COALESCE(SUM(total_ms), 0) FROM service_apps WHERE day >= ? AND day < ? AND app_key = ?"};
constexpr db::Statement k_top_users{"user_totals.top",
                                    "SELECT user_id, total_ms, activities FROM user_totals ORDER BY total_ms DESC, user_id DESC LIMIT ?"};

constexpr db::Statement k_last_uses_of{"last_uses.of_user", "SELECT app_key, day FROM last_uses WHERE user_id = ?"};
constexpr db::Statement k_drop_last_uses{"last_uses.drop", "DELETE FROM last_uses WHERE user_id = ?"};
constexpr db::Statement k_drop_total{"user_totals.drop", "DELETE FROM user_totals WHERE user_id = ?"};

Day day_of(std::string_view text) { return Day::parse(text).value_or(Day{}); }

} // namespace

void UsageKeeper::append(db::Transaction& tx, const activities::Recorded& recorded) {
    std::map<DayApp, AppSum> apps;
    std::map<Day, std::int64_t> days; // change of the number of activities
    const auto count = [&](const activities::Record& record, int sign) {
        apps[{record.activity_date, record.app_key}].add(record.app_name, record.app_category, sign * record.duration_minutes.ms, sign);
        days[record.activity_date] += sign;
    };
    for (const auto& change : recorded.changes) {
        if (change.before) count(*change.before, -1);
        if (change.after) count(*change.after, +1);
    }
    const auto user_id = recorded.caller.user_id;
    std::vector<db::Values> others;
    for (const auto& [key, sum] : apps) {
        const auto day = key.first.to_string();
        const auto counted = days.find(key.first);
        if (counted != days.end()) { // the day's first row tells whether the user came or went
            tx.defer(k_append_first, user_id, day, key.second, sum.app_name, sum.app_category, sum.ms, sum.activities, user_id, day,
                     user_id, day, counted->second);
            days.erase(counted);
        } else {
            others.push_back(db::values_of(user_id, day, key.second, sum.app_name, sum.app_category, sum.ms, sum.activities));
        }
    }
    defer_all(tx, k_append, std::move(others));
}

db::Task<bool> UsageKeeper::fold_step() {
    if ((co_await db_.execute(k_any)).rows.empty()) co_return false; // looking holds nobody up
    co_return co_await db_.transaction([](db::Transaction& tx) -> db::Task<bool> {
        std::vector<db::Command> commands;
        commands.push_back(take_turn_command());
        commands.push_back(db::Command::of(k_next, k_rows_at_once));
        const auto results = co_await tx.run(std::move(commands));
        const Step step{results.at(1)};
        if (step.ids.empty()) co_return false;
        co_await move_last_uses(tx, step);
        add_sums(tx, step);
        tx.defer(db::Command::composed("usage_changes.drop", "DELETE FROM usage_changes WHERE id IN (" + db::places(step.ids.size()) + ")",
                                       step.ids));
        co_return step.ids.size() == k_rows_at_once;
    });
}

db::Task<void> UsageKeeper::fold(std::function<bool()> may_go_on) {
    while (may_go_on()) {
        if (!co_await fold_step()) break;
    }
}

db::Task<void> UsageKeeper::fold_quickly() {
    const auto until = std::chrono::steady_clock::now() + k_patience;
    co_await fold([until] { return std::chrono::steady_clock::now() < until; });
}

db::Task<ServiceTotals> UsageKeeper::totals(Day today) {
    std::vector<db::Command> commands;
    commands.push_back(db::Command::of(k_sums));
    commands.push_back(db::Command::of(k_day, today.to_string()));
    commands.push_back(db::Command::of(k_users_since, k_any_app, today.plus(-6).to_string()));
    commands.push_back(db::Command::of(k_users_since, k_any_app, today.plus(-29).to_string()));
    const auto results = co_await db_.run(std::move(commands));
    const auto& sums = results.at(0).rows.at(0);
    ServiceTotals totals{.total_ms = sums.get<std::int64_t>(0), .activities = sums.get<std::int64_t>(1)};
    if (const auto& rows = results.at(1).rows; !rows.empty()) {
        totals.activities_today = rows.front().get<std::int64_t>(0);
        totals.users_today = rows.front().get<std::int64_t>(1);
    }
    totals.users_week = results.at(2).rows.at(0).get<std::int64_t>(0);
    totals.users_month = results.at(3).rows.at(0).get<std::int64_t>(0);
    co_return totals;
}

db::Task<std::vector<ServiceDay>> UsageKeeper::days(Day first) {
    const auto result = co_await db_.execute(k_days, first.to_string());
    std::vector<ServiceDay> days;
    for (const auto& row : result.rows) {
        days.push_back({.day = day_of(row.get<std::string_view>(0)),
                        .total_ms = row.get<std::int64_t>(1),
                        .activities = row.get<std::int64_t>(2),
                        .users = row.get<std::int64_t>(3)});
    }
    co_return days;
}

db::Task<std::vector<ServiceApp>> UsageKeeper::apps(Day today, int days, std::int64_t limit) {
    const auto first = today.plus(1 - days).to_string();
    const auto top = co_await db_.execute(k_apps, first, today.to_string(), limit);
    std::vector<ServiceApp> apps;
    std::vector<db::Command> commands;
    for (const auto& row : top.rows) {
        const auto key = row.get<std::string>(0);
        apps.push_back({.app_name = key, .total_ms = row.get<std::int64_t>(1), .activities = row.get<std::int64_t>(2)});
        commands.push_back(db::Command::of(k_app_name, key, today.to_string()));
        commands.push_back(db::Command::of(k_users_since, key, first));
        commands.push_back(db::Command::of(k_app_time, today.plus(1 - 2 * days).to_string(), first, key));
    }
    if (apps.empty()) co_return apps;
    const auto results = co_await db_.run(std::move(commands));
    for (std::size_t i = 0; i < apps.size(); ++i) {
        if (const auto& names = results.at(3 * i).rows; !names.empty()) {
            apps[i].app_name = names.front().get<std::string>(0);
            apps[i].app_category = names.front().get<std::string>(1);
        }
        apps[i].users = results.at(3 * i + 1).rows.at(0).get<std::int64_t>(0);
        apps[i].before_ms = results.at(3 * i + 2).rows.at(0).get<std::int64_t>(0);
    }
    co_return apps;
}

db::Task<std::vector<UserTotal>> UsageKeeper::top_users(std::int64_t limit) {
    const auto result = co_await db_.execute(k_top_users, limit);
    std::vector<UserTotal> top;
    for (const auto& row : result.rows) top.push_back({row.get<std::int64_t>(0), row.get<std::int64_t>(1), row.get<std::int64_t>(2)});
    co_return top;
}

db::Task<void> UsageKeeper::forget(std::int64_t user_id) {
    co_await db_.transaction([user_id](db::Transaction& tx) -> db::Task<void> {
        std::vector<db::Command> commands;
        commands.push_back(take_turn_command());
        commands.push_back(db::Command::of(k_last_uses_of, user_id));
        const auto results = co_await tx.run(std::move(commands));
        LastDayChanges changes;
        for (const auto& row : results.at(1).rows) --changes[{row.get<std::string>(0), day_of(row.get<std::string_view>(1))}];
        add_last_days(tx, changes);
        tx.defer(k_drop_last_uses, user_id);
        tx.defer(k_drop_total, user_id);
    });
}

} // namespace focus::admin
