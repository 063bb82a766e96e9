#include "features/admin/usage_keeper.hpp"

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
constexpr db::SqlText k_day_count{"COALESCE((SELECT sessions FROM usage_days WHERE user_id = ? AND day = ?), 0)"};
constexpr auto k_append_first_sql =
    "INSERT INTO usage_changes (user_id, day, app_key, app_name, app_category, total_ms, activities, users) SELECT ?, ?, ?, ?, ?, ?, ?, (" +
    k_day_count + " > 0) - (" + k_day_count + " > ?)";
constexpr db::Statement k_append_first{"usage_changes.append_first", k_append_first_sql};

constexpr auto k_any = db::select<std::int64_t>("usage_changes.any", "SELECT id FROM usage_changes LIMIT 1");
constexpr auto k_next = db::select<Change>("usage_changes.next", "SELECT * FROM usage_changes ORDER BY id LIMIT ?");

struct Sums {
    std::int64_t total_ms = 0;
    std::int64_t activities = 0;
};
constexpr auto k_sums = db::select<Sums>("service_days.sums", "SELECT COALESCE(SUM(total_ms), 0) AS total_ms, "
                                                              "COALESCE(SUM(activities), 0) AS activities FROM service_days");

struct DayUse {
    std::int64_t activities = 0;
    std::int64_t users = 0;
};
constexpr auto k_day = db::select<DayUse>("service_days.find", "SELECT * FROM service_days WHERE day = ?");
constexpr auto k_days = db::select<ServiceDay>("service_days.since", "SELECT * FROM service_days WHERE day >= ? ORDER BY day");
constexpr auto k_users_since =
    db::select<std::int64_t>("last_use_days.since", "SELECT COALESCE(SUM(users), 0) FROM last_use_days WHERE app_key = ? AND day >= ?");

struct TopApp {
    std::string app_key;
    std::int64_t sum_ms = 0;
    std::int64_t sum_activities = 0;
};
constexpr auto k_apps = db::select<TopApp>(
    "service_apps.top", "SELECT app_key, SUM(total_ms) AS sum_ms, SUM(activities) AS sum_activities FROM service_apps WHERE day >= ? AND "
                        "day <= ? GROUP BY app_key HAVING SUM(activities) > 0 ORDER BY SUM(total_ms) DESC, app_key LIMIT ?");

struct AppName {
    std::string app_name;
    std::string app_category;
};
constexpr auto k_app_name = db::select<AppName>(
    "service_apps.name", "SELECT * FROM service_apps WHERE app_key = ? AND day <= ? AND activities > 0 ORDER BY day DESC LIMIT 1");
constexpr auto k_app_time = db::select<std::int64_t>(
    "service_apps.time", "SELECT COALESCE(SUM(total_ms), 0) FROM service_apps WHERE day >= ? AND day < ? AND app_key = ?");
constexpr auto k_top_users =
    db::select<UserTotal>("user_totals.top", "SELECT * FROM user_totals ORDER BY total_ms DESC, user_id DESC LIMIT ?");

struct LastUse {
    std::string app_key;
    Day day;
};
constexpr auto k_last_uses_of = db::select<LastUse>("last_uses.of_user", "SELECT * FROM last_uses WHERE user_id = ?");
constexpr db::Statement k_drop_last_uses{"last_uses.drop", "DELETE FROM last_uses WHERE user_id = ?"};
constexpr db::Statement k_drop_total{"user_totals.drop", "DELETE FROM user_totals WHERE user_id = ?"};

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
        if (counted != days.end()) { // the day's first row says whether the number of users changes
            tx.defer(k_append_first, user_id, day, key.second, sum.app_name, sum.app_category, sum.ms, sum.activities, user_id, day,
                     user_id, day, counted->second);
            days.erase(counted);
        } else {
            others.push_back(db::values_of(user_id, day, key.second, sum.app_name, sum.app_category, sum.ms, sum.activities));
        }
    }
    db::defer_all(tx, db::for_rows(tx.dialect(), k_append, std::move(others)));
}

db::Task<bool> UsageKeeper::fold_step() {
    if (!co_await db_.get(k_any.exists())) co_return false; // this read locks nothing
    co_return co_await db_.transaction([](db::Transaction& tx) -> db::Task<bool> {
        const auto [turns, changes] = co_await tx.all(take_turn(), k_next.all(k_rows_at_once));
        const Step step{changes};
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
    const auto [sums, day, week, month] =
        co_await db_.all(k_sums.one(), k_day.first(today.to_string()), k_users_since.one(k_any_app, today.plus(-6).to_string()),
                         k_users_since.one(k_any_app, today.plus(-29).to_string()));
    co_return ServiceTotals{.total_ms = sums.total_ms,
                            .activities = sums.activities,
                            .activities_today = day ? day->activities : 0,
                            .users_today = day ? day->users : 0,
                            .users_week = week,
                            .users_month = month};
}

db::Task<std::vector<ServiceDay>> UsageKeeper::days(Day first) { return db_.get(k_days.all(first.to_string())); }

db::Task<std::vector<ServiceApp>> UsageKeeper::apps(Day today, int days, std::int64_t limit) {
    const auto first = today.plus(1 - days).to_string();
    const auto top = co_await db_.get(k_apps.all(first, today.to_string(), limit));
    struct Answers {
        db::Answer<std::optional<AppName>> name;
        db::Answer<std::int64_t> users;
        db::Answer<std::int64_t> before_ms;
    };
    db::Batch batch;
    std::vector<Answers> answers;
    for (const auto& app : top) {
        answers.push_back({batch.add(k_app_name.first(app.app_key, today.to_string())), batch.add(k_users_since.one(app.app_key, first)),
                           batch.add(k_app_time.one(today.plus(1 - 2 * days).to_string(), first, app.app_key))});
    }
    co_await batch.run(db_);
    std::vector<ServiceApp> apps;
    for (std::size_t i = 0; i < top.size(); ++i) {
        const auto& name = *answers[i].name;
        apps.push_back({.app_name = name ? name->app_name : top[i].app_key,
                        .app_category = name ? name->app_category : std::string{},
                        .total_ms = top[i].sum_ms,
                        .activities = top[i].sum_activities,
                        .users = *answers[i].users,
                        .before_ms = *answers[i].before_ms});
    }
    co_return apps;
}

db::Task<std::vector<UserTotal>> UsageKeeper::top_users(std::int64_t limit) { return db_.get(k_top_users.all(limit)); }

db::Task<void> UsageKeeper::forget(std::int64_t user_id) {
    co_await db_.transaction([user_id](db::Transaction& tx) -> db::Task<void> {
        const auto [turns, uses] = co_await tx.all(take_turn(), k_last_uses_of.all(user_id));
        LastDayChanges changes;
        for (const auto& use : uses) --changes[{use.app_key, use.day}];
        add_last_days(tx, changes);
        tx.defer(k_drop_last_uses, user_id);
        tx.defer(k_drop_total, user_id);
    });
}

} // namespace focus::admin
