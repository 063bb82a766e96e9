#include "features/admin/module.hpp"

#include "features/admin/usage_keeper.hpp"
#include "features/admin/usage_sums.hpp"

#include <format>

namespace focus::admin {

namespace {

constexpr std::size_t k_keys_at_once = 500;

// The keys that differ, the stored and the counted values.
struct DayDifference {
    Day day;
    std::int64_t stored_ms = 0;
    std::int64_t stored_activities = 0;
    std::int64_t stored_users = 0;
    std::int64_t counted_ms = 0;
    std::int64_t counted_activities = 0;
    std::int64_t counted_users = 0;
};
constexpr db::SqlText k_days{
    "SELECT day, SUM(was_ms) AS stored_ms, SUM(was_count) AS stored_activities, SUM(was_users) AS stored_users, SUM(is_ms) AS counted_ms, "
    "SUM(is_count) AS counted_activities, SUM(is_users) AS counted_users FROM ("
    "SELECT day, 0 AS was_ms, 0 AS was_count, 0 AS was_users, SUM(total_ms) AS is_ms, SUM(sessions) AS is_count, "
    "SUM(CASE WHEN sessions > 0 THEN 1 ELSE 0 END) AS is_users FROM usage_days GROUP BY day "
    "UNION ALL SELECT day, 0, 0, 0, -total_ms, -activities, -users FROM usage_changes "
    "UNION ALL SELECT day, total_ms, activities, users, 0, 0, 0 FROM service_days) AS sides GROUP BY day "
    "HAVING SUM(was_ms) <> SUM(is_ms) OR SUM(was_count) <> SUM(is_count) OR SUM(was_users) <> SUM(is_users)"};

struct AppDifference {
    Day day;
    std::string app_key;
    std::int64_t stored_ms = 0;
    std::int64_t stored_activities = 0;
    std::int64_t counted_ms = 0;
    std::int64_t counted_activities = 0;
    std::string app_name;
    std::string app_category;
};
constexpr db::SqlText k_apps{
    "SELECT day, app_key, SUM(was_ms) AS stored_ms, SUM(was_count) AS stored_activities, SUM(is_ms) AS counted_ms, "
    "SUM(is_count) AS counted_activities, COALESCE(NULLIF(MAX(was_name), ''), MAX(is_name)) AS app_name, "
    "COALESCE(NULLIF(MAX(was_category), ''), MAX(is_category)) AS app_category FROM ("
    "SELECT day, app_key, 0 AS was_ms, 0 AS was_count, SUM(total_ms) AS is_ms, SUM(sessions) AS is_count, '' AS was_name, "
    "'' AS was_category, MAX(app_name) AS is_name, MAX(app_category) AS is_category FROM usage_apps GROUP BY day, app_key "
    "UNION ALL SELECT day, app_key, 0, 0, -total_ms, -activities, '', '', app_name, app_category FROM usage_changes "
    "UNION ALL SELECT day, app_key, total_ms, activities, 0, 0, app_name, app_category, '', '' FROM service_apps) AS sides "
    "GROUP BY day, app_key HAVING SUM(was_ms) <> SUM(is_ms) OR SUM(was_count) <> SUM(is_count)"};

struct UserDifference {
    std::int64_t user_id = 0;
    std::int64_t stored_ms = 0;
    std::int64_t stored_activities = 0;
    std::int64_t counted_ms = 0;
    std::int64_t counted_activities = 0;
};
constexpr db::SqlText k_users{
    "SELECT user_id, SUM(was_ms) AS stored_ms, SUM(was_count) AS stored_activities, SUM(is_ms) AS counted_ms, "
    "SUM(is_count) AS counted_activities FROM ("
    "SELECT user_id, 0 AS was_ms, 0 AS was_count, SUM(total_ms) AS is_ms, SUM(sessions) AS is_count FROM usage_days GROUP BY user_id "
    "UNION ALL SELECT user_id, 0, 0, -total_ms, -activities FROM usage_changes "
    "UNION ALL SELECT user_id, total_ms, activities, 0, 0 FROM user_totals) AS sides GROUP BY user_id "
    "HAVING SUM(was_ms) <> SUM(is_ms) OR SUM(was_count) <> SUM(is_count)"};

struct LastUseDifference {
    std::int64_t user_id = 0;
    std::string app_key;
    std::optional<Day> was_day;
    Day is_day;
};
constexpr db::SqlText k_last_uses{"SELECT used.user_id, used.app_key, known.day AS was_day, used.day AS is_day FROM ("
                                  "SELECT user_id, app_key, MAX(day) AS day FROM usage_apps WHERE sessions > 0 GROUP BY user_id, app_key "
                                  "UNION ALL SELECT user_id, '', MAX(day) FROM usage_days WHERE sessions > 0 GROUP BY user_id) AS used "
                                  "LEFT JOIN last_uses known ON known.user_id = used.user_id AND known.app_key = used.app_key "
                                  "WHERE (known.day IS NULL OR known.day < used.day) "
                                  "AND NOT EXISTS (SELECT 1 FROM usage_changes c WHERE c.user_id = used.user_id)"};

struct LastDayDifference {
    std::string app_key;
    Day day;
    std::int64_t stored_users = 0;
    std::int64_t counted_users = 0;
};
constexpr db::SqlText k_last_days{"SELECT app_key, day, SUM(was_users) AS stored_users, SUM(is_users) AS counted_users FROM ("
                                  "SELECT app_key, day, 0 AS was_users, COUNT(*) AS is_users FROM last_uses GROUP BY app_key, day "
                                  "UNION ALL SELECT app_key, day, users, 0 FROM last_use_days) AS sides GROUP BY app_key, day "
                                  "HAVING SUM(was_users) <> SUM(is_users)"};

/// Some of the keys that differ.
template <class Difference, std::size_t N>
consteval auto some_of(std::string_view name, const db::SqlText<N>& sql) {
    return db::select<Difference>(name, sql + " LIMIT ?");
}
/// How many keys differ.
template <std::size_t N>
consteval auto count_of(std::string_view name, const db::SqlText<N>& sql) {
    return db::select<std::int64_t>(name, "SELECT COUNT(*) FROM (" + sql + ") AS found");
}
constexpr auto k_some_days = some_of<DayDifference>("service_days.recount", k_days);
constexpr auto k_count_days = count_of("service_days.recount", k_days);
constexpr auto k_some_apps = some_of<AppDifference>("service_apps.recount", k_apps);
constexpr auto k_count_apps = count_of("service_apps.recount", k_apps);
constexpr auto k_some_users = some_of<UserDifference>("user_totals.recount", k_users);
constexpr auto k_count_users = count_of("user_totals.recount", k_users);
constexpr auto k_some_last_uses = some_of<LastUseDifference>("last_uses.recount", k_last_uses);
constexpr auto k_count_last_uses = count_of("last_uses.recount", k_last_uses);
constexpr auto k_some_last_days = some_of<LastDayDifference>("last_use_days.recount", k_last_days);
constexpr auto k_count_last_days = count_of("last_use_days.recount", k_last_days);

std::string amount(std::int64_t ms, std::int64_t activities) { return std::format("{} ms in {}", ms, activities); }

/// A table, and how its differences are found, reported and repaired.
template <class Difference>
struct Table {
    std::string_view name;
    db::Query<std::vector<Difference>> (*some)();
    db::Query<std::int64_t> (*count)();
    void (*note)(const Difference& row, recount::Report& report);
    db::Task<void> (*repair)(db::Transaction& tx, std::vector<Difference> found);
};

db::Task<void> repair_days(db::Transaction& tx, std::vector<DayDifference> found) {
    Step step;
    for (const auto& row : found) {
        step.days[row.day] = {row.counted_ms - row.stored_ms, row.counted_activities - row.stored_activities,
                              row.counted_users - row.stored_users};
    }
    add_sums(tx, step);
    co_return;
}
constexpr Table<DayDifference> k_service_days{
    "service_days", [] { return k_some_days.all(k_keys_at_once); }, [] { return k_count_days.one(); },
    [](const DayDifference& row, recount::Report& report) {
        report.differs("service_days", row.day.to_string(),
                       std::format("{} of {} users", amount(row.stored_ms, row.stored_activities), row.stored_users),
                       std::format("{} of {} users", amount(row.counted_ms, row.counted_activities), row.counted_users));
    },
    repair_days};

db::Task<void> repair_apps(db::Transaction& tx, std::vector<AppDifference> found) {
    Step step;
    for (const auto& row : found) {
        step.apps[{row.day, row.app_key}].add(row.app_name, row.app_category, row.counted_ms - row.stored_ms,
                                              row.counted_activities - row.stored_activities);
    }
    add_sums(tx, step);
    co_return;
}
constexpr Table<AppDifference> k_service_apps{
    "service_apps", [] { return k_some_apps.all(k_keys_at_once); }, [] { return k_count_apps.one(); },
    [](const AppDifference& row, recount::Report& report) {
        report.differs("service_apps", std::format("{}, {}", row.day.to_string(), row.app_key),
                       amount(row.stored_ms, row.stored_activities), amount(row.counted_ms, row.counted_activities));
    },
    repair_apps};

db::Task<void> repair_users(db::Transaction& tx, std::vector<UserDifference> found) {
    Step step;
    for (const auto& row : found)
        step.users[row.user_id] = {row.counted_ms - row.stored_ms, row.counted_activities - row.stored_activities, 0};
    add_sums(tx, step);
    co_return;
}
constexpr Table<UserDifference> k_user_totals{
    "user_totals", [] { return k_some_users.all(k_keys_at_once); }, [] { return k_count_users.one(); },
    [](const UserDifference& row, recount::Report& report) {
        report.differs("user_totals", std::format("user {}", row.user_id), amount(row.stored_ms, row.stored_activities),
                       amount(row.counted_ms, row.counted_activities));
    },
    repair_users};

db::Task<void> repair_last_uses(db::Transaction& tx, std::vector<LastUseDifference> found) {
    Step step;
    for (const auto& row : found) step.last_uses[{row.user_id, row.app_key}] = row.is_day;
    co_await move_last_uses(tx, step);
}
constexpr Table<LastUseDifference> k_last_uses_table{
    "last_uses", [] { return k_some_last_uses.all(k_keys_at_once); }, [] { return k_count_last_uses.one(); },
    [](const LastUseDifference& row, recount::Report& report) {
        report.differs("last_uses", std::format("user {}, \"{}\"", row.user_id, row.app_key),
                       row.was_day ? row.was_day->to_string() : "none", row.is_day.to_string());
    },
    repair_last_uses};

db::Task<void> repair_last_days(db::Transaction& tx, std::vector<LastDayDifference> found) {
    LastDayChanges changes;
    for (const auto& row : found) changes[{row.app_key, row.day}] = row.counted_users - row.stored_users;
    add_last_days(tx, changes);
    co_return;
}
constexpr Table<LastDayDifference> k_last_use_days{
    "last_use_days", [] { return k_some_last_days.all(k_keys_at_once); }, [] { return k_count_last_days.one(); },
    [](const LastDayDifference& row, recount::Report& report) {
        report.differs("last_use_days", std::format("\"{}\", {}", row.app_key, row.day.to_string()), row.stored_users, row.counted_users);
    },
    repair_last_days};

/// Calls `each` for all tables. In this order: the last days are counted from the last uses.
template <class Each>
db::Task<void> for_tables(Each each) {
    co_await each(k_service_days);
    co_await each(k_service_apps);
    co_await each(k_user_totals);
    co_await each(k_last_uses_table);
    co_await each(k_last_use_days);
}

template <class Difference>
db::Task<void> look(db::Session& session, const Table<Difference>& table, recount::Report& report) {
    const auto found = co_await session.get(table.some());
    for (const auto& row : found) table.note(row, report);
    if (found.size() < k_keys_at_once) co_return;
    const auto all = co_await session.get(table.count());
    report.add_keys(table.name, all - static_cast<std::int64_t>(k_keys_at_once));
}

/// Repairs some keys; returns how many.
template <class Difference>
db::Task<std::size_t> repair_some(db::Transaction& tx, const Table<Difference>& table, recount::Report& report) {
    auto [turns, found] = co_await tx.all(take_turn(), table.some());
    for (const auto& row : found) table.note(row, report);
    const auto keys = found.size();
    if (keys > 0) co_await table.repair(tx, std::move(found));
    co_return keys;
}

} // namespace

db::Task<void> recount_usage(db::Transaction& tx, recount::Mode mode, recount::Report& report) {
    co_await for_tables([&](const auto& table) -> db::Task<void> {
        report.looked_at(table.name);
        if (mode == recount::Mode::look) {
            co_await look(tx, table, report);
            co_return;
        }
        for (auto repaired = k_keys_at_once; repaired == k_keys_at_once;) repaired = co_await repair_some(tx, table, report);
    });
}

db::Task<void> recount_usage(db::Database& database, recount::Mode mode, recount::Report& report) {
    if (mode == recount::Mode::repair) co_await UsageKeeper{database}.fold([] { return true; });
    co_await for_tables([&](const auto& table) -> db::Task<void> {
        report.looked_at(table.name);
        if (mode == recount::Mode::look) {
            co_await look(database, table, report);
            co_return;
        }
        for (;;) {
            const auto some = co_await database.get(table.some()); // reading takes no lock
            if (some.empty()) break;
            struct Done {
                recount::Report report;
                std::size_t keys = 0;
            };
            const auto done = co_await database.transaction([&table](db::Transaction& tx) -> db::Task<Done> {
                Done own;
                own.keys = co_await repair_some(tx, table, own.report);
                co_return own;
            });
            report.merge(done.report);
            if (done.keys < k_keys_at_once) break;
        }
    });
}

} // namespace focus::admin
