#include "features/activities/usage_repository.hpp"

#include "core/base/fold.hpp"
#include "core/db/bulk.hpp"
#include "features/activities/repository.hpp"

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

constexpr db::Statement k_day_apps{"usage_apps.of_day",
                                   "SELECT app_key, app_name, app_package, app_category, total_ms, sessions FROM usage_apps "
                                   "WHERE user_id = ? AND day = ?"};
constexpr db::Statement k_day_hours{"usage_hours.of_day", "SELECT hour, total_ms FROM usage_hours WHERE user_id = ? AND day = ?"};
constexpr db::Statement k_period_apps{
    "usage_apps.of_period", // the day in front of the name makes MAX find the newest; days have 10 characters
    "SELECT app_key, SUBSTR(MAX(CONCAT(day, app_name)), 11), app_package, app_category, SUM(total_ms), SUM(sessions) FROM usage_apps "
    "WHERE user_id = ? AND day >= ? AND day <= ? GROUP BY app_key, app_package, app_category"};
constexpr db::Statement k_period_days{
    "usage_days.of_period", "SELECT day, total_ms, sessions FROM usage_days WHERE user_id = ? AND day >= ? AND day <= ? ORDER BY day"};
constexpr db::Statement k_all_days{"usage_days.all", "SELECT day, total_ms, sessions FROM usage_days WHERE user_id = ? ORDER BY day"};
constexpr db::Statement k_settings{"app_settings.all", "SELECT app_key, display_name, app_category FROM app_settings WHERE user_id = ?"};
constexpr db::Statement k_app_total{
    "usage_totals.of_app",
    "SELECT app_key, app_name, app_package, app_category, total_ms, sessions FROM usage_totals WHERE user_id = ? AND app_key = ?"};
constexpr db::Statement k_app_used{"usage_apps.used", "SELECT (SELECT MIN(day) FROM usage_apps WHERE user_id = ? AND app_key = ?), "
                                                      "(SELECT MAX(day) FROM usage_apps WHERE user_id = ? AND app_key = ?)"};
constexpr db::Statement k_app_days{
    "usage_apps.days", "SELECT day, SUM(total_ms), SUM(sessions) FROM usage_apps WHERE user_id = ? AND app_key = ? AND day >= ? "
                       "GROUP BY day ORDER BY day"};
constexpr db::Statement k_app_called{"app_settings.called",
                                     "SELECT app_key FROM app_settings WHERE user_id = ? AND display_key = ? LIMIT 1"};
constexpr db::Statement k_apps{
    "usage_totals.all",
    "SELECT t.app_key, t.app_name, t.app_package, t.app_category, t.total_ms, t.sessions, "
    "(SELECT MIN(u.day) FROM usage_apps u WHERE u.user_id = t.user_id AND u.app_key = t.app_key), "
    "(SELECT MAX(u.day) FROM usage_apps u WHERE u.user_id = t.user_id AND u.app_key = t.app_key) FROM usage_totals t WHERE t.user_id = ?"};
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

rules::AppSettings settings_of(const db::Result& result) {
    rules::AppSettings settings;
    for (const auto& row : result.rows) {
        settings[row.get<std::string>(0)] = {row.get<std::optional<std::string>>(1), row.get<std::optional<std::string>>(2)};
    }
    return settings;
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

} // namespace

void apply(db::Transaction& tx, std::int64_t user_id, const rules::Delta& delta) {
    Upserts apps{k_add_app, k_drop_app, {}, {}};
    for (const auto& [key, change] : delta.apps()) {
        apps.change(db::values_of(user_id, key.day.to_string(), key.app_key, key.app_package, key.app_category, key.device_type,
                                  change.app_name, change.ms, change.sessions),
                    6, change.sessions < 0);
    }
    apps.defer(tx);
    Upserts totals{k_add_total, k_drop_total, {}, {}};
    for (const auto& [key, change] : delta.totals()) {
        totals.change(db::values_of(user_id, key.app_key, key.app_package, key.app_category, key.device_type, change.app_name, change.ms,
                                    change.sessions),
                      5, change.sessions < 0);
    }
    totals.defer(tx);
    Upserts days{k_add_day, k_drop_day, {}, {}};
    for (const auto& [day, change] : delta.days()) {
        if (change.ms == 0 && change.sessions == 0) continue;
        days.change(db::values_of(user_id, day.to_string(), change.ms, change.sessions), 2, change.sessions < 0);
    }
    days.defer(tx);
    Upserts hours{k_add_hour, k_drop_hour, {}, {}};
    for (const auto& [key, ms] : delta.hours()) {
        if (ms != 0) hours.change(db::values_of(user_id, key.first.to_string(), key.second, ms), 3, ms < 0);
    }
    hours.defer(tx);
}

db::Task<DayParts> day_parts(db::Session& session, std::int64_t user_id, Day day) {
    std::vector<db::Command> commands;
    commands.push_back(db::Command::of(k_day_apps, user_id, day.to_string()));
    commands.push_back(db::Command::of(k_day_hours, user_id, day.to_string()));
    commands.push_back(day_total_command(user_id, day.plus(-1)));
    commands.push_back(db::Command::of(k_settings, user_id));
    const auto results = co_await session.run(std::move(commands));
    DayParts parts;
    parts.apps = usage_of(results.at(0));
    for (const auto& row : results.at(1).rows) parts.hours.emplace_back(row.get<int>(0), row.get<std::int64_t>(1));
    parts.previous_ms = day_total_of(results.at(2));
    parts.settings = settings_of(results.at(3));
    co_return parts;
}

db::Task<PeriodParts> period_parts(db::Session& session, std::int64_t user_id, Day first, Day last) {
    const auto before = first.plus(first.since(last) - 1);
    std::vector<db::Command> commands;
    commands.push_back(db::Command::of(k_period_apps, user_id, first.to_string(), last.to_string()));
    commands.push_back(db::Command::of(k_period_days, user_id, before.to_string(), last.to_string()));
    commands.push_back(db::Command::of(k_settings, user_id));
    const auto results = co_await session.run(std::move(commands));
    co_return PeriodParts{usage_of(results.at(0)), days_of(results.at(1)), settings_of(results.at(2))};
}

db::Task<AppParts> app_parts(db::Session& session, std::int64_t user_id, std::string_view app_key, Day since) {
    std::vector<db::Command> commands;
    commands.push_back(db::Command::of(k_app_total, user_id, app_key));
    commands.push_back(db::Command::of(k_app_used, user_id, app_key, user_id, app_key));
    commands.push_back(db::Command::of(k_app_days, user_id, app_key, since.to_string()));
    commands.push_back(db::Command::of(k_settings, user_id));
    const auto results = co_await session.run(std::move(commands));
    AppParts parts{usage_of(results.at(0)), std::nullopt, std::nullopt, days_of(results.at(2)), settings_of(results.at(3))};
    if (const auto& used = results.at(1).rows.at(0); !used.is_null(0)) {
        parts.first_used = day_of(used, 0);
        parts.last_used = day_of(used, 1);
    }
    co_return parts;
}

db::Task<std::optional<std::string>> app_called(db::Session& session, std::int64_t user_id, std::string_view display_key) {
    const auto row = co_await session.find(k_app_called, user_id, display_key);
    co_return row ? std::optional{row->get<std::string>(0)} : std::nullopt;
}

db::Task<AppsParts> apps_parts(db::Session& session, std::int64_t user_id) {
    std::vector<db::Command> commands;
    commands.push_back(db::Command::of(k_apps, user_id));
    commands.push_back(db::Command::of(k_settings, user_id));
    const auto results = co_await session.run(std::move(commands));
    AppsParts parts{usage_of(results.at(0)), {}, settings_of(results.at(1))};
    for (const auto& row : results.at(0).rows) parts.used.emplace_back(day_of(row, 6), day_of(row, 7));
    co_return parts;
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

db::Task<std::vector<rules::DayUsage>> all_days(db::Session& session, std::int64_t user_id) {
    co_return days_of(co_await session.execute(k_all_days, user_id));
}

} // namespace focus::activities::repository
