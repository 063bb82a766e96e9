#include "features/activities/repository.hpp"

#include "core/base/fold.hpp"

namespace focus::activities::repository {

namespace {

#define FOCUS_ACTIVITY_COLUMNS                                                                                                             \
    "id, user_id, app_name, app_key, app_package, app_category, duration_ms, activity_date, start_ms, end_ms, device_type, session_id, "   \
    "client_id, timezone, created_at_ms, updated_at_ms"

constexpr db::Statement k_insert{
    "activities.insert", "INSERT INTO activities (user_id, app_name, app_key, app_package, app_category, duration_ms, activity_date, "
                         "start_ms, end_ms, device_type, session_id, client_id, timezone, created_at_ms, updated_at_ms) "
                         "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
constexpr db::Statement k_find{"activities.find", "SELECT " FOCUS_ACTIVITY_COLUMNS " FROM activities WHERE id = ? AND user_id = ?"};
constexpr db::Statement k_find_for_update{
    "activities.find_for_update", db::Sql{"SELECT " FOCUS_ACTIVITY_COLUMNS " FROM activities WHERE id = ? AND user_id = ?",
                                          "SELECT " FOCUS_ACTIVITY_COLUMNS " FROM activities WHERE id = ? AND user_id = ? FOR UPDATE"}};
constexpr db::Statement k_update{"activities.update",
                                 "UPDATE activities SET app_name = ?, app_key = ?, app_package = ?, app_category = ?, duration_ms = ?, "
                                 "activity_date = ?, start_ms = ?, end_ms = ?, device_type = ?, session_id = ?, timezone = ?, "
                                 "updated_at_ms = ? WHERE id = ? AND user_id = ?"};
constexpr db::Statement k_delete{"activities.delete", "DELETE FROM activities WHERE id = ? AND user_id = ?"};
constexpr db::Statement k_list_day{"activities.list_day", "SELECT " FOCUS_ACTIVITY_COLUMNS " FROM activities WHERE user_id = ? AND "
                                                          "activity_date = ? ORDER BY created_at_ms DESC, id DESC"};

constexpr db::Statement k_add_app{
    "usage_apps.add",
    db::Sql{"INSERT INTO usage_apps (user_id, day, app_key, app_package, app_category, app_name, total_ms, sessions) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (user_id, day, app_key, app_package, app_category) DO UPDATE SET "
            "app_name = excluded.app_name, total_ms = total_ms + excluded.total_ms, sessions = sessions + excluded.sessions",
            "INSERT INTO usage_apps (user_id, day, app_key, app_package, app_category, app_name, total_ms, sessions) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE "
            "app_name = VALUES(app_name), total_ms = total_ms + VALUES(total_ms), sessions = sessions + VALUES(sessions)"}};
constexpr db::Statement k_drop_app{"usage_apps.drop", "DELETE FROM usage_apps WHERE user_id = ? AND day = ? AND app_key = ? AND "
                                                      "app_package = ? AND app_category = ? AND sessions = 0"};
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
constexpr db::Statement k_day_total{"usage_days.total", "SELECT total_ms FROM usage_days WHERE user_id = ? AND day = ?"};

constexpr db::Statement k_day_app_totals{"usage_apps.totals_of_day",
                                         "SELECT app_key, app_package, total_ms FROM usage_apps WHERE user_id = ? AND day = ?"};
constexpr db::Statement k_lock_day_total{"usage_days.lock",
                                         db::Sql{"SELECT total_ms FROM usage_days WHERE user_id = ? AND day = ?",
                                                 "SELECT total_ms FROM usage_days WHERE user_id = ? AND day = ? FOR UPDATE"}};

/// '' is how the roll-ups' keys say "not given".
std::optional<std::int64_t> optional_ms(const db::Row& row, std::size_t column) { return row.get<std::optional<std::int64_t>>(column); }

Record record_of(const db::Row& row) {
    Record record;
    record.id = row.get<std::int64_t>(0);
    record.user_id = row.get<std::int64_t>(1);
    record.app_name = row.get<std::string>(2);
    record.app_key = row.get<std::string>(3);
    record.app_package = row.get<std::string>(4);
    record.app_category = row.get<std::string>(5);
    record.duration_ms = row.get<std::int64_t>(6);
    record.day = Day::parse(row.get<std::string_view>(7)).value_or(Day{});
    record.start_ms = optional_ms(row, 8);
    record.end_ms = optional_ms(row, 9);
    record.device_type = row.get<std::optional<std::string>>(10);
    record.session_id = row.get<std::optional<std::string>>(11);
    record.client_id = row.get<std::optional<std::string>>(12);
    record.zone = Zone::of(row.get<std::string_view>(13));
    record.created_at_ms = row.get<std::int64_t>(14);
    record.updated_at_ms = row.get<std::int64_t>(15);
    return record;
}

std::vector<Record> records_of(const db::Result& result) {
    std::vector<Record> records;
    records.reserve(result.rows.size());
    for (const auto& row : result.rows) records.push_back(record_of(row));
    return records;
}

/// The WHERE of a list, out of constant pieces; values are parameters.
struct Where {
    std::string sql = " WHERE user_id = ?";
    std::vector<db::Value> params;

    Where(std::int64_t user_id, const Filter& filter) : params{db::to_value(user_id)} {
        if (filter.app_name) add(" AND app_key LIKE ? ESCAPE '!'", like_contains(fold_case(*filter.app_name)));
        if (filter.app_package) add(" AND app_package = ?", *filter.app_package);
        if (filter.category) add(" AND app_category = ?", *filter.category);
        if (filter.device_type) add(" AND device_type = ?", *filter.device_type);
        if (filter.from) add(" AND activity_date >= ?", filter.from->to_string());
        if (filter.to) add(" AND activity_date <= ?", filter.to->to_string());
    }
    void add(std::string_view piece, std::string value) {
        sql += piece;
        params.emplace_back(std::move(value));
    }
};

std::string_view column_of(SortField field) {
    switch (field) {
    case SortField::created_at:
        return "created_at_ms";
    case SortField::activity_date:
        return "activity_date";
    case SortField::duration_minutes:
        return "duration_ms";
    case SortField::app_name:
        return "app_key";
    }
    return "created_at_ms";
}

} // namespace

db::Task<std::int64_t> insert(db::Session& session, const Record& record) {
    const auto result =
        co_await session.execute(k_insert, record.user_id, record.app_name, record.app_key, record.app_package, record.app_category,
                                 record.duration_ms, record.day.to_string(), record.start_ms, record.end_ms, record.device_type,
                                 record.session_id, record.client_id, record.zone.name(), record.created_at_ms, record.updated_at_ms);
    co_return result.last_insert_id;
}

db::Task<std::optional<Record>> find(db::Session& session, std::int64_t user_id, std::int64_t id) {
    const auto row = co_await session.find(k_find, id, user_id);
    co_return row ? std::optional{record_of(*row)} : std::nullopt;
}

db::Task<std::optional<Record>> find_for_update(db::Session& session, std::int64_t user_id, std::int64_t id) {
    const auto row = co_await session.find(k_find_for_update, id, user_id);
    co_return row ? std::optional{record_of(*row)} : std::nullopt;
}

void update(db::Transaction& tx, const Record& record) {
    tx.defer(k_update, record.app_name, record.app_key, record.app_package, record.app_category, record.duration_ms, record.day.to_string(),
             record.start_ms, record.end_ms, record.device_type, record.session_id, record.zone.name(), record.updated_at_ms, record.id,
             record.user_id);
}

void remove(db::Transaction& tx, std::int64_t user_id, std::int64_t id) { tx.defer(k_delete, id, user_id); }

void apply(db::Transaction& tx, std::int64_t user_id, const rules::Delta& delta) {
    for (const auto& [key, change] : delta.apps()) {
        const auto day = key.day.to_string();
        if (change.ms != 0 || change.sessions != 0) {
            tx.defer(k_add_app, user_id, day, key.app_key, key.app_package, key.app_category, change.app_name, change.ms, change.sessions);
        }
        if (change.sessions < 0) tx.defer(k_drop_app, user_id, day, key.app_key, key.app_package, key.app_category);
    }
    for (const auto& [key, change] : delta.days()) {
        const auto day = key.to_string();
        if (change.ms != 0 || change.sessions != 0) tx.defer(k_add_day, user_id, day, change.ms, change.sessions);
        if (change.sessions < 0) tx.defer(k_drop_day, user_id, day);
    }
    for (const auto& [key, ms] : delta.hours()) {
        const auto day = key.first.to_string();
        if (ms != 0) tx.defer(k_add_hour, user_id, day, key.second, ms);
        if (ms < 0) tx.defer(k_drop_hour, user_id, day, key.second);
    }
}

db::Task<std::vector<Record>> list(db::Session& session, std::int64_t user_id, Filter filter, Sort sort, std::int64_t skip,
                                   std::int64_t limit) {
    Where where{user_id, filter};
    const std::string direction = sort.descending ? " DESC" : " ASC";
    std::string sql = "SELECT " FOCUS_ACTIVITY_COLUMNS " FROM activities" + where.sql + " ORDER BY " + std::string{column_of(sort.field)} +
                      direction + ", id" + direction + " LIMIT ? OFFSET ?";
    where.params.emplace_back(limit);
    where.params.emplace_back(skip);
    const auto result = co_await session.run_one(db::Command::composed("activities.list", std::move(sql), std::move(where.params)));
    co_return records_of(result);
}

db::Task<std::int64_t> count(db::Session& session, std::int64_t user_id, Filter filter) {
    Where where{user_id, filter};
    // Everything but the device is in the roll-ups, whose size is days times apps and not the length of the history.
    const auto* from = filter.device_type ? "SELECT COUNT(*) FROM activities" : "SELECT COALESCE(SUM(sessions), 0) FROM usage_apps";
    if (!filter.device_type) {
        for (std::size_t at = 0; (at = where.sql.find("activity_date", at)) != std::string::npos;) where.sql.replace(at, 13, "day");
    }
    const auto result = co_await session.run_one(db::Command::composed("activities.count", from + where.sql, std::move(where.params)));
    co_return result.rows.at(0).get<std::int64_t>(0);
}

db::Task<std::vector<Record>> list_day(db::Session& session, std::int64_t user_id, Day day) {
    co_return records_of(co_await session.execute(k_list_day, user_id, day.to_string()));
}

db::Task<DayUsage> day_usage(db::Session& session, std::int64_t user_id, Day day) {
    std::vector<db::Command> commands;
    commands.push_back(db::Command::of(k_day_apps, user_id, day.to_string()));
    commands.push_back(db::Command::of(k_day_hours, user_id, day.to_string()));
    commands.push_back(db::Command::of(k_day_total, user_id, day.plus(-1).to_string()));
    const auto results = co_await session.run(std::move(commands));
    DayUsage usage;
    for (const auto& row : results.at(0).rows) {
        usage.apps.push_back({.app_key = row.get<std::string>(0),
                              .app_name = row.get<std::string>(1),
                              .app_package = row.get<std::string>(2),
                              .app_category = row.get<std::string>(3),
                              .total_ms = row.get<std::int64_t>(4),
                              .sessions = row.get<std::int64_t>(5)});
    }
    for (const auto& row : results.at(1).rows) usage.hours.emplace_back(row.get<int>(0), row.get<std::int64_t>(1));
    if (!results.at(2).rows.empty()) usage.previous_ms = results.at(2).rows.front().get<std::int64_t>(0);
    co_return usage;
}

db::Command day_apps_command(std::int64_t user_id, Day day) { return db::Command::of(k_day_app_totals, user_id, day.to_string()); }

std::vector<AppTotal> day_apps_of(const db::Result& result) {
    std::vector<AppTotal> totals;
    totals.reserve(result.rows.size());
    for (const auto& row : result.rows) totals.push_back({row.get<std::string>(0), row.get<std::string>(1), row.get<std::int64_t>(2)});
    return totals;
}

db::Command day_total_command(std::int64_t user_id, Day day, bool lock) {
    return db::Command::of(lock ? k_lock_day_total : k_day_total, user_id, day.to_string());
}

std::int64_t day_total_of(const db::Result& result) { return result.rows.empty() ? 0 : result.rows.front().get<std::int64_t>(0); }

} // namespace focus::activities::repository
