#include "features/activities/repository.hpp"

#include "core/db/bulk.hpp"
#include "core/json/json.hpp"

#include <algorithm>

namespace focus::activities::repository {

namespace {

constexpr auto k_insert = db::insert<Record>("activities.insert", "activities");
constexpr auto k_find = db::select<Record>("activities.find", "SELECT * FROM activities WHERE id = ? AND user_id = ?");
constexpr auto k_find_for_update =
    db::select_for_update<Record>("activities.find_for_update", "SELECT * FROM activities WHERE id = ? AND user_id = ?");
constexpr auto k_some_for_update =
    db::select_for_update<Record>("activities.some_for_update", "SELECT * FROM activities WHERE user_id = ? LIMIT ?");
constexpr auto k_update =
    db::update<Record>("activities.update", "activities", "WHERE id = ? AND user_id = ?", {"user_id", "client_id", "created_at"});
constexpr db::Statement k_delete{"activities.delete", "DELETE FROM activities WHERE id = ? AND user_id = ?"};
constexpr auto k_list_day =
    db::select<Record>("activities.list_day", "SELECT * FROM activities WHERE user_id = ? AND activity_date = ? ORDER BY created_at_ms "
                                              "DESC, id DESC LIMIT ? OFFSET ?");
constexpr auto k_count_day =
    db::select<std::int64_t>("usage_days.sessions", "SELECT sessions FROM usage_days WHERE user_id = ? AND day = ?");

struct UsedClientId {
    std::string client_id;
    std::int64_t activity_id = 0;
};
struct RecordedAt {
    std::int64_t id = 0;
    json::Timestamp created_at;
};
// SQLite: one text for any number of values, so that it is prepared once.
constexpr std::string_view k_values{"SELECT value FROM json_each(?)"};
constexpr auto k_find_client_ids = db::select<UsedClientId>(
    "activity_client_ids.find", "SELECT * FROM activity_client_ids WHERE user_id = ? AND client_id IN (SELECT value FROM json_each(?))");
constexpr auto k_use_client_id = db::insert<ClientIdUse>("activity_client_ids.use", "activity_client_ids", {}, " ON CONFLICT DO NOTHING",
                                                         " ON DUPLICATE KEY UPDATE user_id = user_id");
constexpr auto k_find_recorded = db::select<RecordedAt>(
    "activities.find_recorded", "SELECT * FROM activities WHERE user_id = ? AND id IN (SELECT value FROM json_each(?))");
constexpr auto k_day_app_totals =
    db::select<AppTotal>("usage_apps.totals_of_day", "SELECT * FROM usage_apps WHERE user_id = ? AND day = ?");
constexpr auto k_day_total = db::select<std::int64_t>("usage_days.total", "SELECT total_ms FROM usage_days WHERE user_id = ? AND day = ?");
// SQLite has one writer, so no lock is needed.
constexpr db::Statement k_hold_day{"usage_days.hold",
                                   db::Sql{"SELECT total_ms FROM usage_days WHERE user_id = ? AND day = ?",
                                           "INSERT INTO usage_days (user_id, day, total_ms, sessions) VALUES (?, ?, 0, 0) "
                                           "ON DUPLICATE KEY UPDATE total_ms = total_ms"}};
constexpr db::Statement k_release_day{"usage_days.release", "DELETE FROM usage_days WHERE user_id = ? AND day = ? AND sessions = 0"};
// In the order of an index, so that each step begins where the previous one ended.
constexpr auto k_some_after =
    db::select<Place>("activities.some_after", "SELECT * FROM activities WHERE user_id = ? AND created_at_ms >= ? AND "
                                               "(created_at_ms > ? OR id > ?) ORDER BY created_at_ms, id LIMIT ?");
constexpr db::Statement k_forget_client_ids{
    "activity_client_ids.forget",
    db::Sql{"DELETE FROM activity_client_ids WHERE user_id = ? AND client_id IN (SELECT client_id FROM activity_client_ids WHERE user_id "
            "= ? LIMIT ?)",
            "DELETE FROM activity_client_ids WHERE user_id = ? AND user_id = ? LIMIT ?"}};
constexpr auto k_increment = db::select<std::int64_t>("activities.increment", "SELECT @@auto_increment_increment");

std::int64_t or_zero(std::optional<std::int64_t> value) { return value.value_or(0); }

/// The rows that `select` finds by k_values. MySQL gets one placeholder per value.
template <class Row, std::size_t N, std::size_t M, class T>
db::Query<std::vector<Row>> in_list(db::Dialect dialect, const db::Select<Row, N, M>& select, std::int64_t user_id,
                                    const std::vector<T>& values) {
    if (dialect == db::Dialect::sqlite) return select.all(user_id, json::write(values));
    std::string sql{select.sql().mysql};
    sql.replace(sql.find(k_values), k_values.size(), db::places(values.size()));
    db::Values params{db::to_value(user_id)};
    for (const auto& value : values) params.push_back(db::to_value(value));
    return db::composed<Row>(select.name(), std::move(sql), std::move(params));
}

} // namespace

db::Query<std::int64_t> insert(const Record& record) { return k_insert.id(record); }

db::Task<void> insert_all(db::Session& session, std::vector<Record>& records) {
    auto commands = k_insert.rows(session.dialect(), records);
    const bool one_by_one = commands.size() == records.size();
    db::Batch batch;
    std::vector<db::Answer<std::int64_t>> first_ids; // of each statement
    first_ids.reserve(commands.size());
    for (auto& command : commands) {
        first_ids.push_back(
            batch.add(db::Query<std::int64_t>{std::move(command), [](const db::Result& result) { return result.last_insert_id; }}));
    }
    // InnoDB reserves consecutive ids for one INSERT, with this step (in Galera each node has its own ids).
    std::optional<db::Answer<std::int64_t>> apart;
    if (!one_by_one) apart = batch.add(k_increment.one());
    co_await batch.run(session);
    for (std::size_t i = 0; i < records.size(); ++i) {
        if (one_by_one)
            records[i].id = *first_ids[i];
        else
            records[i].id = *first_ids[i / db::k_bulk_rows] + static_cast<std::int64_t>(i % db::k_bulk_rows) * **apart;
    }
}

db::Task<std::map<std::string, std::int64_t, std::less<>>> find_client_ids(db::Session& session, std::int64_t user_id,
                                                                           std::vector<std::string> client_ids) {
    std::map<std::string, std::int64_t, std::less<>> found;
    if (client_ids.empty()) co_return found;
    const auto rows = co_await session.get(in_list(session.dialect(), k_find_client_ids, user_id, client_ids));
    for (const auto& row : rows) found.emplace(row.client_id, row.activity_id);
    co_return found;
}

db::Task<bool> use_client_ids(db::Session& session, std::vector<ClientIdUse> uses) {
    if (uses.empty()) co_return true;
    // In one order, so that two batches with the same ids wait for each other instead of deadlocking.
    std::ranges::sort(uses, {}, &ClientIdUse::client_id);
    std::uint64_t used = 0;
    const auto results = co_await session.run(k_use_client_id.rows(session.dialect(), uses));
    for (const auto& result : results) used += result.affected;
    co_return used == uses.size();
}

db::Task<std::map<std::int64_t, EpochMs>> find_recorded(db::Session& session, std::int64_t user_id, std::vector<std::int64_t> ids) {
    std::map<std::int64_t, EpochMs> found;
    if (ids.empty()) co_return found;
    const auto rows = co_await session.get(in_list(session.dialect(), k_find_recorded, user_id, ids));
    for (const auto& row : rows) found.emplace(row.id, row.created_at.ms);
    co_return found;
}

db::Task<std::optional<Record>> find(db::Session& session, std::int64_t user_id, std::int64_t id) {
    return session.get(k_find.first(id, user_id));
}

db::Task<std::optional<Record>> find_for_update(db::Session& session, std::int64_t user_id, std::int64_t id) {
    return session.get(k_find_for_update.first(id, user_id));
}

void update(db::Transaction& tx, const Record& record) { tx.defer(k_update.affected(record, record.id, record.user_id)); }

void remove(db::Transaction& tx, std::int64_t user_id, std::int64_t id) { tx.defer(k_delete, id, user_id); }

db::Task<std::vector<Record>> some_for_update(db::Transaction& tx, std::int64_t user_id, int limit) {
    return tx.get(k_some_for_update.all(user_id, limit));
}

db::Task<DayPage> list_day(db::Session& session, std::int64_t user_id, Day day, std::int64_t skip, std::int64_t limit) {
    auto [records, total] = co_await session.all(k_list_day.all(user_id, day.to_string(), limit, skip),
                                                 k_count_day.first(user_id, day.to_string()).map(&or_zero));
    co_return DayPage{.records = std::move(records), .total = total};
}

db::Query<std::vector<AppTotal>> day_apps(std::int64_t user_id, Day day) { return k_day_app_totals.all(user_id, day.to_string()); }

db::Query<std::int64_t> day_total(std::int64_t user_id, Day day) { return k_day_total.first(user_id, day.to_string()).map(&or_zero); }

void hold_day(db::Transaction& tx, std::int64_t user_id, Day day) { tx.defer(k_hold_day, user_id, day.to_string()); }

void release_day(db::Transaction& tx, std::int64_t user_id, Day day) { tx.defer(k_release_day, user_id, day.to_string()); }

db::Task<std::optional<Place>> forget_devices(db::Transaction& tx, std::int64_t user_id, Place after, int limit) {
    const auto found = co_await tx.get(k_some_after.all(user_id, after.created_at.ms, after.created_at.ms, after.id, limit));
    if (!found.empty()) {
        std::vector<db::Value> ids;
        for (const auto& place : found) ids.emplace_back(place.id);
        auto sql =
            "UPDATE activities SET device_type = NULL, session_id = NULL, client_id = NULL WHERE id IN (" + db::places(ids.size()) + ")";
        tx.defer(db::Command::composed("activities.forget_devices", std::move(sql), std::move(ids)));
    }
    const auto client_ids = co_await tx.get(db::affected(k_forget_client_ids, user_id, user_id, limit));
    if (found.empty() && client_ids == 0) co_return std::nullopt;
    co_return found.empty() ? after : found.back();
}

} // namespace focus::activities::repository
