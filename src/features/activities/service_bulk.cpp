// The Service's reads for many users at once.
#include "core/base/fold.hpp"
#include "core/db/bulk.hpp"
#include "features/activities/service.hpp"

#include <algorithm>
#include <format>

namespace focus::activities {

namespace {

constexpr int k_max_odd_packages = 1000;

std::vector<db::Value> params_of(const std::vector<std::int64_t>& user_ids) { return {user_ids.begin(), user_ids.end()}; }

std::vector<AppTime> times_in(const db::Result& result) {
    std::vector<AppTime> times;
    times.reserve(result.rows.size());
    for (const auto& row : result.rows)
        times.push_back({row.get<std::int64_t>(0), row.get<std::string>(1), row.get<std::string>(2), row.get<std::int64_t>(3)});
    return times;
}

} // namespace

db::Task<std::vector<TargetDay>> Service::target_days_of(db::Session& session, std::vector<std::int64_t> user_ids, Day first, Day last,
                                                         std::vector<std::string> keys) {
    std::vector<TargetDay> days;
    if (user_ids.empty()) co_return days;
    // The database folds the case of ASCII only (SQLite): packages with other letters are looked at here.
    const auto user_marks = db::places(user_ids.size());
    auto params = params_of(user_ids);
    params.emplace_back(first.to_string());
    params.emplace_back(last.to_string());
    const auto odd = co_await session.run_one(db::Command::composed(
        "usage_apps.odd_packages",
        std::format("SELECT DISTINCT app_package FROM usage_apps WHERE user_id IN ({}) AND day BETWEEN ? AND ? AND "
                    "{} LIMIT {}",
                    user_marks, session.dialect() == db::Dialect::sqlite ? "app_package GLOB '*[^ -~]*'" : "app_package REGEXP '[^ -~]'",
                    k_max_odd_packages),
        params));
    auto packages = keys;
    for (const auto& row : odd.rows) {
        auto package = row.get<std::string>(0);
        if (std::ranges::contains(keys, fold_case(package))) packages.push_back(std::move(package));
    }
    std::vector<db::Value> all{keys.begin(), keys.end()};
    for (int column = 0; column < 2; ++column) all.insert(all.end(), packages.begin(), packages.end());
    all.insert(all.end(), params.begin(), params.end());
    const auto package_marks = db::places(packages.size());
    const auto result = co_await session.run_one(db::Command::composed(
        "usage_apps.targets_of_users",
        std::format("SELECT user_id, day, SUM(CASE WHEN app_key IN ({}) OR LOWER(app_package) IN ({}) OR app_package IN ({}) "
                    "THEN total_ms ELSE 0 END), SUM(sessions) FROM usage_apps WHERE user_id IN ({}) AND day BETWEEN ? AND ? "
                    "GROUP BY user_id, day",
                    db::places(keys.size()), package_marks, package_marks, user_marks),
        std::move(all)));
    days.reserve(result.rows.size());
    for (const auto& row : result.rows) {
        days.push_back({row.get<std::int64_t>(0), Day::parse(row.get<std::string_view>(1)).value_or(Day{}), row.get<std::int64_t>(2),
                        row.get<std::int64_t>(3)});
    }
    co_return days;
}

db::Task<std::vector<AppTime>> Service::app_times_of(db::Session& session, std::vector<std::int64_t> user_ids, Day first, Day last,
                                                     std::int64_t per_user) {
    if (user_ids.empty()) co_return std::vector<AppTime>{};
    auto params = params_of(user_ids);
    params.emplace_back(first.to_string());
    params.emplace_back(last.to_string());
    params.emplace_back(per_user);
    co_return times_in(co_await session.run_one(db::Command::composed(
        "usage_apps.times_of_users",
        "SELECT user_id, app_key, app_name, app_ms FROM (SELECT user_id, app_key, MAX(app_name) AS app_name, SUM(total_ms) AS app_ms, "
        "ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY SUM(total_ms) DESC, app_key) AS place FROM usage_apps WHERE user_id IN (" +
            db::places(user_ids.size()) + ") AND day BETWEEN ? AND ? GROUP BY user_id, app_key) placed WHERE place <= ?",
        std::move(params))));
}

db::Task<std::vector<AppTime>> Service::times_of_apps(db::Session& session, const std::vector<AppTime>& apps, Day first, Day last) {
    if (apps.empty()) co_return std::vector<AppTime>{};
    std::string which;
    db::Values params{db::to_value(first.to_string()), db::to_value(last.to_string())};
    for (const auto& app : apps) {
        which += which.empty() ? "(user_id = ? AND app_key = ?)" : " OR (user_id = ? AND app_key = ?)";
        params.emplace_back(app.user_id);
        params.emplace_back(app.app_key);
    }
    co_return times_in(co_await session.run_one(
        db::Command::composed("usage_apps.times_of_apps",
                              "SELECT user_id, app_key, MAX(app_name), SUM(total_ms) FROM usage_apps WHERE day BETWEEN ? AND ? AND (" +
                                  which + ") GROUP BY user_id, app_key",
                              std::move(params))));
}

db::Task<std::vector<UserDay>> Service::day_totals_of(db::Session& session, std::vector<std::int64_t> user_ids, Day first, Day last) {
    std::vector<UserDay> totals;
    if (user_ids.empty()) co_return totals;
    auto params = params_of(user_ids);
    params.emplace_back(first.to_string());
    params.emplace_back(last.to_string());
    const auto result =
        co_await session.run_one(db::Command::composed("usage_days.of_users",
                                                       "SELECT user_id, day, total_ms FROM usage_days WHERE user_id IN (" +
                                                           db::places(user_ids.size()) + ") AND day BETWEEN ? AND ? ORDER BY user_id, day",
                                                       std::move(params)));
    totals.reserve(result.rows.size());
    for (const auto& row : result.rows) {
        totals.push_back({row.get<std::int64_t>(0), Day::parse(row.get<std::string_view>(1)).value_or(Day{}), row.get<std::int64_t>(2)});
    }
    co_return totals;
}

db::Task<std::vector<std::int64_t>> Service::active_since(db::Session& session, std::vector<std::int64_t> user_ids, Day first) {
    std::vector<std::int64_t> active;
    if (user_ids.empty()) co_return active;
    auto params = params_of(user_ids);
    params.emplace_back(first.to_string());
    const auto result = co_await session.run_one(db::Command::composed(
        "usage_days.active_since",
        "SELECT DISTINCT user_id FROM usage_days WHERE user_id IN (" + db::places(user_ids.size()) + ") AND day >= ?", std::move(params)));
    for (const auto& row : result.rows) active.push_back(row.get<std::int64_t>(0));
    co_return active;
}

} // namespace focus::activities
