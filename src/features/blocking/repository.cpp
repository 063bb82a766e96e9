#include "features/blocking/repository.hpp"

#include "core/counters/counters.hpp"

namespace focus::blocking::repository {

namespace {

// Without a reset: a new entry has none.
constexpr auto k_insert =
    db::insert<Entry>("blocked_apps.insert", "blocked_apps", {"reset_no", "reset_day", "reset_base_ms", "last_reset_at"});
constexpr auto k_update =
    db::update<Entry>("blocked_apps.update", "blocked_apps", "WHERE id = ? AND user_id = ?", {"user_id", "created_at"});
constexpr db::Statement k_delete{"blocked_apps.delete", "DELETE FROM blocked_apps WHERE id = ? AND user_id = ?"};
constexpr auto k_list = db::select<Entry>("blocked_apps.list", "SELECT * FROM blocked_apps WHERE user_id = ? ORDER BY id");
constexpr auto k_list_locked =
    db::select_for_update<Entry>("blocked_apps.list_locked", "SELECT * FROM blocked_apps WHERE user_id = ? ORDER BY id");
// The usual case: an activity of one app.
constexpr db::SqlText k_from_matching{" FROM blocked_apps WHERE user_id = ? AND (app_key = ? OR (app_package <> '' AND app_package = ?))"};
constexpr auto k_matching = db::select_for_update<Entry>("blocked_apps.matching", "SELECT *" + k_from_matching + " ORDER BY id");
constexpr auto k_matches = db::select<int>("blocked_apps.matches", "SELECT 1" + k_from_matching + " LIMIT 1");
constexpr auto k_exist = db::select<int>("blocked_apps.exist", "SELECT 1 FROM blocked_apps WHERE user_id = ? LIMIT 1");

/// A row of `limit_events`.
struct EventRow {
    std::int64_t user_id = 0;
    std::int64_t entry_id = 0;
    Day day;
    std::int64_t reset_no = 0;
    std::string threshold;
    json::Timestamp created_at;
};
constexpr auto k_events = db::select<Event>("limit_events.of_day", "SELECT * FROM limit_events WHERE user_id = ? AND day = ?");
constexpr auto k_record_event = db::insert_or_ignore<EventRow>("limit_events.record", "limit_events");
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
constexpr auto k_version = db::select<std::int64_t>("limit_states.version", "SELECT version FROM limit_states WHERE user_id = ?");
constexpr auto k_lock_state = db::select_for_update<LimitState>("limit_states.lock", "SELECT * FROM limit_states WHERE user_id = ?");
constexpr db::Statement k_set_next_change{"limit_states.set_next_change",
                                          "UPDATE limit_states SET timezone = ?, next_change_ms = ? WHERE user_id = ?"};
constexpr auto k_next_change = db::select<EpochMs>(
    "limit_states.next_change", "SELECT next_change_ms FROM limit_states WHERE next_change_ms IS NOT NULL ORDER BY next_change_ms LIMIT 1");
constexpr auto k_due = db::select<std::int64_t>(
    "limit_states.due", "SELECT user_id FROM limit_states WHERE next_change_ms <= ? ORDER BY next_change_ms, user_id LIMIT ?");

constexpr db::Statement k_delete_entries_of_user{"blocked_apps.delete_of_user", "DELETE FROM blocked_apps WHERE user_id = ?"};
constexpr db::Statement k_count_out_user{
    "blocked_apps.count_out_user",
    db::Sql{"INSERT INTO counters (name, day, shard, value) SELECT 'blocked_apps', ?, ?, -COUNT(*) FROM blocked_apps WHERE user_id = ? "
            "HAVING COUNT(*) > 0 ON CONFLICT (name, day, shard) DO UPDATE SET value = value + excluded.value",
            "INSERT INTO counters (name, day, shard, value) SELECT 'blocked_apps', ?, ?, -COUNT(*) FROM blocked_apps WHERE user_id = ? "
            "HAVING COUNT(*) > 0 ON DUPLICATE KEY UPDATE value = counters.value + VALUES(value)"}};
constexpr auto k_blocked_anyway = db::select<std::int64_t>(
    "blocked_apps.blocked_anyway", "SELECT COUNT(*) FROM blocked_apps WHERE is_active = 1 AND (limit_ms = 0 OR schedule_announced = 1)");
/// How many limits of a time zone were reached on a day.
struct Reached {
    Zone timezone;
    Day day;
    std::int64_t limits = 0;
};
constexpr auto k_reached = db::select<Reached>(
    "limit_events.reached", "SELECT s.timezone, e.day, COUNT(*) AS limits FROM limit_events e JOIN blocked_apps b ON b.id = e.entry_id AND "
                            "b.reset_no = e.reset_no JOIN limit_states s ON s.user_id = e.user_id WHERE e.created_at_ms >= ? AND "
                            "e.threshold = 'limit' AND b.is_active = 1 AND b.limit_ms > 0 AND b.schedule_announced = 0 "
                            "GROUP BY s.timezone, e.day");
constexpr EpochMs k_longest_day_ms = 50 * k_hour_ms; // from the first place on earth where it begins to the last where it ends

constexpr db::Statement k_delete_events_of_user{"limit_events.delete_of_user", "DELETE FROM limit_events WHERE user_id = ?"};
constexpr db::Statement k_delete_state_of_user{"limit_states.delete_of_user", "DELETE FROM limit_states WHERE user_id = ?"};

struct ExportedBlockedApp {
    std::int64_t id = 0;
    std::string app_name;
    std::string app_package;
    std::optional<std::string> app_category;
    json::Minutes daily_limit_minutes;
    bool is_active = false;
    int notify_at_percentage = 0;
    json::RawJson schedules;
    std::optional<json::Timestamp> last_blocked_at;
    std::optional<json::Timestamp> last_reset_at;
    json::Timestamp created_at;
    json::Timestamp updated_at;
};
constexpr auto k_personal = db::select<ExportedBlockedApp>(
    "blocked_apps.personal", "SELECT id, app_name, app_package, app_category, limit_ms AS daily_limit_ms, is_active, "
                             "notify_at AS notify_at_percentage, schedules, last_blocked_at_ms, last_reset_at_ms, created_at_ms, "
                             "updated_at_ms FROM blocked_apps WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?");

} // namespace

std::string identity_of(std::string_view app_key, std::string_view app_package) {
    return app_package.empty() ? "n:" + std::string{app_key} : "p:" + std::string{app_package};
}

db::Task<std::int64_t> insert(db::Transaction& tx, Entry entry) {
    entry.identity = identity_of(entry.app_key, entry.app_package);
    const auto id = co_await tx.get(k_insert.id(entry));
    counters::add(tx, k_counter, entry.user_id, 1, entry.created_at.ms);
    co_return id;
}

void update(db::Transaction& tx, Entry entry) {
    entry.identity = identity_of(entry.app_key, entry.app_package);
    tx.defer(k_update.affected(entry, entry.id, entry.user_id));
}

void remove(db::Transaction& tx, std::int64_t user_id, std::int64_t id, EpochMs now) {
    tx.defer(k_delete, id, user_id);
    counters::add(tx, k_counter, user_id, -1, now);
}

db::Query<std::vector<Entry>> list(std::int64_t user_id) { return k_list.all(user_id); }
db::Query<std::vector<Entry>> list_locked(std::int64_t user_id) { return k_list_locked.all(user_id); }

db::Query<bool> matches(std::int64_t user_id, const Apps& apps) {
    if (apps.size() != 1) return k_exist.exists(user_id);
    return k_matches.exists(user_id, apps.begin()->first, apps.begin()->second);
}

db::Query<std::vector<Entry>> matching(std::int64_t user_id, const Apps& apps) {
    if (apps.size() != 1) return list_locked(user_id);
    return k_matching.all(user_id, apps.begin()->first, apps.begin()->second);
}

db::Query<std::vector<Event>> events(std::int64_t user_id, Day day) { return k_events.all(user_id, day.to_string()); }

db::Task<bool> record_event(db::Transaction& tx, std::int64_t user_id, Day day, Event event, EpochMs now) {
    co_return co_await tx.get(k_record_event.affected({.user_id = user_id,
                                                       .entry_id = event.entry_id,
                                                       .day = day,
                                                       .reset_no = event.reset_no,
                                                       .threshold = std::move(event.threshold),
                                                       .created_at = {now}})) == 1;
}

db::Task<std::uint64_t> delete_events(db::Database& database, EpochMs before) {
    return db::delete_in_steps(database, nullptr, k_delete_events, before);
}

void raise_version(db::Transaction& tx, std::int64_t user_id, std::string_view timezone) { tx.defer(k_raise_version, user_id, timezone); }

db::Query<std::int64_t> version(std::int64_t user_id) {
    return k_version.first(user_id).map([](std::optional<std::int64_t> found) { return found.value_or(0); });
}

db::Query<std::optional<LimitState>> lock_state(std::int64_t user_id) { return k_lock_state.first(user_id); }

void set_next_change(db::Transaction& tx, std::int64_t user_id, std::string_view timezone, std::optional<EpochMs> next_change) {
    tx.defer(k_set_next_change, timezone, next_change, user_id);
}

db::Task<std::optional<EpochMs>> next_change(db::Session& session) { return session.get(k_next_change.first()); }

db::Task<std::vector<std::int64_t>> due(db::Session& session, EpochMs now, int limit) { return session.get(k_due.all(now, limit)); }

db::Task<std::vector<AppLimit>> limits_of(db::Session& session, std::vector<std::int64_t> user_ids) {
    if (user_ids.empty()) co_return std::vector<AppLimit>{};
    co_return co_await session.get(db::composed<AppLimit>("blocked_apps.limits_of",
                                                          "SELECT " + db::column_list<AppLimit>() +
                                                              " FROM blocked_apps WHERE is_active = 1 AND user_id IN (" +
                                                              db::places(user_ids.size()) + ") ORDER BY user_id, app_key",
                                                          {user_ids.begin(), user_ids.end()}));
}

db::Task<std::int64_t> count_all(db::Session& session) { return session.get(counters::total(k_counter)); }

db::Task<std::int64_t> count_blocked(db::Session& session, EpochMs now) {
    auto [blocked, reached] = co_await session.all(k_blocked_anyway.one(), k_reached.all(now - k_longest_day_ms));
    for (const auto& row : reached) {
        if (row.day == row.timezone.day_of(now)) blocked += row.limits;
    }
    co_return blocked;
}

void delete_of_user(db::Transaction& tx, std::int64_t user_id, EpochMs now) {
    tx.defer(k_count_out_user, counters::day_of(now).to_string(), counters::shard_of(user_id), user_id);
    tx.defer(k_delete_state_of_user, user_id);
    tx.defer(k_delete_entries_of_user, user_id);
    tx.defer(k_delete_events_of_user, user_id);
}

personal::Section personal_data(db::Database& database) { return personal::table_section(database, "blocked_apps", k_personal); }

} // namespace focus::blocking::repository
