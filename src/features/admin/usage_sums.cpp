#include "features/admin/usage_sums.hpp"

#include <algorithm>

namespace focus::admin {

namespace {

constexpr db::Statement k_take_turn{"fold_turn.take", "UPDATE fold_turn SET turn = turn + 1 WHERE id = 1"};
constexpr auto k_last_use = db::select<Day>("last_uses.find", "SELECT day FROM last_uses WHERE user_id = ? AND app_key = ?");

constexpr auto k_add_day = db::insert<ServiceDay>(
    "service_days.add", "service_days", {},
    " ON CONFLICT (day) DO UPDATE SET total_ms = total_ms + excluded.total_ms, activities = activities + excluded.activities, "
    "users = users + excluded.users",
    " ON DUPLICATE KEY UPDATE total_ms = total_ms + VALUES(total_ms), activities = activities + VALUES(activities), "
    "users = users + VALUES(users)");

struct ServiceAppRow {
    Day day;
    std::string app_key;
    std::string app_name;
    std::string app_category;
    std::int64_t total_ms = 0;
    std::int64_t activities = 0;
};
constexpr auto k_add_app = db::insert<ServiceAppRow>(
    "service_apps.add", "service_apps", {},
    " ON CONFLICT (app_key, day) DO UPDATE SET app_name = excluded.app_name, app_category = excluded.app_category, "
    "total_ms = total_ms + excluded.total_ms, activities = activities + excluded.activities",
    " ON DUPLICATE KEY UPDATE app_name = VALUES(app_name), app_category = VALUES(app_category), "
    "total_ms = total_ms + VALUES(total_ms), activities = activities + VALUES(activities)");

constexpr auto k_add_user = db::insert<UserTotal>(
    "user_totals.add", "user_totals", {},
    " ON CONFLICT (user_id) DO UPDATE SET total_ms = total_ms + excluded.total_ms, activities = activities + excluded.activities",
    " ON DUPLICATE KEY UPDATE total_ms = total_ms + VALUES(total_ms), activities = activities + VALUES(activities)");

struct LastUse {
    std::int64_t user_id = 0;
    std::string app_key;
    Day day;
};
constexpr auto k_set_last_use =
    db::insert<LastUse>("last_uses.set", "last_uses", {}, " ON CONFLICT (user_id, app_key) DO UPDATE SET day = excluded.day",
                        " ON DUPLICATE KEY UPDATE day = VALUES(day)");

struct LastUseDay {
    std::string app_key;
    Day day;
    std::int64_t users = 0;
};
constexpr auto k_add_last_day = db::insert<LastUseDay>("last_use_days.add", "last_use_days", {},
                                                       " ON CONFLICT (app_key, day) DO UPDATE SET users = users + excluded.users",
                                                       " ON DUPLICATE KEY UPDATE users = users + VALUES(users)");

// An empty row is deleted: otherwise it would keep the name of an app that only deleted accounts used.
constexpr db::Statement k_drop_empty_day{"service_days.drop_empty",
                                         "DELETE FROM service_days WHERE day = ? AND total_ms = 0 AND activities = 0 AND users = 0"};
constexpr db::Statement k_drop_empty_app{"service_apps.drop_empty",
                                         "DELETE FROM service_apps WHERE day = ? AND app_key = ? AND total_ms = 0 AND activities = 0"};
constexpr db::Statement k_drop_empty_last{"last_use_days.drop_empty",
                                          "DELETE FROM last_use_days WHERE app_key = ? AND day = ? AND users = 0"};

} // namespace

void Step::add(const Change& change) {
    ids.emplace_back(change.id);
    auto& sum = days[change.day];
    sum.ms += change.total_ms;
    sum.activities += change.activities;
    sum.users += change.users;
    apps[{change.day, change.app_key}].add(change.app_name, change.app_category, change.total_ms, change.activities);
    auto& own = users[change.user_id];
    own.ms += change.total_ms;
    own.activities += change.activities;
    if (change.activities <= 0) return;
    for (const auto& key : {std::string{k_any_app}, change.app_key}) {
        auto& last = last_uses[{change.user_id, key}];
        last = std::max(last, change.day);
    }
}

db::Query<std::uint64_t> take_turn() { return db::affected(k_take_turn); }

db::Task<void> move_last_uses(db::Transaction& tx, const Step& step) {
    db::Batch batch;
    std::vector<db::Answer<std::optional<Day>>> known;
    for (const auto& [key, day] : step.last_uses) known.push_back(batch.add(k_last_use.first(key.first, key.second)));
    co_await batch.run(tx);
    LastDayChanges moves;
    std::vector<LastUse> newest;
    std::size_t at = 0;
    for (const auto& [key, day] : step.last_uses) {
        if (const auto before = *known[at++]) {
            if (*before >= day) continue;
            --moves[{key.second, *before}];
        }
        ++moves[{key.second, day}];
        newest.push_back({key.first, key.second, day});
    }
    db::defer_all(tx, k_set_last_use.rows(tx.dialect(), newest));
    add_last_days(tx, moves);
}

void add_sums(db::Transaction& tx, const Step& step) {
    std::vector<ServiceDay> days;
    for (const auto& [day, sum] : step.days) days.push_back({day, sum.ms, sum.activities, sum.users});
    std::vector<ServiceAppRow> apps;
    for (const auto& [key, sum] : step.apps)
        apps.push_back({key.first, key.second, sum.app_name, sum.app_category, sum.ms, sum.activities});
    std::vector<UserTotal> users;
    for (const auto& [user_id, sum] : step.users) users.push_back({user_id, sum.ms, sum.activities});
    db::defer_all(tx, k_add_day.rows(tx.dialect(), days));
    db::defer_all(tx, k_add_app.rows(tx.dialect(), apps));
    db::defer_all(tx, k_add_user.rows(tx.dialect(), users));
    for (const auto& [day, sum] : step.days)
        if (sum.activities <= 0) tx.defer(k_drop_empty_day, day.to_string());
    for (const auto& [key, sum] : step.apps)
        if (sum.activities <= 0) tx.defer(k_drop_empty_app, key.first.to_string(), key.second);
}

void add_last_days(db::Transaction& tx, const LastDayChanges& changes) {
    std::vector<LastUseDay> rows;
    for (const auto& [key, change] : changes)
        if (change != 0) rows.push_back({key.first, key.second, change});
    db::defer_all(tx, k_add_last_day.rows(tx.dialect(), rows));
    for (const auto& [key, change] : changes)
        if (change < 0) tx.defer(k_drop_empty_last, key.first, key.second.to_string());
}

} // namespace focus::admin
