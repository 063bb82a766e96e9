#include "features/admin/usage_sums.hpp"

#include <algorithm>

namespace focus::admin {

namespace {

constexpr db::Statement k_take_turn{"fold_turn.take", "UPDATE fold_turn SET turn = turn + 1 WHERE id = 1"};
constexpr db::Statement k_last_use{"last_uses.find", "SELECT day FROM last_uses WHERE user_id = ? AND app_key = ?"};

constexpr db::Statement k_add_day{
    "service_days.add",
    db::Sql{"INSERT INTO service_days (day, total_ms, activities, users) VALUES (?, ?, ?, ?) ON CONFLICT (day) DO UPDATE SET "
            "total_ms = total_ms + excluded.total_ms, activities = activities + excluded.activities, users = users + excluded.users",
            "INSERT INTO service_days (day, total_ms, activities, users) VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE "
            "total_ms = total_ms + VALUES(total_ms), activities = activities + VALUES(activities), users = users + VALUES(users)"}};
constexpr db::Statement k_add_app{
    "service_apps.add",
    db::Sql{"INSERT INTO service_apps (day, app_key, app_name, app_category, total_ms, activities) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (app_key, day) DO UPDATE SET app_name = excluded.app_name, app_category = excluded.app_category, "
            "total_ms = total_ms + excluded.total_ms, activities = activities + excluded.activities",
            "INSERT INTO service_apps (day, app_key, app_name, app_category, total_ms, activities) VALUES (?, ?, ?, ?, ?, ?) "
            "ON DUPLICATE KEY UPDATE app_name = VALUES(app_name), app_category = VALUES(app_category), "
            "total_ms = total_ms + VALUES(total_ms), activities = activities + VALUES(activities)"}};
constexpr db::Statement k_add_user{
    "user_totals.add",
    db::Sql{"INSERT INTO user_totals (user_id, total_ms, activities) VALUES (?, ?, ?) ON CONFLICT (user_id) DO UPDATE SET "
            "total_ms = total_ms + excluded.total_ms, activities = activities + excluded.activities",
            "INSERT INTO user_totals (user_id, total_ms, activities) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE "
            "total_ms = total_ms + VALUES(total_ms), activities = activities + VALUES(activities)"}};
constexpr db::Statement k_set_last_use{
    "last_uses.set", db::Sql{"INSERT INTO last_uses (user_id, app_key, day) VALUES (?, ?, ?) ON CONFLICT (user_id, app_key) DO UPDATE SET "
                             "day = excluded.day",
                             "INSERT INTO last_uses (user_id, app_key, day) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE day = VALUES(day)"}};
constexpr db::Statement k_add_last_day{
    "last_use_days.add",
    db::Sql{"INSERT INTO last_use_days (app_key, day, users) VALUES (?, ?, ?) ON CONFLICT (app_key, day) DO UPDATE SET "
            "users = users + excluded.users",
            "INSERT INTO last_use_days (app_key, day, users) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE users = users + VALUES(users)"}};

// A row that says nothing any more goes: the name of an app that only deleted accounts used would stay in it.
constexpr db::Statement k_drop_empty_day{"service_days.drop_empty",
                                         "DELETE FROM service_days WHERE day = ? AND total_ms = 0 AND activities = 0 AND users = 0"};
constexpr db::Statement k_drop_empty_app{"service_apps.drop_empty",
                                         "DELETE FROM service_apps WHERE day = ? AND app_key = ? AND total_ms = 0 AND activities = 0"};
constexpr db::Statement k_drop_empty_last{"last_use_days.drop_empty",
                                          "DELETE FROM last_use_days WHERE app_key = ? AND day = ? AND users = 0"};

Day day_of(std::string_view text) { return Day::parse(text).value_or(Day{}); }

} // namespace

void Step::add(const db::Row& row) {
    ids.push_back(row.at(0));
    const auto user_id = row.get<std::int64_t>(1);
    const auto day = day_of(row.get<std::string_view>(2));
    const auto app_key = row.get<std::string>(3);
    const auto ms = row.get<std::int64_t>(6);
    const auto activities = row.get<std::int64_t>(7);
    auto& sum = days[day];
    sum.ms += ms;
    sum.activities += activities;
    sum.users += row.get<std::int64_t>(8);
    apps[{day, app_key}].add(row.get<std::string_view>(4), row.get<std::string_view>(5), ms, activities);
    auto& own = users[user_id];
    own.ms += ms;
    own.activities += activities;
    if (activities <= 0) return;
    for (const auto& key : {std::string{k_any_app}, app_key}) {
        auto& last = last_uses[{user_id, key}];
        last = std::max(last, day);
    }
}

db::Command take_turn_command() { return db::Command::of(k_take_turn); }

void defer_all(db::Transaction& tx, const db::Statement& statement, std::vector<db::Values> rows) {
    if (rows.empty()) return;
    for (auto& command : db::for_rows(tx.dialect(), statement, std::move(rows))) tx.defer(std::move(command));
}

db::Task<void> move_last_uses(db::Transaction& tx, const Step& step) {
    if (step.last_uses.empty()) co_return;
    std::vector<db::Command> commands;
    for (const auto& [key, day] : step.last_uses) commands.push_back(db::Command::of(k_last_use, key.first, key.second));
    const auto found = co_await tx.run(std::move(commands));
    LastDayChanges moves;
    std::vector<db::Values> newest;
    std::size_t at = 0;
    for (const auto& [key, day] : step.last_uses) {
        const auto& rows = found.at(at++).rows;
        if (!rows.empty()) {
            const auto before = day_of(rows.front().get<std::string_view>(0));
            if (before >= day) continue;
            --moves[{key.second, before}];
        }
        ++moves[{key.second, day}];
        newest.push_back(db::values_of(key.first, key.second, day.to_string()));
    }
    defer_all(tx, k_set_last_use, std::move(newest));
    add_last_days(tx, moves);
}

void add_sums(db::Transaction& tx, const Step& step) {
    std::vector<db::Values> days;
    for (const auto& [day, sum] : step.days) days.push_back(db::values_of(day.to_string(), sum.ms, sum.activities, sum.users));
    std::vector<db::Values> apps;
    for (const auto& [key, sum] : step.apps)
        apps.push_back(db::values_of(key.first.to_string(), key.second, sum.app_name, sum.app_category, sum.ms, sum.activities));
    std::vector<db::Values> users;
    for (const auto& [user_id, sum] : step.users) users.push_back(db::values_of(user_id, sum.ms, sum.activities));
    defer_all(tx, k_add_day, std::move(days));
    defer_all(tx, k_add_app, std::move(apps));
    defer_all(tx, k_add_user, std::move(users));
    for (const auto& [day, sum] : step.days)
        if (sum.activities <= 0) tx.defer(k_drop_empty_day, day.to_string());
    for (const auto& [key, sum] : step.apps)
        if (sum.activities <= 0) tx.defer(k_drop_empty_app, key.first.to_string(), key.second);
}

void add_last_days(db::Transaction& tx, const LastDayChanges& changes) {
    std::vector<db::Values> rows;
    for (const auto& [key, change] : changes)
        if (change != 0) rows.push_back(db::values_of(key.first, key.second.to_string(), change));
    defer_all(tx, k_add_last_day, std::move(rows));
    for (const auto& [key, change] : changes)
        if (change < 0) tx.defer(k_drop_empty_last, key.first, key.second.to_string());
}

} // namespace focus::admin
