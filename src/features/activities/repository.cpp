#include "features/activities/repository.hpp"

#include "core/db/bulk.hpp"
#include "core/json/json.hpp"

#include <algorithm>

namespace focus::activities::repository {

namespace {

constexpr db::Statement k_insert{
    "activities.insert", "INSERT INTO activities (user_id, app_name, app_key, app_package, app_category, duration_ms, activity_date, "
                         "start_ms, end_ms, device_type, session_id, client_id, timezone, created_at_ms, updated_at_ms) "
                         "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
constexpr db::Statement k_find{"activities.find", "SELECT " FOCUS_ACTIVITY_COLUMNS " FROM activities WHERE id = ? AND user_id = ?"};
constexpr db::Statement k_find_for_update{
    "activities.find_for_update", db::Sql{"SELECT " FOCUS_ACTIVITY_COLUMNS " FROM activities WHERE id = ? AND user_id = ?",
                                          "SELECT " FOCUS_ACTIVITY_COLUMNS " FROM activities WHERE id = ? AND user_id = ? FOR UPDATE"}};
constexpr db::Statement k_some_for_update{
    "activities.some_for_update", db::Sql{"SELECT " FOCUS_ACTIVITY_COLUMNS " FROM activities WHERE user_id = ? LIMIT ?",
                                          "SELECT " FOCUS_ACTIVITY_COLUMNS " FROM activities WHERE user_id = ? LIMIT ? FOR UPDATE"}};
constexpr db::Statement k_update{"activities.update",
                                 "UPDATE activities SET app_name = ?, app_key = ?, app_package = ?, app_category = ?, duration_ms = ?, "
                                 "activity_date = ?, start_ms = ?, end_ms = ?, device_type = ?, session_id = ?, timezone = ?, "
                                 "updated_at_ms = ? WHERE id = ? AND user_id = ?"};
constexpr db::Statement k_delete{"activities.delete", "DELETE FROM activities WHERE id = ? AND user_id = ?"};
constexpr db::Statement k_list_day{"activities.list_day", "SELECT " FOCUS_ACTIVITY_COLUMNS " FROM activities WHERE user_id = ? AND "
                                                          "activity_date = ? ORDER BY created_at_ms DESC, id DESC LIMIT ? OFFSET ?"};
constexpr db::Statement k_count_day{"usage_days.sessions", "SELECT sessions FROM usage_days WHERE user_id = ? AND day = ?"};

constexpr db::Statement k_find_client_ids{
    "activity_client_ids.find", // SQLite: one text for any number of ids, so that it is prepared once
    "SELECT client_id, activity_id FROM activity_client_ids WHERE user_id = ? AND client_id IN (SELECT value FROM json_each(?))"};
constexpr db::Statement k_use_client_id{
    "activity_client_ids.use",
    db::Sql{
        "INSERT INTO activity_client_ids (user_id, client_id, activity_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        "INSERT INTO activity_client_ids (user_id, client_id, activity_id) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE user_id = user_id"}};
constexpr db::Statement k_find_recorded{
    "activities.find_recorded", "SELECT id, created_at_ms FROM activities WHERE user_id = ? AND id IN (SELECT value FROM json_each(?))"};
constexpr db::Statement k_day_app_totals{"usage_apps.totals_of_day",
                                         "SELECT app_key, app_package, total_ms FROM usage_apps WHERE user_id = ? AND day = ?"};
constexpr db::Statement k_day_total{"usage_days.total", "SELECT total_ms FROM usage_days WHERE user_id = ? AND day = ?"};
// SQLite has one writer, so there is nothing to hold.
constexpr db::Statement k_hold_day{"usage_days.hold",
                                   db::Sql{"SELECT total_ms FROM usage_days WHERE user_id = ? AND day = ?",
                                           "INSERT INTO usage_days (user_id, day, total_ms, sessions) VALUES (?, ?, 0, 0) "
                                           "ON DUPLICATE KEY UPDATE total_ms = total_ms"}};
constexpr db::Statement k_release_day{"usage_days.release", "DELETE FROM usage_days WHERE user_id = ? AND day = ? AND sessions = 0"};
// In the order of an index, so that each step begins where the one before has ended.
constexpr db::Statement k_some_after{"activities.some_after",
                                     "SELECT created_at_ms, id FROM activities WHERE user_id = ? AND created_at_ms >= ? AND "
                                     "(created_at_ms > ? OR id > ?) ORDER BY created_at_ms, id LIMIT ?"};
constexpr db::Statement k_forget_client_ids{
    "activity_client_ids.forget",
    db::Sql{"DELETE FROM activity_client_ids WHERE user_id = ? AND client_id IN (SELECT client_id FROM activity_client_ids WHERE user_id "
            "= ? LIMIT ?)",
            "DELETE FROM activity_client_ids WHERE user_id = ? AND user_id = ? LIMIT ?"}};
constexpr db::Statement k_increment{"activities.increment", "SELECT @@auto_increment_increment"};

std::vector<Record> records_of(const db::Result& result) {
    std::vector<Record> records;
    records.reserve(result.rows.size());
    for (const auto& row : result.rows) records.push_back(record_of(row));
    return records;
}

/// The command of a statement whose last condition is IN a list. MySQL gets the values one by one.
template <class T>
db::Command in_list(db::Dialect dialect, const db::Statement& statement, std::int64_t user_id, const std::vector<T>& values) {
    if (dialect == db::Dialect::sqlite) return db::Command::of(statement, user_id, json::write(values));
    constexpr std::string_view k_list = "SELECT value FROM json_each(?)";
    std::string sql{statement.sql.mysql};
    std::string marks;
    db::Values params{db::to_value(user_id)};
    for (const auto& value : values) {
        marks += marks.empty() ? "?" : ", ?";
        params.push_back(db::to_value(value));
    }
    sql.replace(sql.find(k_list), k_list.size(), marks);
    return db::Command::composed(statement.name, std::move(sql), std::move(params));
}

db::Values values_of(const Record& record) {
    return db::values_of(record.user_id, record.app_name, record.app_key, record.app_package, record.app_category, record.duration_ms,
                         record.day.to_string(), record.start_ms, record.end_ms, record.device_type, record.session_id, record.client_id,
                         record.zone.name(), record.created_at_ms, record.updated_at_ms);
}

} // namespace

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
    record.start_ms = row.get<std::optional<EpochMs>>(8);
    record.end_ms = row.get<std::optional<EpochMs>>(9);
    record.device_type = row.get<std::optional<std::string>>(10);
    record.session_id = row.get<std::optional<std::string>>(11);
    record.client_id = row.get<std::optional<std::string>>(12);
    record.zone = Zone::of(row.get<std::string_view>(13));
    record.created_at_ms = row.get<std::int64_t>(14);
    record.updated_at_ms = row.get<std::int64_t>(15);
    return record;
}

db::Command insert_command(const Record& record) {
    auto command = db::Command::of(k_insert);
    command.params = values_of(record);
    return command;
}

db::Task<void> insert_all(db::Session& session, std::vector<Record>& records) {
    std::vector<db::Values> rows;
    rows.reserve(records.size());
    for (const auto& record : records) rows.push_back(values_of(record));
    auto commands = db::for_rows(session.dialect(), k_insert, std::move(rows));
    const auto statements = commands.size();
    const bool one_by_one = statements == records.size();
    // InnoDB reserves the ids of one INSERT in a row, apart by this much (Galera's nodes each have their own).
    if (!one_by_one) commands.push_back(db::Command::of(k_increment));
    const auto results = co_await session.run(std::move(commands));
    const auto apart = one_by_one ? 1 : results.back().rows.at(0).get<std::int64_t>(0);
    for (std::size_t i = 0; i < records.size(); ++i) {
        const auto statement = one_by_one ? i : i / db::k_bulk_rows;
        const auto in_statement = one_by_one ? 0 : i % db::k_bulk_rows;
        records[i].id = results.at(statement).last_insert_id + static_cast<std::int64_t>(in_statement) * apart;
    }
}

db::Task<std::map<std::string, std::int64_t, std::less<>>> find_client_ids(db::Session& session, std::int64_t user_id,
                                                                           std::vector<std::string> client_ids) {
    std::map<std::string, std::int64_t, std::less<>> found;
    if (client_ids.empty()) co_return found;
    const auto result = co_await session.run_one(in_list(session.dialect(), k_find_client_ids, user_id, client_ids));
    for (const auto& row : result.rows) found.emplace(row.get<std::string>(0), row.get<std::int64_t>(1));
    co_return found;
}

db::Task<bool> use_client_ids(db::Session& session, const std::vector<Record>& records) {
    std::vector<db::Values> rows;
    for (const auto& record : records) {
        if (record.client_id) rows.push_back(db::values_of(record.user_id, *record.client_id, record.id));
        if (record.content_id) rows.push_back(db::values_of(record.user_id, *record.content_id, record.id));
    }
    if (rows.empty()) co_return true;
    // In one order, so that two batches with the same ids wait for each other instead of dying.
    std::ranges::sort(rows, {}, [](const db::Values& row) -> const std::string& { return std::get<std::string>(row[1]); });
    const auto wanted = rows.size();
    std::uint64_t used = 0;
    const auto results = co_await session.run(db::for_rows(session.dialect(), k_use_client_id, std::move(rows)));
    for (const auto& result : results) used += result.affected;
    co_return used == wanted;
}

db::Task<std::map<std::int64_t, EpochMs>> find_recorded(db::Session& session, std::int64_t user_id, std::vector<std::int64_t> ids) {
    std::map<std::int64_t, EpochMs> found;
    if (ids.empty()) co_return found;
    const auto result = co_await session.run_one(in_list(session.dialect(), k_find_recorded, user_id, ids));
    for (const auto& row : result.rows) found.emplace(row.get<std::int64_t>(0), row.get<EpochMs>(1));
    co_return found;
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

db::Task<std::vector<Record>> some_for_update(db::Transaction& tx, std::int64_t user_id, int limit) {
    co_return records_of(co_await tx.execute(k_some_for_update, user_id, limit));
}

db::Task<DayPage> list_day(db::Session& session, std::int64_t user_id, Day day, std::int64_t skip, std::int64_t limit) {
    std::vector<db::Command> commands;
    commands.push_back(db::Command::of(k_list_day, user_id, day.to_string(), limit, skip));
    commands.push_back(db::Command::of(k_count_day, user_id, day.to_string()));
    const auto results = co_await session.run(std::move(commands));
    co_return DayPage{.records = records_of(results.at(0)), .total = day_total_of(results.at(1))};
}

db::Command day_apps_command(std::int64_t user_id, Day day) { return db::Command::of(k_day_app_totals, user_id, day.to_string()); }

std::vector<AppTotal> day_apps_of(const db::Result& result) {
    std::vector<AppTotal> totals;
    totals.reserve(result.rows.size());
    for (const auto& row : result.rows) totals.push_back({row.get<std::string>(0), row.get<std::string>(1), row.get<std::int64_t>(2)});
    return totals;
}

db::Command day_total_command(std::int64_t user_id, Day day) { return db::Command::of(k_day_total, user_id, day.to_string()); }
db::Command hold_day_command(std::int64_t user_id, Day day) { return db::Command::of(k_hold_day, user_id, day.to_string()); }
db::Command release_day_command(std::int64_t user_id, Day day) { return db::Command::of(k_release_day, user_id, day.to_string()); }

std::int64_t day_total_of(const db::Result& result) { return result.rows.empty() ? 0 : result.rows.front().get<std::int64_t>(0); }

db::Task<std::optional<Place>> forget_devices(db::Transaction& tx, std::int64_t user_id, Place after, int limit) {
    const auto found = co_await tx.execute(k_some_after, user_id, after.created_at_ms, after.created_at_ms, after.id, limit);
    if (!found.rows.empty()) {
        std::vector<db::Value> ids;
        for (const auto& row : found.rows) ids.push_back(row.at(1));
        auto sql =
            "UPDATE activities SET device_type = NULL, session_id = NULL, client_id = NULL WHERE id IN (" + db::places(ids.size()) + ")";
        tx.defer(db::Command::composed("activities.forget_devices", std::move(sql), std::move(ids)));
    }
    const auto client_ids = co_await tx.execute(k_forget_client_ids, user_id, user_id, limit);
    const bool is_last = found.rows.empty() && client_ids.affected == 0;
    if (is_last) co_return std::nullopt;
    if (found.rows.empty()) co_return after;
    const auto& last = found.rows.back();
    co_return Place{last.get<EpochMs>(0), last.get<std::int64_t>(1)};
}

} // namespace focus::activities::repository
