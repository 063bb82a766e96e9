#include "features/activities/usage_repository.hpp"

#include "core/base/fold.hpp"
#include "core/db/bulk.hpp"
#include "core/json/json.hpp"
#include "features/activities/repository.hpp"

#include <algorithm>
#include <format>

namespace focus::activities::repository {

namespace {

// A roll-up's name is the one that was written last, so a change that moves no time may change it; taking rows out does not.
constexpr db::Statement k_add_app{
    "usage_apps.add",
    db::Sql{"INSERT INTO usage_apps (user_id, day, app_key, app_package, app_category, device_type, app_name, total_ms, sessions) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (user_id, day, app_key, app_package, app_category, device_type) DO UPDATE SET "
            "app_name = CASE WHEN excluded.sessions >= 0 THEN excluded.app_name ELSE app_name END, "
            "total_ms = total_ms + excluded.total_ms, sessions = sessions + excluded.sessions",
            "INSERT INTO usage_apps (user_id, day, app_key, app_package, app_category, device_type, app_name, total_ms, sessions) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE app_name = IF(VALUES(sessions) >= 0, VALUES(app_name), app_name), "
            "total_ms = total_ms + VALUES(total_ms), sessions = sessions + VALUES(sessions)"}};
constexpr db::Statement k_drop_app{"usage_apps.drop", "DELETE FROM usage_apps WHERE user_id = ? AND day = ? AND app_key = ? AND "
                                                      "app_package = ? AND app_category = ? AND device_type = ? AND sessions = 0"};
constexpr db::Statement k_add_total{
    "usage_totals.add",
    db::Sql{"INSERT INTO usage_totals (user_id, app_key, app_package, app_category, device_type, app_name, total_ms, sessions) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (user_id, app_key, app_package, app_category, device_type) DO UPDATE SET "
            "app_name = CASE WHEN excluded.sessions >= 0 THEN excluded.app_name ELSE app_name END, "
            "total_ms = total_ms + excluded.total_ms, sessions = sessions + excluded.sessions",
            "INSERT INTO usage_totals (user_id, app_key, app_package, app_category, device_type, app_name, total_ms, sessions) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE app_name = IF(VALUES(sessions) >= 0, VALUES(app_name), app_name), "
            "total_ms = total_ms + VALUES(total_ms), sessions = sessions + VALUES(sessions)"}};
constexpr db::Statement k_drop_total{"usage_totals.drop", "DELETE FROM usage_totals WHERE user_id = ? AND app_key = ? AND app_package = ? "
                                                          "AND app_category = ? AND device_type = ? AND sessions = 0"};
constexpr db::Statement k_add_day{
    "usage_days.add",
    db::Sql{"INSERT INTO usage_days (user_id, day, total_ms, sessions) VALUES (?, ?, ?, ?) ON CONFLICT (user_id, day) DO UPDATE SET "
            "total_ms = total_ms + excluded.total_ms, sessions = sessions + excluded.sessions",
            "INSERT INTO usage_days (user_id, day, total_ms, sessions) VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE "
            "total_ms = total_ms + VALUES(total_ms), sessions = sessions + VALUES(sessions)"}};
constexpr db::Statement k_drop_day{"usage_days.drop", "DELETE FROM usage_days WHERE user_id = ? AND day = ? AND sessions = 0"};
constexpr db::Statement k_add_hour{
    "usage_hours.add",
    db::Sql{"INSERT INTO usage_hours (user_id, day, hour, total_ms) VALUES (?, ?, ?, ?) ON CONFLICT (user_id, day, hour) DO UPDATE SET "
            "total_ms = total_ms + excluded.total_ms",
            "INSERT INTO usage_hours (user_id, day, hour, total_ms) VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE "
            "total_ms = total_ms + VALUES(total_ms)"}};
constexpr db::Statement k_drop_hour{"usage_hours.drop",
                                    "DELETE FROM usage_hours WHERE user_id = ? AND day = ? AND hour = ? AND total_ms = 0"};

/// The apps used most out of `chosen` (a table and a condition; after its parameters come LIMIT and OFFSET), each with its
/// `parts` and with what the user has set for it. `used` are further columns. What an app has beyond the ten parts with most
/// of its time is added to the first of them: sums stay exact, and an app that is recorded under thousands of packages costs
/// no more than others. Parts are read by a CROSS JOIN: SQLite then begins with what is chosen.
#define FOCUS_TOP_APPS(chosen, parts, used)                                                                                                \
    "WITH chosen AS (SELECT app_key, SUM(total_ms) AS app_ms FROM " chosen " GROUP BY app_key ORDER BY app_ms DESC, app_key "              \
    "LIMIT ? OFFSET ?), parts AS (" parts "), placed AS (SELECT parts.*, "                                                                 \
    "ROW_NUMBER() OVER (PARTITION BY parts.app_key ORDER BY parts.total_ms DESC) AS place FROM parts) SELECT p.app_key, "                  \
    "MAX(CASE WHEN p.place <= 10 THEN p.app_name END), MAX(CASE WHEN p.place <= 10 THEN p.app_package END), "                              \
    "MAX(CASE WHEN p.place <= 10 THEN p.app_category END), SUM(p.total_ms), SUM(p.sessions), MAX(s.display_name), "                        \
    "MAX(s.app_category)" used " FROM placed p LEFT JOIN app_settings s ON s.user_id = p.user_id AND s.app_key = p.app_key "               \
    "GROUP BY p.user_id, p.app_key, CASE WHEN p.place > 10 THEN 1 ELSE p.place END"
#define FOCUS_PARTS_OF(table)                                                                                                              \
    "SELECT u.user_id, u.app_key, u.app_name, u.app_package, u.app_category, u.total_ms, u.sessions FROM chosen CROSS JOIN " table         \
    " u ON u.app_key = chosen.app_key WHERE u.user_id = ?"
#define FOCUS_USED                                                                                                                         \
    ", (SELECT MIN(u.day) FROM usage_apps u WHERE u.user_id = p.user_id AND u.app_key = p.app_key)"                                        \
    ", (SELECT MAX(u.day) FROM usage_apps u WHERE u.user_id = p.user_id AND u.app_key = p.app_key)"
#define FOCUS_TOP_TOTALS(which) FOCUS_TOP_APPS("usage_totals WHERE user_id = ?" which, FOCUS_PARTS_OF("usage_totals"), FOCUS_USED)
/// Sums by the category that the user has set, else the recorded one; those with most of the time.
#define FOCUS_TOP_CATEGORIES(days)                                                                                                         \
    "SELECT COALESCE(s.app_category, u.app_category) AS category, SUM(u.total_ms) AS category_ms FROM usage_apps u "                       \
    "LEFT JOIN app_settings s ON s.user_id = u.user_id AND s.app_key = u.app_key WHERE u.user_id = ? AND " days                            \
    " GROUP BY category ORDER BY category_ms DESC, category LIMIT ?"

constexpr std::int64_t k_all = 1'000'000'000; // of what is bounded otherwise

constexpr db::Statement k_day_apps{
    "usage_apps.of_day", FOCUS_TOP_APPS("usage_apps WHERE user_id = ? AND day = ?", FOCUS_PARTS_OF("usage_apps") " AND u.day = ?", "")};
constexpr db::Statement k_day_sums{"usage_apps.sums_of_day", "SELECT COUNT(DISTINCT app_key), COALESCE(SUM(total_ms), 0), "
                                                             "COALESCE(SUM(sessions), 0) FROM usage_apps WHERE user_id = ? AND day = ?"};
constexpr db::Statement k_day_categories{"usage_apps.categories_of_day", FOCUS_TOP_CATEGORIES("u.day = ?")};
constexpr db::Statement k_day_hours{"usage_hours.of_day", "SELECT hour, total_ms FROM usage_hours WHERE user_id = ? AND day = ?"};
constexpr db::Statement k_period_apps{
    "usage_apps.of_period", // the day in front of the name makes MAX find the newest; days have 10 characters
    FOCUS_TOP_APPS(
        "usage_apps WHERE user_id = ? AND day >= ? AND day <= ?",
        "SELECT u.user_id, u.app_key, SUBSTR(MAX(CONCAT(u.day, u.app_name)), 11) AS app_name, u.app_package, u.app_category, "
        "SUM(u.total_ms) AS total_ms, SUM(u.sessions) AS sessions FROM chosen CROSS JOIN usage_apps u ON u.app_key = chosen.app_key "
        "WHERE u.user_id = ? AND u.day >= ? AND u.day <= ? GROUP BY u.user_id, u.app_key, u.app_package, u.app_category",
        "")};
constexpr db::Statement k_period_count{"usage_apps.count_of_period",
                                       "SELECT COUNT(DISTINCT app_key) FROM usage_apps WHERE user_id = ? AND day >= ? AND day <= ?"};
constexpr db::Statement k_period_categories{"usage_apps.categories_of_period", FOCUS_TOP_CATEGORIES("u.day >= ? AND u.day <= ?")};
constexpr db::Statement k_period_days{
    "usage_days.of_period", "SELECT day, total_ms, sessions FROM usage_days WHERE user_id = ? AND day >= ? AND day <= ? ORDER BY day"};
constexpr db::Statement k_latest_days{"usage_days.latest",
                                      "SELECT day, total_ms, sessions FROM usage_days WHERE user_id = ? ORDER BY day DESC LIMIT ?"};
constexpr db::Statement k_whole{"usage_days.whole", "SELECT COALESCE(SUM(total_ms), 0) FROM usage_days WHERE user_id = ?"};
constexpr db::Statement k_totals{"usage_totals.sums", "SELECT COUNT(DISTINCT app_key), COALESCE(SUM(total_ms), 0), "
                                                      "COALESCE(SUM(sessions), 0) FROM usage_totals WHERE user_id = ?"};
constexpr db::Statement k_top_apps{"usage_totals.top", FOCUS_TOP_TOTALS("")};
constexpr db::Statement k_app_total{"usage_totals.of_app", FOCUS_TOP_TOTALS(" AND app_key = ?")};
constexpr db::Statement k_keys_after{
    "usage_totals.keys", "SELECT app_key FROM usage_totals WHERE user_id = ? AND app_key > ? GROUP BY app_key ORDER BY app_key LIMIT ?"};
constexpr db::Statement k_apps_between{"usage_totals.between", FOCUS_TOP_TOTALS(" AND app_key > ? AND app_key <= ?")};
constexpr db::Statement k_stored_apps{"usage_apps.all", "SELECT day, app_key, app_package, app_category, device_type, app_name, total_ms, "
                                                        "sessions FROM usage_apps WHERE user_id = ?"};
constexpr db::Statement k_stored_totals{"usage_totals.stored",
                                        "SELECT app_key, app_package, app_category, device_type, app_name, total_ms, "
                                        "sessions FROM usage_totals WHERE user_id = ?"};
constexpr db::Statement k_stored_hours{"usage_hours.all", "SELECT day, hour, total_ms FROM usage_hours WHERE user_id = ?"};
constexpr db::Statement k_stored_days{"usage_days.all", "SELECT day, total_ms, sessions FROM usage_days WHERE user_id = ? ORDER BY day"};
constexpr db::Statement k_app_days{
    "usage_apps.days", "SELECT day, SUM(total_ms), SUM(sessions) FROM usage_apps WHERE user_id = ? AND app_key = ? AND day >= ? "
                       "GROUP BY day ORDER BY day"};
constexpr db::Statement k_app_called{"app_settings.called",
                                     "SELECT app_key FROM app_settings WHERE user_id = ? AND display_key = ? LIMIT 1"};
// A row holds what this change gave it and nothing else: it was not there before.
constexpr db::Statement k_is_new{"usage_apps.is_new", "SELECT 1 FROM usage_apps WHERE user_id = ? AND day = ? AND app_key = ? AND "
                                                      "app_package = ? AND app_category = ? AND device_type = ? AND sessions = ?"};
constexpr db::Statement k_save_setting{
    "app_settings.save",
    db::Sql{"INSERT INTO app_settings (user_id, app_key, display_name, display_key, app_category, updated_at_ms) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (user_id, app_key) DO UPDATE SET display_name = excluded.display_name, display_key = excluded.display_key, "
            "app_category = excluded.app_category, updated_at_ms = excluded.updated_at_ms",
            "INSERT INTO app_settings (user_id, app_key, display_name, display_key, app_category, updated_at_ms) VALUES (?, ?, ?, ?, ?, ?) "
            "ON DUPLICATE KEY UPDATE display_name = VALUES(display_name), display_key = VALUES(display_key), "
            "app_category = VALUES(app_category), updated_at_ms = VALUES(updated_at_ms)"}};
constexpr db::Statement k_drop_setting{"app_settings.drop", "DELETE FROM app_settings WHERE user_id = ? AND app_key = ?"};
#define FOCUS_MERGED_APPS                                                                                                                  \
    "INSERT INTO usage_apps (user_id, day, app_key, app_package, app_category, device_type, app_name, total_ms, sessions) "                \
    "SELECT user_id, day, app_key, app_package, app_category, '', MAX(app_name), SUM(total_ms), SUM(sessions) FROM usage_apps "            \
    "WHERE user_id = ? AND device_type <> '' GROUP BY user_id, day, app_key, app_package, app_category "
#define FOCUS_MERGED_TOTALS                                                                                                                \
    "INSERT INTO usage_totals (user_id, app_key, app_package, app_category, device_type, app_name, total_ms, sessions) "                   \
    "SELECT user_id, app_key, app_package, app_category, '', MAX(app_name), SUM(total_ms), SUM(sessions) FROM usage_totals "               \
    "WHERE user_id = ? AND device_type <> '' GROUP BY user_id, app_key, app_package, app_category "
constexpr db::Statement k_merge_apps{"usage_apps.merge_devices",
                                     db::Sql{FOCUS_MERGED_APPS
                                             "ON CONFLICT (user_id, day, app_key, app_package, app_category, device_type) DO UPDATE SET "
                                             "total_ms = total_ms + excluded.total_ms, sessions = sessions + excluded.sessions",
                                             FOCUS_MERGED_APPS "ON DUPLICATE KEY UPDATE total_ms = usage_apps.total_ms + VALUES(total_ms), "
                                                               "sessions = usage_apps.sessions + VALUES(sessions)"}};
constexpr db::Statement k_merge_totals{
    "usage_totals.merge_devices",
    db::Sql{FOCUS_MERGED_TOTALS "ON CONFLICT (user_id, app_key, app_package, app_category, device_type) DO UPDATE SET "
                                "total_ms = total_ms + excluded.total_ms, sessions = sessions + excluded.sessions",
            FOCUS_MERGED_TOTALS "ON DUPLICATE KEY UPDATE total_ms = usage_totals.total_ms + VALUES(total_ms), "
                                "sessions = usage_totals.sessions + VALUES(sessions)"}};
constexpr db::Statement k_drop_device_apps{"usage_apps.drop_devices", "DELETE FROM usage_apps WHERE user_id = ? AND device_type <> ''"};
constexpr db::Statement k_drop_device_totals{"usage_totals.drop_devices",
                                             "DELETE FROM usage_totals WHERE user_id = ? AND device_type <> ''"};
constexpr db::Statement k_forget_settings{"app_settings.forget_user", "DELETE FROM app_settings WHERE user_id = ?"};

/// Days in statements are always this text.
Day day_of(const db::Row& row, std::size_t column) { return Day::parse(row.get<std::string_view>(column)).value_or(Day{}); }

std::vector<rules::UsageRow> usage_of(const db::Result& result) {
    std::vector<rules::UsageRow> rows;
    rows.reserve(result.rows.size());
    for (const auto& row : result.rows) {
        rows.push_back({.app_key = row.get<std::string>(0),
                        .app_name = row.get<std::string>(1),
                        .app_package = row.get<std::string>(2),
                        .app_category = row.get<std::string>(3),
                        .total_ms = row.get<std::int64_t>(4),
                        .sessions = row.get<std::int64_t>(5)});
    }
    return rows;
}

std::vector<rules::DayUsage> days_of(const db::Result& result) {
    std::vector<rules::DayUsage> days;
    days.reserve(result.rows.size());
    for (const auto& row : result.rows) days.push_back({day_of(row, 0), row.get<std::int64_t>(1), row.get<std::int64_t>(2)});
    return days;
}

/// Of FOCUS_TOP_APPS without further columns.
Usage usage_with_settings(const db::Result& result) {
    Usage usage{usage_of(result), {}};
    for (const auto& row : result.rows) {
        if (row.is_null(6) && row.is_null(7)) continue;
        usage.settings[row.get<std::string>(0)] = {row.get<std::optional<std::string>>(6), row.get<std::optional<std::string>>(7)};
    }
    return usage;
}

/// With FOCUS_USED.
AppsPage apps_of(const db::Result& apps, const db::Result& whole) {
    AppsPage page{.usage = usage_with_settings(apps), .used = {}, .whole_ms = whole.rows.at(0).get<std::int64_t>(0)};
    for (const auto& row : apps.rows) {
        if (!row.is_null(8)) page.used.emplace(row.get<std::string>(0), std::pair{day_of(row, 8), day_of(row, 9)});
    }
    return page;
}

std::vector<rules::UsageRow> categories_of(const db::Result& result) {
    std::vector<rules::UsageRow> rows;
    rows.reserve(result.rows.size());
    for (const auto& row : result.rows) {
        rows.push_back({.app_key = {},
                        .app_name = {},
                        .app_package = {},
                        .app_category = row.get<std::string>(0),
                        .total_ms = row.get<std::int64_t>(1)});
    }
    return rows;
}

Sums sums_of(const db::Result& result) {
    const auto& row = result.rows.at(0);
    return {.apps = row.get<std::int64_t>(0), .ms = row.get<std::int64_t>(1), .sessions = row.get<std::int64_t>(2)};
}

/// Collects the rows of one statement of apply().
struct Upserts {
    const db::Statement& add;
    const db::Statement& drop;
    std::vector<db::Values> added;
    std::vector<db::Command> dropped;

    /// `key` and what follows it in the INSERT.
    void change(db::Values row, std::size_t key_size, bool taken) {
        if (taken) {
            auto& command = dropped.emplace_back(db::Command::of(drop));
            command.params.assign(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(key_size));
        }
        added.push_back(std::move(row));
    }
    void defer(db::Transaction& tx) {
        for (auto& command : db::for_rows(tx.dialect(), add, std::move(added))) tx.defer(std::move(command));
        for (auto& command : dropped) tx.defer(std::move(command));
    }
};

void apply_apps(db::Transaction& tx, std::int64_t user_id, const std::map<rules::Delta::AppKey, rules::Delta::AppChange>& changes) {
    Upserts apps{k_add_app, k_drop_app, {}, {}};
    for (const auto& [key, change] : changes) {
        apps.change(db::values_of(user_id, key.day.to_string(), key.app_key, key.app_package, key.app_category, key.device_type,
                                  change.app_name, change.ms, change.sessions),
                    6, change.sessions < 0);
    }
    apps.defer(tx);
}

void apply_totals(db::Transaction& tx, std::int64_t user_id, const std::map<rules::Delta::AppKey, rules::Delta::AppChange>& changes) {
    Upserts totals{k_add_total, k_drop_total, {}, {}};
    for (const auto& [key, change] : changes) {
        totals.change(db::values_of(user_id, key.app_key, key.app_package, key.app_category, key.device_type, change.app_name, change.ms,
                                    change.sessions),
                      5, change.sessions < 0);
    }
    totals.defer(tx);
}

void apply_days(db::Transaction& tx, std::int64_t user_id, const std::map<Day, rules::Delta::DayChange>& changes) {
    Upserts days{k_add_day, k_drop_day, {}, {}};
    for (const auto& [day, change] : changes) { // those that keep their sums, too: whoever changes a day holds its row
        days.change(db::values_of(user_id, day.to_string(), change.ms, change.sessions), 2, change.sessions < 0);
    }
    days.defer(tx);
}

void apply_hours(db::Transaction& tx, std::int64_t user_id, const std::map<std::pair<Day, int>, std::int64_t>& changes) {
    Upserts hours{k_add_hour, k_drop_hour, {}, {}};
    for (const auto& [key, ms] : changes) {
        if (ms != 0) hours.change(db::values_of(user_id, key.first.to_string(), key.second, ms), 3, ms < 0);
    }
    hours.defer(tx);
}

} // namespace

void apply(db::Transaction& tx, std::int64_t user_id, const rules::Delta& delta) {
    apply_apps(tx, user_id, delta.apps());
    apply_totals(tx, user_id, delta.totals());
    apply_days(tx, user_id, delta.days());
    apply_hours(tx, user_id, delta.hours());
}

void apply(db::Transaction& tx, std::int64_t user_id, const RollUps& changes) {
    apply_apps(tx, user_id, changes.apps);
    apply_totals(tx, user_id, changes.totals);
    apply_days(tx, user_id, changes.days);
    apply_hours(tx, user_id, changes.hours);
}

RollUps roll_ups_of(const rules::Delta& delta) {
    return {.apps = delta.apps(), .totals = delta.totals(), .days = delta.days(), .hours = delta.hours()};
}

db::Task<RollUps> stored_roll_ups(db::Session& session, std::int64_t user_id) {
    std::vector<db::Command> commands;
    commands.push_back(db::Command::of(k_stored_apps, user_id));
    commands.push_back(db::Command::of(k_stored_totals, user_id));
    commands.push_back(db::Command::of(k_stored_days, user_id));
    commands.push_back(db::Command::of(k_stored_hours, user_id));
    const auto results = co_await session.run(std::move(commands));
    RollUps sums;
    for (const auto& row : results.at(0).rows) {
        sums.apps[{day_of(row, 0), row.get<std::string>(1), row.get<std::string>(2), row.get<std::string>(3), row.get<std::string>(4)}] = {
            row.get<std::string>(5), row.get<std::int64_t>(6), row.get<std::int64_t>(7)};
    }
    for (const auto& row : results.at(1).rows) {
        sums.totals[{Day{}, row.get<std::string>(0), row.get<std::string>(1), row.get<std::string>(2), row.get<std::string>(3)}] = {
            row.get<std::string>(4), row.get<std::int64_t>(5), row.get<std::int64_t>(6)};
    }
    for (const auto& row : results.at(2).rows) sums.days[day_of(row, 0)] = {row.get<std::int64_t>(1), row.get<std::int64_t>(2)};
    for (const auto& row : results.at(3).rows) sums.hours[{day_of(row, 0), row.get<int>(1)}] = row.get<std::int64_t>(2);
    co_return sums;
}

db::Task<DayParts> day_parts(db::Session& session, std::int64_t user_id, Day day) {
    const auto name = day.to_string();
    std::vector<db::Command> commands;
    commands.push_back(db::Command::of(k_day_apps, user_id, name, k_max_day_apps, 0, user_id, name));
    commands.push_back(db::Command::of(k_day_sums, user_id, name));
    commands.push_back(db::Command::of(k_day_categories, user_id, name, k_max_categories));
    commands.push_back(db::Command::of(k_day_hours, user_id, name));
    commands.push_back(day_total_command(user_id, day.plus(-1)));
    const auto results = co_await session.run(std::move(commands));
    DayParts parts{.apps = usage_with_settings(results.at(0)),
                   .sums = sums_of(results.at(1)),
                   .categories = categories_of(results.at(2)),
                   .hours = {},
                   .previous_ms = day_total_of(results.at(4))};
    for (const auto& row : results.at(3).rows) parts.hours.emplace_back(row.get<int>(0), row.get<std::int64_t>(1));
    co_return parts;
}

db::Task<PeriodParts> period_parts(db::Session& session, std::int64_t user_id, Day first, Day last) {
    const auto from = first.to_string();
    const auto to = last.to_string();
    std::vector<db::Command> commands;
    commands.push_back(db::Command::of(k_period_apps, user_id, from, to, k_max_period_apps, 0, user_id, from, to));
    commands.push_back(db::Command::of(k_period_count, user_id, from, to));
    commands.push_back(db::Command::of(k_period_categories, user_id, from, to, k_max_categories));
    commands.push_back(db::Command::of(k_period_days, user_id, first.plus(first.since(last) - 1).to_string(), to));
    const auto results = co_await session.run(std::move(commands));
    co_return PeriodParts{.apps = usage_with_settings(results.at(0)),
                          .apps_used = results.at(1).rows.at(0).get<std::int64_t>(0),
                          .categories = categories_of(results.at(2)),
                          .days = days_of(results.at(3))};
}

db::Task<std::vector<rules::DayUsage>> app_days(db::Session& session, std::int64_t user_id, std::string_view app_key, Day since) {
    co_return days_of(co_await session.execute(k_app_days, user_id, app_key, since.to_string()));
}

db::Task<std::optional<std::string>> app_called(db::Session& session, std::int64_t user_id, std::string_view display_key) {
    const auto row = co_await session.find(k_app_called, user_id, display_key);
    co_return row ? std::optional{row->get<std::string>(0)} : std::nullopt;
}

db::Task<AppsPage> app(db::Session& session, std::int64_t user_id, std::string_view app_key) {
    std::vector<db::Command> commands;
    commands.push_back(db::Command::of(k_app_total, user_id, app_key, k_all, 0, user_id));
    commands.push_back(db::Command::of(k_whole, user_id));
    const auto results = co_await session.run(std::move(commands));
    co_return apps_of(results.at(0), results.at(1));
}

db::Task<AppsPage> top_apps(db::Session& session, std::int64_t user_id, std::int64_t skip, std::int64_t limit) {
    std::vector<db::Command> commands;
    commands.push_back(db::Command::of(k_top_apps, user_id, limit, skip, user_id));
    commands.push_back(db::Command::of(k_whole, user_id));
    commands.push_back(db::Command::of(k_totals, user_id));
    const auto results = co_await session.run(std::move(commands));
    auto page = apps_of(results.at(0), results.at(1));
    page.sums = sums_of(results.at(2));
    co_return page;
}

db::Task<AppsPage> apps_after(db::Session& session, std::int64_t user_id, std::string_view after, std::int64_t limit) {
    const auto keys = co_await session.execute(k_keys_after, user_id, after, limit);
    if (keys.rows.empty()) co_return AppsPage{};
    const auto last = keys.rows.back().get<std::string>(0);
    std::vector<db::Command> commands;
    commands.push_back(db::Command::of(k_apps_between, user_id, after, last, k_all, 0, user_id));
    commands.push_back(db::Command::of(k_whole, user_id));
    const auto results = co_await session.run(std::move(commands));
    auto page = apps_of(results.at(0), results.at(1));
    if (std::ssize(keys.rows) == limit) page.next = last;
    co_return page;
}

void save_setting(db::Transaction& tx, std::int64_t user_id, std::string_view app_key, const rules::AppSetting& setting, EpochMs now) {
    if (!setting.display_name && !setting.app_category) {
        tx.defer(k_drop_setting, user_id, app_key);
        return;
    }
    const auto display_key = setting.display_name ? std::optional{fold_case(*setting.display_name)} : std::nullopt;
    tx.defer(k_save_setting, user_id, app_key, setting.display_name, display_key, setting.app_category, now);
}

void forget_settings(db::Transaction& tx, std::int64_t user_id) { tx.defer(k_forget_settings, user_id); }

void merge_devices(db::Transaction& tx, std::int64_t user_id) {
    tx.defer(k_merge_apps, user_id);
    tx.defer(k_drop_device_apps, user_id);
    tx.defer(k_merge_totals, user_id);
    tx.defer(k_drop_device_totals, user_id);
}

db::Task<std::vector<rules::DayUsage>> latest_days(db::Session& session, std::int64_t user_id) {
    auto days = days_of(co_await session.execute(k_latest_days, user_id, k_max_days));
    std::ranges::reverse(days);
    co_return days;
}

db::Command crowded_command(db::Dialect dialect, std::int64_t user_id, const std::set<Day>& days) {
    std::vector<std::string> names;
    for (const auto day : days) names.push_back(day.to_string());
    constexpr std::string_view k_counts = "SELECT day, COUNT(*) FROM usage_apps WHERE user_id = ? AND day IN (";
    constexpr std::string_view k_too_many = ") GROUP BY day HAVING COUNT(*) > ?";
    std::string list = "SELECT value FROM json_each(?)"; // SQLite: one text for any number of days, so that it is prepared once
    db::Values params{db::to_value(user_id)};
    if (dialect == db::Dialect::sqlite) {
        params.push_back(db::to_value(json::write(names)));
    } else {
        list = db::places(names.size());
        for (auto& name : names) params.emplace_back(std::move(name));
    }
    params.push_back(db::to_value(k_max_apps_a_day));
    return db::Command::composed("usage_apps.crowded", std::format("{}{}{}", k_counts, list, k_too_many), std::move(params));
}

std::map<Day, std::int64_t> crowded_of(const db::Result& result) {
    std::map<Day, std::int64_t> days;
    for (const auto& row : result.rows) days.emplace(day_of(row, 0), row.get<std::int64_t>(1));
    return days;
}

db::Task<std::set<rules::Delta::AppKey>> new_apps(db::Session& session, std::int64_t user_id, const rules::Delta& delta,
                                                  std::map<Day, std::int64_t> days) {
    std::vector<rules::Delta::AppKey> keys;
    std::vector<db::Command> commands;
    for (const auto& [key, change] : delta.apps()) {
        if (change.sessions <= 0 || !days.contains(key.day)) continue;
        keys.push_back(key);
        commands.push_back(db::Command::of(k_is_new, user_id, key.day.to_string(), key.app_key, key.app_package, key.app_category,
                                           key.device_type, change.sessions));
    }
    std::set<rules::Delta::AppKey> fresh;
    if (keys.empty()) co_return fresh;
    const auto results = co_await session.run(std::move(commands));
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (!results.at(i).rows.empty()) fresh.insert(std::move(keys[i]));
    }
    co_return fresh;
}

} // namespace focus::activities::repository
