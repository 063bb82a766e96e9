#include "features/activities/usage_repository.hpp"

#include "core/base/fold.hpp"
#include "core/db/bulk.hpp"
#include "core/json/json.hpp"
#include "features/activities/repository.hpp"

#include <algorithm>
#include <format>

namespace focus::activities::repository {

namespace {

// The rows of the roll-ups.
struct AppRow {
    std::int64_t user_id = 0;
    Day day;
    std::string app_key;
    std::string app_package;
    std::string app_category;
    std::string device_type;
    std::string app_name;
    std::int64_t total_ms = 0;
    std::int64_t sessions = 0;
};
struct TotalRow {
    std::int64_t user_id = 0;
    std::string app_key;
    std::string app_package;
    std::string app_category;
    std::string device_type;
    std::string app_name;
    std::int64_t total_ms = 0;
    std::int64_t sessions = 0;
};
struct DayRow {
    std::int64_t user_id = 0;
    Day day;
    std::int64_t total_ms = 0;
    std::int64_t sessions = 0;
};
struct HourRow {
    std::int64_t user_id = 0;
    Day day;
    int hour = 0;
    std::int64_t total_ms = 0;
};

// A roll-up's name is the one written last, so a change without time may change it; the removal of rows does not.
constexpr auto k_add_app = db::insert<AppRow>("usage_apps.add", "usage_apps", {},
                                              " ON CONFLICT (user_id, day, app_key, app_package, app_category, device_type) DO UPDATE SET "
                                              "app_name = CASE WHEN excluded.sessions >= 0 THEN excluded.app_name ELSE app_name END, "
                                              "total_ms = total_ms + excluded.total_ms, sessions = sessions + excluded.sessions",
                                              " ON DUPLICATE KEY UPDATE app_name = IF(VALUES(sessions) >= 0, VALUES(app_name), app_name), "
                                              "total_ms = total_ms + VALUES(total_ms), sessions = sessions + VALUES(sessions)");
constexpr db::Statement k_drop_app{"usage_apps.drop", "DELETE FROM usage_apps WHERE user_id = ? AND day = ? AND app_key = ? AND "
                                                      "app_package = ? AND app_category = ? AND device_type = ? AND sessions = 0"};
constexpr auto k_add_total =
    db::insert<TotalRow>("usage_totals.add", "usage_totals", {},
                         " ON CONFLICT (user_id, app_key, app_package, app_category, device_type) DO UPDATE SET "
                         "app_name = CASE WHEN excluded.sessions >= 0 THEN excluded.app_name ELSE app_name END, "
                         "total_ms = total_ms + excluded.total_ms, sessions = sessions + excluded.sessions",
                         " ON DUPLICATE KEY UPDATE app_name = IF(VALUES(sessions) >= 0, VALUES(app_name), app_name), "
                         "total_ms = total_ms + VALUES(total_ms), sessions = sessions + VALUES(sessions)");
constexpr db::Statement k_drop_total{"usage_totals.drop", "DELETE FROM usage_totals WHERE user_id = ? AND app_key = ? AND app_package = ? "
                                                          "AND app_category = ? AND device_type = ? AND sessions = 0"};
constexpr auto k_add_day =
    db::insert<DayRow>("usage_days.add", "usage_days", {},
                       " ON CONFLICT (user_id, day) DO UPDATE SET total_ms = total_ms + excluded.total_ms, "
                       "sessions = sessions + excluded.sessions",
                       " ON DUPLICATE KEY UPDATE total_ms = total_ms + VALUES(total_ms), sessions = sessions + VALUES(sessions)");
constexpr db::Statement k_drop_day{"usage_days.drop", "DELETE FROM usage_days WHERE user_id = ? AND day = ? AND sessions = 0"};
constexpr auto k_add_hour = db::insert<HourRow>("usage_hours.add", "usage_hours", {},
                                                " ON CONFLICT (user_id, day, hour) DO UPDATE SET total_ms = total_ms + excluded.total_ms",
                                                " ON DUPLICATE KEY UPDATE total_ms = total_ms + VALUES(total_ms)");
constexpr db::Statement k_drop_hour{"usage_hours.drop",
                                    "DELETE FROM usage_hours WHERE user_id = ? AND day = ? AND hour = ? AND total_ms = 0"};

/// A part of an app's time, with what the user has set for the app.
struct TopApp {
    std::string app_key;
    std::string app_name;
    std::string app_package;
    std::string app_category;
    std::int64_t total_ms = 0;
    std::int64_t sessions = 0;
    std::optional<std::string> display_name;
    std::optional<std::string> set_category;
};
/// The same with the days on which the app was first and last used.
struct TopAppDays {
    TopApp app;
    std::optional<Day> first_day;
    std::optional<Day> last_day;
};

/// The most used apps of `chosen` (a table and a condition; after its parameters come LIMIT and OFFSET), each with its
/// `parts` and with the user's settings. `days` are further columns. What an app has beyond the ten parts with most of
/// its time is added to the first of them: sums stay exact, and an app that is recorded under thousands of packages costs
/// no more than others. Parts are read by a CROSS JOIN: SQLite then begins with the chosen apps.
template <std::size_t A, std::size_t B, std::size_t C>
consteval auto top_apps_sql(const db::SqlText<A>& chosen, const db::SqlText<B>& parts, const db::SqlText<C>& days) {
    return "WITH chosen AS (SELECT app_key, SUM(total_ms) AS app_ms FROM " + chosen +
           " GROUP BY app_key ORDER BY app_ms DESC, app_key LIMIT ? OFFSET ?), parts AS (" + parts +
           "), placed AS (SELECT parts.*, ROW_NUMBER() OVER (PARTITION BY parts.app_key ORDER BY parts.total_ms DESC) AS place FROM "
           "parts) SELECT p.app_key, MAX(CASE WHEN p.place <= 10 THEN p.app_name END) AS app_name, "
           "MAX(CASE WHEN p.place <= 10 THEN p.app_package END) AS app_package, "
           "MAX(CASE WHEN p.place <= 10 THEN p.app_category END) AS app_category, SUM(p.total_ms) AS total_ms, "
           "SUM(p.sessions) AS sessions, MAX(s.display_name) AS display_name, MAX(s.app_category) AS set_category" +
           days +
           " FROM placed p LEFT JOIN app_settings s ON s.user_id = p.user_id AND s.app_key = p.app_key "
           "GROUP BY p.user_id, p.app_key, CASE WHEN p.place > 10 THEN 1 ELSE p.place END";
}
template <std::size_t N>
consteval auto parts_of(const char (&table)[N]) {
    return "SELECT u.user_id, u.app_key, u.app_name, u.app_package, u.app_category, u.total_ms, u.sessions FROM chosen CROSS JOIN " +
           db::SqlText<N>{table} + " u ON u.app_key = chosen.app_key WHERE u.user_id = ?";
}
constexpr db::SqlText k_no_days{""};
constexpr db::SqlText k_used_days{
    ", (SELECT MIN(u.day) FROM usage_apps u WHERE u.user_id = p.user_id AND u.app_key = p.app_key) AS first_day"
    ", (SELECT MAX(u.day) FROM usage_apps u WHERE u.user_id = p.user_id AND u.app_key = p.app_key) AS last_day"};
/// Of the totals that match `which`.
template <std::size_t N>
consteval auto top_totals_sql(const char (&which)[N]) {
    return top_apps_sql("usage_totals WHERE user_id = ?" + db::SqlText<N>{which}, parts_of("usage_totals"), k_used_days);
}

/// A category's time.
struct TopCategory {
    std::string category;
    std::int64_t category_ms = 0;
};
/// Sums by the category that the user has set, else the recorded one; those with most of the time.
template <std::size_t N>
consteval auto top_categories_sql(const char (&days)[N]) {
    return "SELECT COALESCE(s.app_category, u.app_category) AS category, SUM(u.total_ms) AS category_ms FROM usage_apps u "
           "LEFT JOIN app_settings s ON s.user_id = u.user_id AND s.app_key = u.app_key WHERE u.user_id = ? AND " +
           db::SqlText<N>{days} + " GROUP BY category ORDER BY category_ms DESC, category LIMIT ?";
}

constexpr std::int64_t k_all = 1'000'000'000; // where the size is bounded otherwise

struct HourTime {
    int hour = 0;
    std::int64_t total_ms = 0;
};
constexpr auto k_day_apps = db::select<TopApp>("usage_apps.of_day", top_apps_sql(db::SqlText{"usage_apps WHERE user_id = ? AND day = ?"},
                                                                                 parts_of("usage_apps") + " AND u.day = ?", k_no_days));
constexpr auto k_day_sums =
    db::select<Sums>("usage_apps.sums_of_day", "SELECT COUNT(DISTINCT app_key) AS apps, COALESCE(SUM(total_ms), 0) AS total_ms, "
                                               "COALESCE(SUM(sessions), 0) AS sessions FROM usage_apps WHERE user_id = ? AND day = ?");
constexpr auto k_day_categories = db::select<TopCategory>("usage_apps.categories_of_day", top_categories_sql("u.day = ?"));
constexpr auto k_day_hours = db::select<HourTime>("usage_hours.of_day", "SELECT * FROM usage_hours WHERE user_id = ? AND day = ?");
constexpr auto k_period_apps = db::select<TopApp>(
    "usage_apps.of_period", // the day as prefix makes MAX find the newest name; days have 10 characters
    top_apps_sql(
        db::SqlText{"usage_apps WHERE user_id = ? AND day >= ? AND day <= ?"},
        db::SqlText{
            "SELECT u.user_id, u.app_key, SUBSTR(MAX(CONCAT(u.day, u.app_name)), 11) AS app_name, u.app_package, u.app_category, "
            "SUM(u.total_ms) AS total_ms, SUM(u.sessions) AS sessions FROM chosen CROSS JOIN usage_apps u ON u.app_key = chosen.app_key "
            "WHERE u.user_id = ? AND u.day >= ? AND u.day <= ? GROUP BY u.user_id, u.app_key, u.app_package, u.app_category"},
        k_no_days));
constexpr auto k_period_count = db::select<std::int64_t>(
    "usage_apps.count_of_period", "SELECT COUNT(DISTINCT app_key) FROM usage_apps WHERE user_id = ? AND day >= ? AND day <= ?");
constexpr auto k_period_categories =
    db::select<TopCategory>("usage_apps.categories_of_period", top_categories_sql("u.day >= ? AND u.day <= ?"));
constexpr auto k_period_days = db::select<rules::DayUsage>(
    "usage_days.of_period", "SELECT * FROM usage_days WHERE user_id = ? AND day >= ? AND day <= ? ORDER BY day");
constexpr auto k_latest_days =
    db::select<rules::DayUsage>("usage_days.latest", "SELECT * FROM usage_days WHERE user_id = ? ORDER BY day DESC LIMIT ?");
constexpr auto k_whole =
    db::select<std::int64_t>("usage_days.whole", "SELECT COALESCE(SUM(total_ms), 0) FROM usage_days WHERE user_id = ?");
constexpr auto k_totals =
    db::select<Sums>("usage_totals.sums", "SELECT COUNT(DISTINCT app_key) AS apps, COALESCE(SUM(total_ms), 0) AS total_ms, "
                                          "COALESCE(SUM(sessions), 0) AS sessions FROM usage_totals WHERE user_id = ?");
constexpr auto k_top_apps = db::select<TopAppDays>("usage_totals.top", top_totals_sql(""));
constexpr auto k_app_total = db::select<TopAppDays>("usage_totals.of_app", top_totals_sql(" AND app_key = ?"));
constexpr auto k_keys_after = db::select<std::string>(
    "usage_totals.keys", "SELECT app_key FROM usage_totals WHERE user_id = ? AND app_key > ? GROUP BY app_key ORDER BY app_key LIMIT ?");
constexpr auto k_apps_between = db::select<TopAppDays>("usage_totals.between", top_totals_sql(" AND app_key > ? AND app_key <= ?"));
constexpr auto k_stored_apps = db::select<AppRow>("usage_apps.all", "SELECT * FROM usage_apps WHERE user_id = ?");
constexpr auto k_stored_totals = db::select<TotalRow>("usage_totals.stored", "SELECT * FROM usage_totals WHERE user_id = ?");
constexpr auto k_stored_hours = db::select<HourRow>("usage_hours.all", "SELECT * FROM usage_hours WHERE user_id = ?");
constexpr auto k_stored_days = db::select<DayRow>("usage_days.all", "SELECT * FROM usage_days WHERE user_id = ? ORDER BY day");
constexpr auto k_app_days = db::select<rules::DayUsage>(
    "usage_apps.days", "SELECT day, SUM(total_ms) AS total_ms, SUM(sessions) AS sessions FROM usage_apps WHERE user_id = ? AND "
                       "app_key = ? AND day >= ? GROUP BY day ORDER BY day");
constexpr auto k_app_called =
    db::select<std::string>("app_settings.called", "SELECT app_key FROM app_settings WHERE user_id = ? AND display_key = ? LIMIT 1");
// A row is new when it holds only what this change gave it.
constexpr auto k_is_new = db::select<int>("usage_apps.is_new", "SELECT 1 FROM usage_apps WHERE user_id = ? AND day = ? AND app_key = ? AND "
                                                               "app_package = ? AND app_category = ? AND device_type = ? AND sessions = ?");

/// A row of `app_settings`.
struct SettingRow {
    std::int64_t user_id = 0;
    std::string app_key;
    std::optional<std::string> display_name;
    std::optional<std::string> display_key; // the name, folded
    std::optional<std::string> app_category;
    json::Timestamp updated_at;
};
constexpr auto k_save_setting = db::insert<SettingRow>(
    "app_settings.save", "app_settings", {},
    " ON CONFLICT (user_id, app_key) DO UPDATE SET display_name = excluded.display_name, display_key = excluded.display_key, "
    "app_category = excluded.app_category, updated_at_ms = excluded.updated_at_ms",
    " ON DUPLICATE KEY UPDATE display_name = VALUES(display_name), display_key = VALUES(display_key), "
    "app_category = VALUES(app_category), updated_at_ms = VALUES(updated_at_ms)");
constexpr db::Statement k_drop_setting{"app_settings.drop", "DELETE FROM app_settings WHERE user_id = ? AND app_key = ?"};
constexpr db::SqlText k_merged_apps{
    "INSERT INTO usage_apps (user_id, day, app_key, app_package, app_category, device_type, app_name, total_ms, sessions) "
    "SELECT user_id, day, app_key, app_package, app_category, '', MAX(app_name), SUM(total_ms), SUM(sessions) FROM usage_apps "
    "WHERE user_id = ? AND device_type <> '' GROUP BY user_id, day, app_key, app_package, app_category "};
constexpr auto k_merge_apps_sqlite = k_merged_apps +
                                     "ON CONFLICT (user_id, day, app_key, app_package, app_category, device_type) DO UPDATE SET "
                                     "total_ms = total_ms + excluded.total_ms, sessions = sessions + excluded.sessions";
constexpr auto k_merge_apps_mysql = k_merged_apps + "ON DUPLICATE KEY UPDATE total_ms = usage_apps.total_ms + VALUES(total_ms), "
                                                    "sessions = usage_apps.sessions + VALUES(sessions)";
constexpr db::Statement k_merge_apps{"usage_apps.merge_devices", db::Sql{k_merge_apps_sqlite, k_merge_apps_mysql}};
constexpr db::SqlText k_merged_totals{
    "INSERT INTO usage_totals (user_id, app_key, app_package, app_category, device_type, app_name, total_ms, sessions) "
    "SELECT user_id, app_key, app_package, app_category, '', MAX(app_name), SUM(total_ms), SUM(sessions) FROM usage_totals "
    "WHERE user_id = ? AND device_type <> '' GROUP BY user_id, app_key, app_package, app_category "};
constexpr auto k_merge_totals_sqlite = k_merged_totals +
                                       "ON CONFLICT (user_id, app_key, app_package, app_category, device_type) DO UPDATE SET "
                                       "total_ms = total_ms + excluded.total_ms, sessions = sessions + excluded.sessions";
constexpr auto k_merge_totals_mysql = k_merged_totals + "ON DUPLICATE KEY UPDATE total_ms = usage_totals.total_ms + VALUES(total_ms), "
                                                        "sessions = usage_totals.sessions + VALUES(sessions)";
constexpr db::Statement k_merge_totals{"usage_totals.merge_devices", db::Sql{k_merge_totals_sqlite, k_merge_totals_mysql}};
constexpr db::Statement k_drop_device_apps{"usage_apps.drop_devices", "DELETE FROM usage_apps WHERE user_id = ? AND device_type <> ''"};
constexpr db::Statement k_drop_device_totals{"usage_totals.drop_devices",
                                             "DELETE FROM usage_totals WHERE user_id = ? AND device_type <> ''"};
constexpr db::Statement k_forget_settings{"app_settings.forget_user", "DELETE FROM app_settings WHERE user_id = ?"};

/// A day with many apps.
struct CrowdedDay {
    Day day;
    std::int64_t apps = 0;
};

void add(Usage& usage, const TopApp& app) {
    usage.rows.push_back({.app_key = app.app_key,
                          .app_name = app.app_name,
                          .app_package = app.app_package,
                          .app_category = app.app_category,
                          .total_ms = app.total_ms,
                          .sessions = app.sessions});
    if (app.display_name || app.set_category) usage.settings[app.app_key] = {app.display_name, app.set_category};
}

Usage usage_of(const std::vector<TopApp>& apps) {
    Usage usage;
    for (const auto& app : apps) add(usage, app);
    return usage;
}

AppsPage page_of(const std::vector<TopAppDays>& apps, std::int64_t whole_ms) {
    AppsPage page{.usage = {}, .used = {}, .whole_ms = whole_ms};
    for (const auto& [app, first_day, last_day] : apps) {
        add(page.usage, app);
        if (first_day && last_day) page.used.emplace(app.app_key, std::pair{*first_day, *last_day});
    }
    return page;
}

std::vector<rules::UsageRow> usage_rows_of(const std::vector<TopCategory>& categories) {
    std::vector<rules::UsageRow> rows;
    rows.reserve(categories.size());
    for (const auto& row : categories) {
        rows.push_back({.app_key = {}, .app_name = {}, .app_package = {}, .app_category = row.category, .total_ms = row.category_ms});
    }
    return rows;
}

/// Queues the statements that add to roll-up rows, then those that delete rows that became empty.
void defer_all(db::Transaction& tx, std::vector<db::Command> added, std::vector<db::Command> dropped) {
    for (auto& command : added) tx.defer(std::move(command));
    for (auto& command : dropped) tx.defer(std::move(command));
}

void apply_apps(db::Transaction& tx, std::int64_t user_id, const std::map<rules::Delta::AppKey, rules::Delta::AppChange>& changes) {
    std::vector<AppRow> rows;
    std::vector<db::Command> dropped;
    for (const auto& [key, change] : changes) {
        rows.push_back({.user_id = user_id,
                        .day = key.day,
                        .app_key = key.app_key,
                        .app_package = key.app_package,
                        .app_category = key.app_category,
                        .device_type = key.device_type,
                        .app_name = change.app_name,
                        .total_ms = change.ms,
                        .sessions = change.sessions});
        if (change.sessions < 0) {
            dropped.push_back(
                db::Command::of(k_drop_app, user_id, key.day.to_string(), key.app_key, key.app_package, key.app_category, key.device_type));
        }
    }
    defer_all(tx, k_add_app.rows(tx.dialect(), rows), std::move(dropped));
}

void apply_totals(db::Transaction& tx, std::int64_t user_id, const std::map<rules::Delta::AppKey, rules::Delta::AppChange>& changes) {
    std::vector<TotalRow> rows;
    std::vector<db::Command> dropped;
    for (const auto& [key, change] : changes) {
        rows.push_back({.user_id = user_id,
                        .app_key = key.app_key,
                        .app_package = key.app_package,
                        .app_category = key.app_category,
                        .device_type = key.device_type,
                        .app_name = change.app_name,
                        .total_ms = change.ms,
                        .sessions = change.sessions});
        if (change.sessions < 0) {
            dropped.push_back(db::Command::of(k_drop_total, user_id, key.app_key, key.app_package, key.app_category, key.device_type));
        }
    }
    defer_all(tx, k_add_total.rows(tx.dialect(), rows), std::move(dropped));
}

void apply_days(db::Transaction& tx, std::int64_t user_id, const std::map<Day, rules::Delta::DayChange>& changes) {
    std::vector<DayRow> rows;
    std::vector<db::Command> dropped;
    for (const auto& [day, change] : changes) { // also those with unchanged sums: a transaction that changes a day locks its row
        rows.push_back({.user_id = user_id, .day = day, .total_ms = change.ms, .sessions = change.sessions});
        if (change.sessions < 0) dropped.push_back(db::Command::of(k_drop_day, user_id, day.to_string()));
    }
    defer_all(tx, k_add_day.rows(tx.dialect(), rows), std::move(dropped));
}

void apply_hours(db::Transaction& tx, std::int64_t user_id, const std::map<std::pair<Day, int>, std::int64_t>& changes) {
    std::vector<HourRow> rows;
    std::vector<db::Command> dropped;
    for (const auto& [key, ms] : changes) {
        const auto& [day, hour] = key;
        if (ms != 0) rows.push_back({.user_id = user_id, .day = day, .hour = hour, .total_ms = ms});
        if (ms < 0) dropped.push_back(db::Command::of(k_drop_hour, user_id, day.to_string(), hour));
    }
    defer_all(tx, k_add_hour.rows(tx.dialect(), rows), std::move(dropped));
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
    const auto [apps, totals, days, hours] = co_await session.all(k_stored_apps.all(user_id), k_stored_totals.all(user_id),
                                                                  k_stored_days.all(user_id), k_stored_hours.all(user_id));
    RollUps sums;
    for (const auto& row : apps) {
        sums.apps[{row.day, row.app_key, row.app_package, row.app_category, row.device_type}] = {row.app_name, row.total_ms, row.sessions};
    }
    for (const auto& row : totals) {
        sums.totals[{Day{}, row.app_key, row.app_package, row.app_category, row.device_type}] = {row.app_name, row.total_ms, row.sessions};
    }
    for (const auto& row : days) sums.days[row.day] = {row.total_ms, row.sessions};
    for (const auto& row : hours) sums.hours[{row.day, row.hour}] = row.total_ms;
    co_return sums;
}

db::Task<DayParts> day_parts(db::Session& session, std::int64_t user_id, Day day) {
    const auto name = day.to_string();
    const auto [apps, sums, categories, hours, previous_ms] = co_await session.all(
        k_day_apps.all(user_id, name, k_max_day_apps, 0, user_id, name), k_day_sums.one(user_id, name),
        k_day_categories.all(user_id, name, k_max_categories), k_day_hours.all(user_id, name), day_total(user_id, day.plus(-1)));
    DayParts parts{.apps = usage_of(apps), .sums = sums, .categories = usage_rows_of(categories), .hours = {}, .previous_ms = previous_ms};
    for (const auto& row : hours) parts.hours.emplace_back(row.hour, row.total_ms);
    co_return parts;
}

db::Task<PeriodParts> period_parts(db::Session& session, std::int64_t user_id, Day first, Day last) {
    const auto from = first.to_string();
    const auto to = last.to_string();
    auto [apps, apps_used, categories, days] =
        co_await session.all(k_period_apps.all(user_id, from, to, k_max_period_apps, 0, user_id, from, to),
                             k_period_count.one(user_id, from, to), k_period_categories.all(user_id, from, to, k_max_categories),
                             k_period_days.all(user_id, first.plus(first.since(last) - 1).to_string(), to));
    co_return PeriodParts{.apps = usage_of(apps), .apps_used = apps_used, .categories = usage_rows_of(categories), .days = std::move(days)};
}

db::Task<std::vector<rules::DayUsage>> app_days(db::Session& session, std::int64_t user_id, std::string_view app_key, Day since) {
    return session.get(k_app_days.all(user_id, app_key, since.to_string()));
}

db::Task<std::optional<std::string>> app_called(db::Session& session, std::int64_t user_id, std::string_view display_key) {
    return session.get(k_app_called.first(user_id, display_key));
}

db::Task<AppsPage> app(db::Session& session, std::int64_t user_id, std::string_view app_key) {
    const auto [apps, whole_ms] = co_await session.all(k_app_total.all(user_id, app_key, k_all, 0, user_id), k_whole.one(user_id));
    co_return page_of(apps, whole_ms);
}

db::Task<AppsPage> top_apps(db::Session& session, std::int64_t user_id, std::int64_t skip, std::int64_t limit) {
    const auto [apps, whole_ms, sums] =
        co_await session.all(k_top_apps.all(user_id, limit, skip, user_id), k_whole.one(user_id), k_totals.one(user_id));
    auto page = page_of(apps, whole_ms);
    page.sums = sums;
    co_return page;
}

db::Task<AppsPage> apps_after(db::Session& session, std::int64_t user_id, std::string_view after, std::int64_t limit) {
    const auto keys = co_await session.get(k_keys_after.all(user_id, after, limit));
    if (keys.empty()) co_return AppsPage{};
    const auto [apps, whole_ms] =
        co_await session.all(k_apps_between.all(user_id, after, keys.back(), k_all, 0, user_id), k_whole.one(user_id));
    auto page = page_of(apps, whole_ms);
    if (std::ssize(keys) == limit) page.next = keys.back();
    co_return page;
}

void save_setting(db::Transaction& tx, std::int64_t user_id, std::string_view app_key, const rules::AppSetting& setting, EpochMs now) {
    if (!setting.display_name && !setting.app_category) {
        tx.defer(k_drop_setting, user_id, app_key);
        return;
    }
    SettingRow row{.user_id = user_id,
                   .app_key = std::string{app_key},
                   .display_name = setting.display_name,
                   .display_key = {},
                   .app_category = setting.app_category,
                   .updated_at = {now}};
    if (row.display_name) row.display_key = fold_case(*row.display_name);
    tx.defer(k_save_setting.affected(row));
}

void forget_settings(db::Transaction& tx, std::int64_t user_id) { tx.defer(k_forget_settings, user_id); }

void merge_devices(db::Transaction& tx, std::int64_t user_id) {
    tx.defer(k_merge_apps, user_id);
    tx.defer(k_drop_device_apps, user_id);
    tx.defer(k_merge_totals, user_id);
    tx.defer(k_drop_device_totals, user_id);
}

db::Task<std::vector<rules::DayUsage>> latest_days(db::Session& session, std::int64_t user_id) {
    auto days = co_await session.get(k_latest_days.all(user_id, k_max_days));
    std::ranges::reverse(days);
    co_return days;
}

db::Query<std::map<Day, std::int64_t>> crowded_days(db::Dialect dialect, std::int64_t user_id, const std::set<Day>& days) {
    std::vector<std::string> names;
    for (const auto day : days) names.push_back(day.to_string());
    constexpr std::string_view k_counts = "SELECT day, COUNT(*) AS apps FROM usage_apps WHERE user_id = ? AND day IN (";
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
    return db::composed<CrowdedDay>("usage_apps.crowded", std::format("{}{}{}", k_counts, list, k_too_many), std::move(params))
        .map([](const std::vector<CrowdedDay>& rows) {
            std::map<Day, std::int64_t> counts;
            for (const auto& row : rows) counts.emplace(row.day, row.apps);
            return counts;
        });
}

db::Task<std::set<rules::Delta::AppKey>> new_apps(db::Session& session, std::int64_t user_id, const rules::Delta& delta,
                                                  std::map<Day, std::int64_t> days) {
    db::Batch batch;
    std::vector<std::pair<rules::Delta::AppKey, db::Answer<bool>>> asked;
    for (const auto& [key, change] : delta.apps()) {
        if (change.sessions <= 0 || !days.contains(key.day)) continue;
        asked.emplace_back(key, batch.add(k_is_new.exists(user_id, key.day.to_string(), key.app_key, key.app_package, key.app_category,
                                                          key.device_type, change.sessions)));
    }
    co_await batch.run(session);
    std::set<rules::Delta::AppKey> fresh;
    for (auto& [key, is_new] : asked) {
        if (*is_new) fresh.insert(std::move(key));
    }
    co_return fresh;
}

} // namespace focus::activities::repository
