// The Service's reads for many users at once.
#include "features/activities/service.hpp"

namespace focus::activities {

namespace {

std::vector<db::Value> params_of(const std::vector<std::int64_t>& user_ids) { return {user_ids.begin(), user_ids.end()}; }

} // namespace

db::Task<std::vector<DayApp>> Service::usage_of(db::Session& session, std::vector<std::int64_t> user_ids, Day first, Day last) {
    std::vector<DayApp> usage;
    if (user_ids.empty()) co_return usage;
    auto params = params_of(user_ids);
    params.emplace_back(first.to_string());
    params.emplace_back(last.to_string());
    const auto result = co_await session.run_one(
        db::Command::composed("usage_apps.of_users",
                              "SELECT user_id, day, app_key, app_package, total_ms, sessions FROM usage_apps WHERE user_id IN (" +
                                  db::places(user_ids.size()) + ") AND day BETWEEN ? AND ?",
                              std::move(params)));
    usage.reserve(result.rows.size());
    for (const auto& row : result.rows) {
        usage.push_back({row.get<std::int64_t>(0), Day::parse(row.get<std::string_view>(1)).value_or(Day{}), row.get<std::string>(2),
                         row.get<std::string>(3), row.get<std::int64_t>(4), row.get<std::int64_t>(5)});
    }
    co_return usage;
}

db::Task<std::vector<AppTime>> Service::app_times_of(db::Session& session, std::vector<std::int64_t> user_ids, Day first, Day last) {
    std::vector<AppTime> times;
    if (user_ids.empty()) co_return times;
    auto params = params_of(user_ids);
    params.emplace_back(first.to_string());
    params.emplace_back(last.to_string());
    const auto result = co_await session.run_one(
        db::Command::composed("usage_apps.times_of_users",
                              "SELECT user_id, app_key, MAX(app_name), SUM(total_ms) FROM usage_apps WHERE user_id IN (" +
                                  db::places(user_ids.size()) + ") AND day BETWEEN ? AND ? GROUP BY user_id, app_key",
                              std::move(params)));
    times.reserve(result.rows.size());
    for (const auto& row : result.rows) {
        times.push_back({row.get<std::int64_t>(0), row.get<std::string>(1), row.get<std::string>(2), row.get<std::int64_t>(3)});
    }
    co_return times;
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
