#include "features/admin/module.hpp"

#include "features/admin/usage_keeper.hpp"
#include "features/admin/usage_sums.hpp"

#include <array>
#include <format>

namespace focus::admin {

namespace {

constexpr std::size_t k_keys_at_once = 500;

// Each gives the keys that differ: the key, what is stored, what is counted.
constexpr std::string_view k_days_sql =
    "SELECT day, SUM(was_ms), SUM(was_count), SUM(was_users), SUM(is_ms), SUM(is_count), SUM(is_users) FROM ("
    "SELECT day, 0 AS was_ms, 0 AS was_count, 0 AS was_users, SUM(total_ms) AS is_ms, SUM(sessions) AS is_count, "
    "SUM(CASE WHEN sessions > 0 THEN 1 ELSE 0 END) AS is_users FROM usage_days GROUP BY day "
    "UNION ALL SELECT day, 0, 0, 0, -total_ms, -activities, -users FROM usage_changes "
    "UNION ALL SELECT day, total_ms, activities, users, 0, 0, 0 FROM service_days) AS sides GROUP BY day "
    "HAVING SUM(was_ms) <> SUM(is_ms) OR SUM(was_count) <> SUM(is_count) OR SUM(was_users) <> SUM(is_users)";
constexpr std::string_view k_apps_sql =
    "SELECT day, app_key, SUM(was_ms), SUM(was_count), SUM(is_ms), SUM(is_count), COALESCE(NULLIF(MAX(was_name), ''), MAX(is_name)), "
    "COALESCE(NULLIF(MAX(was_category), ''), MAX(is_category)) FROM ("
    "SELECT day, app_key, 0 AS was_ms, 0 AS was_count, SUM(total_ms) AS is_ms, SUM(sessions) AS is_count, '' AS was_name, "
    "'' AS was_category, MAX(app_name) AS is_name, MAX(app_category) AS is_category FROM usage_apps GROUP BY day, app_key "
    "UNION ALL SELECT day, app_key, 0, 0, -total_ms, -activities, '', '', app_name, app_category FROM usage_changes "
    "UNION ALL SELECT day, app_key, total_ms, activities, 0, 0, app_name, app_category, '', '' FROM service_apps) AS sides "
    "GROUP BY day, app_key HAVING SUM(was_ms) <> SUM(is_ms) OR SUM(was_count) <> SUM(is_count)";
constexpr std::string_view k_users_sql =
    "SELECT user_id, SUM(was_ms), SUM(was_count), SUM(is_ms), SUM(is_count) FROM ("
    "SELECT user_id, 0 AS was_ms, 0 AS was_count, SUM(total_ms) AS is_ms, SUM(sessions) AS is_count FROM usage_days GROUP BY user_id "
    "UNION ALL SELECT user_id, 0, 0, -total_ms, -activities FROM usage_changes "
    "UNION ALL SELECT user_id, total_ms, activities, 0, 0 FROM user_totals) AS sides GROUP BY user_id "
    "HAVING SUM(was_ms) <> SUM(is_ms) OR SUM(was_count) <> SUM(is_count)";
constexpr std::string_view k_last_uses_sql =
    "SELECT used.user_id, used.app_key, known.day AS was_day, used.day AS is_day FROM ("
    "SELECT user_id, app_key, MAX(day) AS day FROM usage_apps WHERE sessions > 0 GROUP BY user_id, app_key "
    "UNION ALL SELECT user_id, '', MAX(day) FROM usage_days WHERE sessions > 0 GROUP BY user_id) AS used "
    "LEFT JOIN last_uses known ON known.user_id = used.user_id AND known.app_key = used.app_key "
    "WHERE (known.day IS NULL OR known.day < used.day) "
    "AND NOT EXISTS (SELECT 1 FROM usage_changes c WHERE c.user_id = used.user_id)";
constexpr std::string_view k_last_days_sql =
    "SELECT app_key, day, SUM(was_users), SUM(is_users) FROM ("
    "SELECT app_key, day, 0 AS was_users, COUNT(*) AS is_users FROM last_uses GROUP BY app_key, day "
    "UNION ALL SELECT app_key, day, users, 0 FROM last_use_days) AS sides GROUP BY app_key, day "
    "HAVING SUM(was_users) <> SUM(is_users)";

Day day_at(const db::Row& row, std::size_t column) { return Day::parse(row.get<std::string_view>(column)).value_or(Day{}); }
std::int64_t at(const db::Row& row, std::size_t column) { return row.get<std::int64_t>(column); }
/// What has to be added to the column `was` to make it what `is` says.
std::int64_t missing(const db::Row& row, std::size_t is, std::size_t was) { return at(row, is) - at(row, was); }
std::string amount(const db::Row& row, std::size_t column) { return std::format("{} ms in {}", at(row, column), at(row, column + 1)); }

struct Table {
    std::string_view name;
    std::string_view statement; // its name among the metrics
    std::string_view sql;
    void (*note)(const db::Row& row, recount::Report& report);
    db::Task<void> (*repair)(db::Transaction& tx, const db::Result& found);
};

db::Task<void> repair_days(db::Transaction& tx, const db::Result& found) {
    Step step;
    for (const auto& row : found.rows) step.days[day_at(row, 0)] = {missing(row, 4, 1), missing(row, 5, 2), missing(row, 6, 3)};
    add_sums(tx, step);
    co_return;
}

db::Task<void> repair_apps(db::Transaction& tx, const db::Result& found) {
    Step step;
    for (const auto& row : found.rows) {
        step.apps[{day_at(row, 0), row.get<std::string>(1)}].add(row.get<std::string_view>(6), row.get<std::string_view>(7),
                                                                 missing(row, 4, 2), missing(row, 5, 3));
    }
    add_sums(tx, step);
    co_return;
}

db::Task<void> repair_users(db::Transaction& tx, const db::Result& found) {
    Step step;
    for (const auto& row : found.rows) step.users[at(row, 0)] = {missing(row, 3, 1), missing(row, 4, 2), 0};
    add_sums(tx, step);
    co_return;
}

db::Task<void> repair_last_uses(db::Transaction& tx, const db::Result& found) {
    Step step;
    for (const auto& row : found.rows) step.last_uses[{at(row, 0), row.get<std::string>(1)}] = day_at(row, 3);
    co_await move_last_uses(tx, step);
}

db::Task<void> repair_last_days(db::Transaction& tx, const db::Result& found) {
    LastDayChanges changes;
    for (const auto& row : found.rows) changes[{row.get<std::string>(0), day_at(row, 1)}] = missing(row, 3, 2);
    add_last_days(tx, changes);
    co_return;
}

// In this order: the last days are counted from the last uses.
constexpr std::array<Table, 5> k_tables{
    {{"service_days", "service_days.recount", k_days_sql,
      [](const db::Row& row, recount::Report& report) {
          const auto users = [&](std::size_t column) { return std::format("{} of {} users", amount(row, column), at(row, column + 2)); };
          report.differs("service_days", row.get<std::string>(0), users(1), users(4));
      },
      repair_days},
     {"service_apps", "service_apps.recount", k_apps_sql,
      [](const db::Row& row, recount::Report& report) {
          report.differs("service_apps", std::format("{}, {}", row.get<std::string_view>(0), row.get<std::string_view>(1)), amount(row, 2),
                         amount(row, 4));
      },
      repair_apps},
     {"user_totals", "user_totals.recount", k_users_sql,
      [](const db::Row& row, recount::Report& report) {
          report.differs("user_totals", std::format("user {}", at(row, 0)), amount(row, 1), amount(row, 3));
      },
      repair_users},
     {"last_uses", "last_uses.recount", k_last_uses_sql,
      [](const db::Row& row, recount::Report& report) {
          report.differs("last_uses", std::format("user {}, \"{}\"", at(row, 0), row.get<std::string_view>(1)),
                         row.get<std::optional<std::string_view>>(2).value_or("none"), row.get<std::string_view>(3));
      },
      repair_last_uses},
     {"last_use_days", "last_use_days.recount", k_last_days_sql,
      [](const db::Row& row, recount::Report& report) {
          report.differs("last_use_days", std::format("\"{}\", {}", row.get<std::string_view>(0), row.get<std::string_view>(1)), at(row, 2),
                         at(row, 3));
      },
      repair_last_days}}};

db::Command some_of(const Table& table) {
    return db::Command::composed(table.statement, std::string{table.sql} + " LIMIT ?", {db::to_value(k_keys_at_once)});
}

db::Task<void> look(db::Session& session, const Table& table, recount::Report& report) {
    const auto found = co_await session.run_one(some_of(table));
    for (const auto& row : found.rows) table.note(row, report);
    if (found.rows.size() < k_keys_at_once) co_return;
    const auto all = co_await session.run_one(
        db::Command::composed(table.statement, "SELECT COUNT(*) FROM (" + std::string{table.sql} + ") AS found", {}));
    report.add_keys(table.name, all.rows.at(0).get<std::int64_t>(0) - static_cast<std::int64_t>(k_keys_at_once));
}

/// Repairs some keys; gives how many.
db::Task<std::size_t> repair_some(db::Transaction& tx, const Table& table, recount::Report& report) {
    std::vector<db::Command> commands;
    commands.push_back(take_turn_command());
    commands.push_back(some_of(table));
    const auto results = co_await tx.run(std::move(commands));
    for (const auto& row : results.at(1).rows) table.note(row, report);
    if (!results.at(1).rows.empty()) co_await table.repair(tx, results.at(1));
    co_return results.at(1).rows.size();
}

} // namespace

db::Task<void> recount_usage(db::Transaction& tx, recount::Mode mode, recount::Report& report) {
    for (const auto& table : k_tables) {
        report.looked_at(table.name);
        if (mode == recount::Mode::look) {
            co_await look(tx, table, report);
            continue;
        }
        for (;;) {
            const auto repaired = co_await repair_some(tx, table, report);
            if (repaired < k_keys_at_once) break;
        }
    }
}

db::Task<void> recount_usage(db::Database& database, recount::Mode mode, recount::Report& report) {
    if (mode == recount::Mode::repair) co_await UsageKeeper{database}.fold([] { return true; });
    for (const auto& table : k_tables) {
        report.looked_at(table.name);
        if (mode == recount::Mode::look) {
            co_await look(database, table, report);
            continue;
        }
        for (;;) {
            if ((co_await database.run_one(some_of(table))).rows.empty()) break; // looking takes no lock
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
    }
}

} // namespace focus::admin
