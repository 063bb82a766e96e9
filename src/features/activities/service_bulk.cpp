// Reads of the Service for many users at once.
#include "core/base/fold.hpp"
#include "core/db/bulk.hpp"
#include "features/activities/service.hpp"

#include <algorithm>
#include <format>

namespace focus::activities {

namespace {

constexpr int k_max_odd_packages = 1000;

std::vector<db::Value> params_of(const std::vector<std::int64_t>& user_ids) { return {user_ids.begin(), user_ids.end()}; }

} // namespace

db::Task<std::vector<TargetDay>> Service::target_days_of(db::Session& session, std::vector<std::int64_t> user_ids, Day first, Day last,
                                                         std::vector<std::string> keys) {
    if (user_ids.empty()) co_return std::vector<TargetDay>{};
    // SQLite folds the case of ASCII only: packages with other letters are compared here.
    const auto user_marks = db::places(user_ids.size());
    auto params = params_of(user_ids);
    params.emplace_back(first.to_string());
    params.emplace_back(last.to_string());
    auto odd_packages = co_await session.get(db::composed<std::string>(
        "usage_apps.odd_packages",
        std::format("SELECT DISTINCT app_package FROM usage_apps WHERE user_id IN ({}) AND day BETWEEN ? AND ? AND "
                    "{} LIMIT {}",
                    user_marks, session.dialect() == db::Dialect::sqlite ? "app_package GLOB '*[^ -~]*'" : "app_package REGEXP '[^ -~]'",
                    k_max_odd_packages),
        params));
    auto packages = keys;
    for (auto& package : odd_packages) {
        if (std::ranges::contains(keys, fold_case(package))) packages.push_back(std::move(package));
    }
    std::vector<db::Value> all{keys.begin(), keys.end()};
    for (int column = 0; column < 2; ++column) all.insert(all.end(), packages.begin(), packages.end());
    all.insert(all.end(), params.begin(), params.end());
    const auto package_marks = db::places(packages.size());
    co_return co_await session.get(db::composed<TargetDay>(
        "usage_apps.targets_of_users",
        std::format("SELECT user_id, day, SUM(CASE WHEN app_key IN ({}) OR LOWER(app_package) IN ({}) OR app_package IN ({}) "
                    "THEN total_ms ELSE 0 END) AS target_ms, SUM(sessions) AS sessions FROM usage_apps WHERE user_id IN ({}) AND day "
                    "BETWEEN ? AND ? "
                    "GROUP BY user_id, day",
                    db::places(keys.size()), package_marks, package_marks, user_marks),
        std::move(all)));
}

db::Task<std::vector<AppTime>> Service::app_times_of(db::Session& session, std::vector<std::int64_t> user_ids, Day first, Day last,
                                                     std::int64_t per_user) {
    if (user_ids.empty()) co_return std::vector<AppTime>{};
    auto params = params_of(user_ids);
    params.emplace_back(first.to_string());
    params.emplace_back(last.to_string());
    params.emplace_back(per_user);
    co_return co_await session.get(db::composed<AppTime>(
        "usage_apps.times_of_users",
        "SELECT user_id, app_key, app_name, app_ms AS total_ms FROM (SELECT user_id, app_key, MAX(app_name) AS app_name, SUM(total_ms) AS "
        "app_ms, "
        "ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY SUM(total_ms) DESC, app_key) AS place FROM usage_apps WHERE user_id IN (" +
            db::places(user_ids.size()) + ") AND day BETWEEN ? AND ? GROUP BY user_id, app_key) placed WHERE place <= ?",
        std::move(params)));
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
    co_return co_await session.get(db::composed<AppTime>("usage_apps.times_of_apps",
                                                         "SELECT user_id, app_key, MAX(app_name) AS app_name, SUM(total_ms) AS total_ms "
                                                         "FROM usage_apps WHERE day BETWEEN ? AND ? AND (" +
                                                             which + ") GROUP BY user_id, app_key",
                                                         std::move(params)));
}

db::Task<std::vector<UserDay>> Service::day_totals_of(db::Session& session, std::vector<std::int64_t> user_ids, Day first, Day last) {
    if (user_ids.empty()) co_return std::vector<UserDay>{};
    auto params = params_of(user_ids);
    params.emplace_back(first.to_string());
    params.emplace_back(last.to_string());
    co_return co_await session.get(db::composed<UserDay>("usage_days.of_users",
                                                         "SELECT user_id, day, total_ms FROM usage_days WHERE user_id IN (" +
                                                             db::places(user_ids.size()) +
                                                             ") AND day BETWEEN ? AND ? ORDER BY user_id, day",
                                                         std::move(params)));
}

db::Task<std::vector<std::int64_t>> Service::active_since(db::Session& session, std::vector<std::int64_t> user_ids, Day first) {
    if (user_ids.empty()) co_return std::vector<std::int64_t>{};
    auto params = params_of(user_ids);
    params.emplace_back(first.to_string());
    co_return co_await session.get(db::composed<std::int64_t>(
        "usage_days.active_since",
        "SELECT DISTINCT user_id FROM usage_days WHERE user_id IN (" + db::places(user_ids.size()) + ") AND day >= ?", std::move(params)));
}

} // namespace focus::activities
