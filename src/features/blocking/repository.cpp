#include "features/blocking/repository.hpp"

#include "core/counters/counters.hpp"

namespace focus::blocking::repository {

namespace {

#define FOCUS_ENTRY_COLUMNS                                                                                                                \
    "id, user_id, app_name, app_key, app_package, app_category, limit_ms, is_active, notify_at, schedules, schedule_announced, reset_no, " \
    "reset_day, reset_base_ms, last_blocked_at_ms, last_reset_at_ms, created_at_ms, updated_at_ms"

constexpr db::Statement k_insert{
    "blocked_apps.insert",
    "INSERT INTO blocked_apps (user_id, app_name, app_key, app_package, identity, app_category, limit_ms, is_active, notify_at, schedules, "
    "schedule_announced, last_blocked_at_ms, created_at_ms, updated_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
constexpr db::Statement k_update{
    "blocked_apps.update",
    "UPDATE blocked_apps SET app_name = ?, app_key = ?, app_package = ?, identity = ?, app_category = ?, limit_ms = ?, "
    "is_active = ?, notify_at = ?, schedules = ?, schedule_announced = ?, reset_no = ?, reset_day = ?, "
    "reset_base_ms = ?, last_blocked_at_ms = ?, last_reset_at_ms = ?, updated_at_ms = ? WHERE id = ? AND user_id = ?"};
constexpr db::Statement k_delete{"blocked_apps.delete", "DELETE FROM blocked_apps WHERE id = ? AND user_id = ?"};
constexpr db::Statement k_find{"blocked_apps.find", "SELECT " FOCUS_ENTRY_COLUMNS " FROM blocked_apps WHERE id = ? AND user_id = ?"};
constexpr db::Statement k_list{"blocked_apps.list", "SELECT " FOCUS_ENTRY_COLUMNS " FROM blocked_apps WHERE user_id = ? ORDER BY id"};
constexpr db::Statement k_list_locked{"blocked_apps.list_locked",
                                      db::Sql{"SELECT " FOCUS_ENTRY_COLUMNS " FROM blocked_apps WHERE user_id = ? ORDER BY id",
                                              "SELECT " FOCUS_ENTRY_COLUMNS " FROM blocked_apps WHERE user_id = ? ORDER BY id FOR UPDATE"}};
// The usual case: an activity of one app.
#define FOCUS_MATCHING " FROM blocked_apps WHERE user_id = ? AND (app_key = ? OR (app_package <> '' AND app_package = ?))"
constexpr db::Statement k_matching{"blocked_apps.matching",
                                   db::Sql{"SELECT " FOCUS_ENTRY_COLUMNS FOCUS_MATCHING " ORDER BY id",
                                           "SELECT " FOCUS_ENTRY_COLUMNS FOCUS_MATCHING " ORDER BY id FOR UPDATE"}};
constexpr db::Statement k_matches{"blocked_apps.matches", "SELECT 1" FOCUS_MATCHING " LIMIT 1"};
#undef FOCUS_MATCHING
constexpr db::Statement k_exist{"blocked_apps.exist", "SELECT 1 FROM blocked_apps WHERE user_id = ? LIMIT 1"};

constexpr db::Statement k_events{"limit_events.of_day",
                                 "SELECT entry_id, reset_no, threshold FROM limit_events WHERE user_id = ? AND day = ?"};
constexpr db::Statement k_record_event{
    "limit_events.record",
    db::Sql{"INSERT INTO limit_events (user_id, entry_id, day, reset_no, threshold, created_at_ms) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            "INSERT IGNORE INTO limit_events (user_id, entry_id, day, reset_no, threshold, created_at_ms) VALUES (?, ?, ?, ?, ?, ?)"}};
constexpr db::Statement k_delete_events{
    "limit_events.delete_old",
    db::Sql{"DELETE FROM limit_events WHERE (user_id, day, entry_id, reset_no, threshold) IN (SELECT user_id, day, entry_id, reset_no, "
            "threshold FROM limit_events WHERE created_at_ms < ? ORDER BY created_at_ms LIMIT ?)",
            "DELETE FROM limit_events WHERE created_at_ms < ? ORDER BY created_at_ms LIMIT ?"}};

constexpr db::Statement k_raise_version{
    "limit_states.raise_version",
    db::Sql{
        "INSERT INTO limit_states (user_id, version, timezone) VALUES (?, 1, ?) ON CONFLICT (user_id) DO UPDATE SET version = version + 1",
        "INSERT INTO limit_states (user_id, version, timezone) VALUES (?, 1, ?) ON DUPLICATE KEY UPDATE version = version + 1"}};
constexpr db::Statement k_version{"limit_states.version", "SELECT version FROM limit_states WHERE user_id = ?"};
constexpr db::Statement k_lock_state{"limit_states.lock",
                                     db::Sql{"SELECT timezone, next_change_ms FROM limit_states WHERE user_id = ?",
                                             "SELECT timezone, next_change_ms FROM limit_states WHERE user_id = ? FOR UPDATE"}};
constexpr db::Statement k_set_next_change{"limit_states.set_next_change",
                                          "UPDATE limit_states SET timezone = ?, next_change_ms = ? WHERE user_id = ?"};
constexpr db::Statement k_next_change{
    "limit_states.next_change", "SELECT next_change_ms FROM limit_states WHERE next_change_ms IS NOT NULL ORDER BY next_change_ms LIMIT 1"};
constexpr db::Statement k_due{"limit_states.due",
                              "SELECT user_id FROM limit_states WHERE next_change_ms <= ? ORDER BY next_change_ms, user_id LIMIT ?"};

constexpr db::Statement k_delete_entries_of_user{"blocked_apps.delete_of_user", "DELETE FROM blocked_apps WHERE user_id = ?"};
constexpr db::Statement k_count_out_user{
    "blocked_apps.count_out_user",
    db::Sql{"INSERT INTO counters (name, day, shard, value) SELECT 'blocked_apps', ?, ?, -COUNT(*) FROM blocked_apps WHERE user_id = ? "
            "HAVING COUNT(*) > 0 ON CONFLICT (name, day, shard) DO UPDATE SET value = value + excluded.value",
            "INSERT INTO counters (name, day, shard, value) SELECT 'blocked_apps', ?, ?, -COUNT(*) FROM blocked_apps WHERE user_id = ? "
            "HAVING COUNT(*) > 0 ON DUPLICATE KEY UPDATE value = counters.value + VALUES(value)"}};
constexpr db::Statement k_blocked_anyway{
    "blocked_apps.blocked_anyway", "SELECT COUNT(*) FROM blocked_apps WHERE is_active = 1 AND (limit_ms = 0 OR schedule_announced = 1)"};
constexpr db::Statement k_reached{"limit_events.reached",
                                  "SELECT s.timezone, e.day, COUNT(*) FROM limit_events e JOIN blocked_apps b ON b.id = e.entry_id AND "
                                  "b.reset_no = e.reset_no JOIN limit_states s ON s.user_id = e.user_id WHERE e.created_at_ms >= ? AND "
                                  "e.threshold = 'limit' AND b.is_active = 1 AND b.limit_ms > 0 AND b.schedule_announced = 0 "
                                  "GROUP BY s.timezone, e.day"};
constexpr EpochMs k_longest_day_ms = 50 * k_hour_ms; // from the first place on earth where it begins to the last where it ends

constexpr db::Statement k_delete_events_of_user{"limit_events.delete_of_user", "DELETE FROM limit_events WHERE user_id = ?"};
constexpr db::Statement k_delete_state_of_user{"limit_states.delete_of_user", "DELETE FROM limit_states WHERE user_id = ?"};

Entry entry_of(const db::Row& row) {
    Entry entry;
    entry.id = row.get<std::int64_t>(0);
    entry.user_id = row.get<std::int64_t>(1);
    entry.app_name = row.get<std::string>(2);
    entry.app_key = row.get<std::string>(3);
    entry.app_package = row.get<std::string>(4);
    entry.app_category = row.get<std::optional<std::string>>(5);
    entry.limit_ms = row.get<std::int64_t>(6);
    entry.is_active = row.get<bool>(7);
    entry.notify_at = row.get<int>(8);
    entry.schedules = json::parse<Schedules>(row.get<std::string_view>(9)).items;
    entry.schedule_announced = row.get<bool>(10);
    entry.reset_no = row.get<std::int64_t>(11);
    if (const auto day = row.get<std::optional<std::string_view>>(12)) entry.reset_day = Day::parse(*day);
    entry.reset_base_ms = row.get<std::int64_t>(13);
    entry.last_blocked_at_ms = row.get<std::optional<std::int64_t>>(14);
    entry.last_reset_at_ms = row.get<std::optional<std::int64_t>>(15);
    entry.created_at_ms = row.get<std::int64_t>(16);
    entry.updated_at_ms = row.get<std::int64_t>(17);
    return entry;
}

constexpr db::Statement k_personal{"blocked_apps.personal",
                                   "SELECT id, app_name, app_package, app_category, limit_ms, is_active, notify_at, schedules, "
                                   "last_blocked_at_ms, last_reset_at_ms, created_at_ms, updated_at_ms FROM blocked_apps "
                                   "WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?"};

} // namespace

std::string identity_of(std::string_view app_key, std::string_view app_package) {
    return app_package.empty() ? "n:" + std::string{app_key} : "p:" + std::string{app_package};
}

db::Task<std::int64_t> insert(db::Transaction& tx, const Entry& entry) {
    const auto result = co_await tx.execute(k_insert, entry.user_id, entry.app_name, entry.app_key, entry.app_package,
                                            identity_of(entry.app_key, entry.app_package), entry.app_category, entry.limit_ms,
                                            entry.is_active, entry.notify_at, json::write(entry.schedules), entry.schedule_announced,
                                            entry.last_blocked_at_ms, entry.created_at_ms, entry.updated_at_ms);
    counters::add(tx, k_counter, entry.user_id, 1, entry.created_at_ms);
    co_return result.last_insert_id;
}

void update(db::Transaction& tx, const Entry& entry) {
    const auto reset_day = entry.reset_day ? std::optional{entry.reset_day->to_string()} : std::nullopt;
    tx.defer(k_update, entry.app_name, entry.app_key, entry.app_package, identity_of(entry.app_key, entry.app_package), entry.app_category,
             entry.limit_ms, entry.is_active, entry.notify_at, json::write(entry.schedules), entry.schedule_announced, entry.reset_no,
             reset_day, entry.reset_base_ms, entry.last_blocked_at_ms, entry.last_reset_at_ms, entry.updated_at_ms, entry.id,
             entry.user_id);
}

void remove(db::Transaction& tx, std::int64_t user_id, std::int64_t id, EpochMs now) {
    tx.defer(k_delete, id, user_id);
    counters::add(tx, k_counter, user_id, -1, now);
}

db::Task<std::optional<Entry>> find(db::Session& session, std::int64_t user_id, std::int64_t id) {
    const auto row = co_await session.find(k_find, id, user_id);
    co_return row ? std::optional{entry_of(*row)} : std::nullopt;
}

db::Command list_command(std::int64_t user_id, bool lock) { return db::Command::of(lock ? k_list_locked : k_list, user_id); }

db::Command matches_command(std::int64_t user_id, const Apps& apps) {
    if (apps.size() != 1) return db::Command::of(k_exist, user_id);
    return db::Command::of(k_matches, user_id, apps.begin()->first, apps.begin()->second);
}

db::Command matching_command(std::int64_t user_id, const Apps& apps) {
    if (apps.size() != 1) return list_command(user_id, true);
    return db::Command::of(k_matching, user_id, apps.begin()->first, apps.begin()->second);
}

std::vector<Entry> entries_of(const db::Result& result) {
    std::vector<Entry> entries;
    entries.reserve(result.rows.size());
    for (const auto& row : result.rows) entries.push_back(entry_of(row));
    return entries;
}

db::Command events_command(std::int64_t user_id, Day day) { return db::Command::of(k_events, user_id, day.to_string()); }

std::vector<Event> events_of(const db::Result& result) {
    std::vector<Event> events;
    events.reserve(result.rows.size());
    for (const auto& row : result.rows) events.push_back({row.get<std::int64_t>(0), row.get<std::int64_t>(1), row.get<std::string>(2)});
    return events;
}

db::Task<bool> record_event(db::Transaction& tx, std::int64_t user_id, Day day, Event event, EpochMs now) {
    const auto result = co_await tx.execute(k_record_event, user_id, event.entry_id, day.to_string(), event.reset_no, event.threshold, now);
    co_return result.affected == 1;
}

db::Task<std::uint64_t> delete_events(db::Session& session, EpochMs before, int limit) {
    const auto result = co_await session.execute(k_delete_events, before, limit);
    co_return result.affected;
}

std::vector<db::Command> raise_version_commands(std::int64_t user_id, std::string_view timezone) {
    std::vector<db::Command> commands;
    commands.push_back(db::Command::of(k_raise_version, user_id, timezone));
    commands.push_back(version_command(user_id));
    return commands;
}

std::int64_t version_of(const db::Result& result) { return result.rows.empty() ? 0 : result.rows.front().get<std::int64_t>(0); }

db::Command version_command(std::int64_t user_id) { return db::Command::of(k_version, user_id); }

db::Task<std::optional<LimitState>> lock_state(db::Transaction& tx, std::int64_t user_id) {
    const auto row = co_await tx.find(k_lock_state, user_id);
    if (!row) co_return std::nullopt;
    co_return LimitState{row->get<std::string>(0), row->get<std::optional<std::int64_t>>(1)};
}

void set_next_change(db::Transaction& tx, std::int64_t user_id, std::string_view timezone, std::optional<EpochMs> next_change) {
    tx.defer(k_set_next_change, timezone, next_change, user_id);
}

db::Task<std::optional<EpochMs>> next_change(db::Session& session) {
    const auto row = co_await session.find(k_next_change);
    co_return row ? std::optional{row->get<std::int64_t>(0)} : std::nullopt;
}

db::Task<std::vector<std::int64_t>> due(db::Session& session, EpochMs now, int limit) {
    const auto result = co_await session.execute(k_due, now, limit);
    std::vector<std::int64_t> users;
    for (const auto& row : result.rows) users.push_back(row.get<std::int64_t>(0));
    co_return users;
}

db::Task<std::vector<AppLimit>> limits_of(db::Session& session, std::vector<std::int64_t> user_ids) {
    std::vector<AppLimit> limits;
    if (user_ids.empty()) co_return limits;
    std::vector<db::Value> params{user_ids.begin(), user_ids.end()};
    const auto result = co_await session.run_one(
        db::Command::composed("blocked_apps.limits_of",
                              "SELECT user_id, app_name, limit_ms FROM blocked_apps WHERE is_active = 1 AND user_id IN (" +
                                  db::places(user_ids.size()) + ") ORDER BY user_id, app_key",
                              std::move(params)));
    for (const auto& row : result.rows) limits.push_back({row.get<std::int64_t>(0), row.get<std::string>(1), row.get<std::int64_t>(2)});
    co_return limits;
}

db::Task<std::int64_t> count_all(db::Session& session) {
    co_return counters::sum_of(co_await session.run_one(counters::total_command(k_counter)));
}

db::Task<std::int64_t> count_blocked(db::Session& session, EpochMs now) {
    std::vector<db::Command> commands;
    commands.push_back(db::Command::of(k_blocked_anyway));
    commands.push_back(db::Command::of(k_reached, now - k_longest_day_ms));
    const auto results = co_await session.run(std::move(commands));
    auto blocked = results.at(0).rows.at(0).get<std::int64_t>(0);
    for (const auto& row : results.at(1).rows) {
        const auto today = Zone::of(row.get<std::string_view>(0)).day_of(now);
        if (row.get<std::string_view>(1) == today.to_string()) blocked += row.get<std::int64_t>(2);
    }
    co_return blocked;
}

void delete_of_user(db::Transaction& tx, std::int64_t user_id, EpochMs now) {
    tx.defer(k_count_out_user, counters::day_of(now).to_string(), counters::shard_of(user_id), user_id);
    tx.defer(k_delete_state_of_user, user_id);
    tx.defer(k_delete_entries_of_user, user_id);
    tx.defer(k_delete_events_of_user, user_id);
}

personal::Section personal_data(db::Database& database) {
    using personal::Kind;
    return personal::table_section(database, "blocked_apps", k_personal,
                                   {{"id"},
                                    {"app_name"},
                                    {"app_package"},
                                    {"app_category"},
                                    {"daily_limit_minutes", Kind::minutes},
                                    {"is_active", Kind::flag},
                                    {"notify_at_percentage"},
                                    {"schedules", Kind::json},
                                    {"last_blocked_at", Kind::time},
                                    {"last_reset_at", Kind::time},
                                    {"created_at", Kind::time},
                                    {"updated_at", Kind::time}});
}

} // namespace focus::blocking::repository
