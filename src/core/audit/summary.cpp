#include "core/audit/summary.hpp"

#include "core/base/clock.hpp"
#include "core/db/bulk.hpp"

#include <algorithm>
#include <format>
#include <map>
#include <tuple>

namespace focus::audit::summary {

namespace {

constexpr int k_rows_at_once = 1000;

struct State {
    std::int64_t counted_id = 0;
    std::int64_t seen_id = 0;
    EpochMs seen_at_ms = 0;
    std::int64_t forgotten_day = 0;
};

/// A row of audit_days. Days are numbers since 1970-01-01.
struct DayRow {
    std::int64_t day = 0;
    std::string level;
    std::string action;
    std::int64_t entries = 0;
};

/// A row of audit_users: the last day on which a user did something.
struct UserRow {
    std::int64_t user_id = 0;
    std::int64_t day = 0;
};

/// A row of audit_last_days.
struct LastDayRow {
    std::int64_t day = 0;
    std::int64_t users = 0;
};

struct NewEntry {
    std::int64_t id = 0;
    EpochMs created_at_ms = 0;
    std::string level;
    std::string action;
    std::optional<std::int64_t> user_id;
};

// An UPDATE locks the row on both engines.
constexpr db::Statement k_hold{"audit_counted.hold", "UPDATE audit_counted SET counted_id = counted_id WHERE id = 1"};
constexpr auto k_state = db::select<State>("audit_counted.find", "SELECT * FROM audit_counted WHERE id = 1");
constexpr db::Statement k_set_counted{"audit_counted.set_counted", "UPDATE audit_counted SET counted_id = ? WHERE id = 1"};
constexpr db::Statement k_set_seen{"audit_counted.set_seen", "UPDATE audit_counted SET seen_id = ?, seen_at_ms = ? WHERE id = 1"};
constexpr db::Statement k_set_forgotten{"audit_counted.set_forgotten",
                                        "UPDATE audit_counted SET forgotten_day = ? WHERE id = 1 AND forgotten_day < ?"};
constexpr auto k_newest = db::select<std::int64_t>("audit.newest", "SELECT COALESCE(MAX(id), 0) FROM audit_log");
constexpr auto k_new_entries =
    db::select<NewEntry>("audit.uncounted", "SELECT * FROM audit_log WHERE id > ? AND id <= ? ORDER BY id LIMIT ?");
constexpr auto k_add = db::insert<DayRow>("audit_days.add", "audit_days", {},
                                          " ON CONFLICT (day, level, action) DO UPDATE SET entries = entries + excluded.entries",
                                          " ON DUPLICATE KEY UPDATE entries = entries + VALUES(entries)");
constexpr db::Statement k_drop_empty{"audit_days.drop_empty", "DELETE FROM audit_days WHERE day BETWEEN ? AND ? AND entries <= 0"};
constexpr auto k_user = db::select<std::int64_t>("audit_users.find", "SELECT day FROM audit_users WHERE user_id = ?");
constexpr auto k_set_user =
    db::insert<UserRow>("audit_users.set", "audit_users", {}, " ON CONFLICT (user_id) DO UPDATE SET day = excluded.day",
                        " ON DUPLICATE KEY UPDATE day = VALUES(day)");
constexpr auto k_add_last =
    db::insert<LastDayRow>("audit_last_days.add", "audit_last_days", {}, " ON CONFLICT (day) DO UPDATE SET users = users + excluded.users",
                           " ON DUPLICATE KEY UPDATE users = users + VALUES(users)");
constexpr db::Statement k_forget{"audit_last_days.forget", "DELETE FROM audit_last_days WHERE day < ?"};

// What is counted and what is not counted yet in one statement, so that nothing is read twice while it moves.
constexpr db::SqlText k_uncounted{"id > (SELECT counted_id FROM audit_counted WHERE id = 1)"};
constexpr auto k_since = db::select<DayRow>(
    "audit_days.since",
    "SELECT day, level, action, entries FROM audit_days WHERE day >= ? UNION ALL SELECT created_at_ms / 86400000, level, action, "
    "COUNT(*) FROM audit_log WHERE " +
        k_uncounted + " AND created_at_ms >= ? GROUP BY 1, 2, 3",
    "SELECT day, level, action, entries FROM audit_days WHERE day >= ? UNION ALL SELECT created_at_ms DIV 86400000 AS number, "
    "level, action, COUNT(*) FROM audit_log WHERE " +
        k_uncounted + " AND created_at_ms >= ? GROUP BY number, level, action");
// The + keeps SQLite from scanning the whole index of users in order to find distinct ones.
constexpr auto k_users_since = db::select<std::int64_t>(
    "audit_last_days.since", "SELECT (SELECT COALESCE(SUM(users), 0) FROM audit_last_days WHERE day >= ?) + (SELECT COUNT(DISTINCT "
                             "+l.user_id) FROM audit_log l LEFT JOIN audit_users u ON u.user_id = l.user_id WHERE l." +
                                 k_uncounted + " AND l.created_at_ms >= ? AND (u.day IS NULL OR u.day < ?))");

// What differs between the summary and the entries that it has counted.
struct DayDifference {
    std::int64_t number = 0;
    std::string level;
    std::string action;
    std::int64_t stored_entries = 0;
    std::int64_t counted_entries = 0;
};
struct UserDifference {
    std::int64_t user_id = 0;
    std::optional<std::int64_t> day;
    std::int64_t number = 0;
};
struct LastDayDifference {
    std::int64_t day = 0;
    std::int64_t stored_users = 0;
    std::int64_t counted_users = 0;
};
constexpr db::SqlText k_counted{"id <= (SELECT counted_id FROM audit_counted WHERE id = 1)"};
template <std::size_t N>
consteval auto compare_days_sql(const char (&divided_by)[N]) {
    return "SELECT number, level, action, SUM(was_count) AS stored_entries, SUM(is_count) AS counted_entries FROM (SELECT created_at_ms " +
           db::SqlText{divided_by} + " 86400000 AS number, level, action, 0 AS was_count, COUNT(*) AS is_count FROM audit_log WHERE " +
           k_counted +
           " GROUP BY number, level, action UNION ALL SELECT day, level, action, entries, 0 FROM audit_days) AS sides "
           "GROUP BY number, level, action HAVING SUM(was_count) <> SUM(is_count)";
}
constexpr auto k_compare_days = db::select<DayDifference>("audit_days.recount", compare_days_sql("/"), compare_days_sql("DIV"));
template <std::size_t N>
consteval auto compare_users_sql(const char (&divided_by)[N]) {
    return "SELECT trail.user_id, known.day, trail.number FROM (SELECT user_id, MAX(created_at_ms) " + db::SqlText{divided_by} +
           " 86400000 AS number FROM audit_log WHERE " + k_counted +
           " AND user_id IS NOT NULL GROUP BY user_id) AS trail LEFT JOIN audit_users known ON known.user_id = trail.user_id "
           "WHERE known.day IS NULL OR known.day < trail.number";
}
constexpr auto k_compare_users = db::select<UserDifference>("audit_users.recount", compare_users_sql("/"), compare_users_sql("DIV"));
constexpr db::SqlText k_remembered{"day >= (SELECT forgotten_day FROM audit_counted WHERE id = 1)"};
constexpr auto k_compare_last = db::select<LastDayDifference>(
    "audit_last_days.recount",
    "SELECT day, SUM(was_users) AS stored_users, SUM(is_users) AS counted_users FROM (SELECT day, 0 AS was_users, COUNT(*) AS is_users "
    "FROM audit_users WHERE " +
        k_remembered + " GROUP BY day UNION ALL SELECT day, users, 0 FROM audit_last_days WHERE " + k_remembered +
        ") AS sides GROUP BY day HAVING SUM(was_users) <> SUM(is_users)");

std::int64_t number_of(Day day) { return day.value.time_since_epoch().count(); }
Day day_of(std::int64_t number) { return Day{std::chrono::sys_days{std::chrono::days{number}}}; }
std::int64_t number_at(EpochMs at) { return number_of(Zone{}.day_of(at)); }

using Groups = std::map<std::tuple<std::int64_t, std::string, std::string>, std::int64_t>; // day, level, action

void add_groups(db::Transaction& tx, const Groups& groups) {
    std::vector<DayRow> rows;
    for (const auto& [key, entries] : groups) rows.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), entries});
    db::defer_all(tx, k_add.rows(tx.dialect(), rows));
}

/// Moves users to the last days on which they did something.
db::Task<void> move_users(db::Transaction& tx, const std::map<std::int64_t, std::int64_t>& last_days, std::int64_t forgotten_day) {
    db::Batch batch;
    std::vector<db::Answer<std::optional<std::int64_t>>> known;
    for (const auto& [user_id, day] : last_days) known.push_back(batch.add(k_user.first(user_id)));
    co_await batch.run(tx);
    std::map<std::int64_t, std::int64_t> moves;
    std::vector<UserRow> users;
    std::size_t at = 0;
    for (const auto& [user_id, day] : last_days) {
        const auto before = *known[at++];
        if (before && *before >= day) continue;
        if (before && *before >= forgotten_day) --moves[*before];
        ++moves[day];
        users.push_back({user_id, day});
    }
    if (users.empty()) co_return;
    db::defer_all(tx, k_set_user.rows(tx.dialect(), users));
    std::vector<LastDayRow> counts;
    for (const auto& [day, change] : moves) counts.push_back({day, change});
    db::defer_all(tx, k_add_last.rows(tx.dialect(), counts));
}

db::Task<void> compare_days(db::Session& session, db::Transaction* repair, recount::Report& report) {
    report.looked_at("audit_days");
    const auto found = co_await session.get(k_compare_days.all());
    Groups groups;
    for (const auto& row : found) {
        report.differs("audit_days", std::format("{}, {}, {}", day_of(row.number).to_string(), row.level, row.action), row.stored_entries,
                       row.counted_entries);
        groups[{row.number, row.level, row.action}] = row.counted_entries - row.stored_entries;
    }
    if (repair == nullptr || groups.empty()) co_return;
    add_groups(*repair, groups);
    repair->defer(k_drop_empty, std::get<0>(groups.begin()->first), std::get<0>(groups.rbegin()->first));
}

db::Task<void> compare_users(db::Session& session, db::Transaction* repair, recount::Report& report) {
    report.looked_at("audit_users");
    const auto found = co_await session.get(k_compare_users.all());
    std::map<std::int64_t, std::int64_t> last_days;
    for (const auto& row : found) {
        report.differs("audit_users", std::format("user {}", row.user_id), row.day ? day_of(*row.day).to_string() : "none",
                       day_of(row.number).to_string());
        last_days[row.user_id] = row.number;
    }
    if (repair != nullptr) co_await move_users(*repair, last_days, (co_await repair->get(k_state.one())).forgotten_day);
}

db::Task<void> compare_last_days(db::Session& session, db::Transaction* repair, recount::Report& report) {
    report.looked_at("audit_last_days");
    const auto found = co_await session.get(k_compare_last.all());
    std::vector<LastDayRow> rows;
    for (const auto& row : found) {
        report.differs("audit_last_days", day_of(row.day).to_string(), row.stored_users, row.counted_users);
        rows.push_back({row.day, row.counted_users - row.stored_users});
    }
    if (repair != nullptr) db::defer_all(*repair, k_add_last.rows(repair->dialect(), rows));
}

/// Counts some entries; false when there are none to count.
db::Task<bool> step(db::Transaction& tx) {
    co_await hold(tx);
    const auto now = co_await tx.get(k_state.one());
    const auto fresh = co_await tx.get(k_new_entries.all(now.counted_id, now.seen_id, k_rows_at_once));
    if (fresh.empty()) co_return false;
    Groups groups;
    std::map<std::int64_t, std::int64_t> last_days;
    for (const auto& entry : fresh) {
        const auto day = number_at(entry.created_at_ms);
        ++groups[{day, entry.level, entry.action}];
        if (!entry.user_id) continue;
        auto& last = last_days[*entry.user_id];
        last = std::max(last, day);
    }
    co_await move_users(tx, last_days, now.forgotten_day);
    add_groups(tx, groups);
    tx.defer(k_set_counted, fresh.back().id);
    co_return true;
}

} // namespace

db::Query<std::vector<Group>> since(Day first) {
    return k_since.all(number_of(first), Zone{}.start_of(first)).map([](std::vector<DayRow> rows) {
        std::vector<Group> groups;
        groups.reserve(rows.size());
        for (auto& row : rows) groups.push_back({day_of(row.day), std::move(row.level), std::move(row.action), row.entries});
        return groups;
    });
}

db::Query<std::int64_t> users_since(Day first) { return k_users_since.one(number_of(first), Zone{}.start_of(first), number_of(first)); }

db::Query<std::int64_t> count(const std::vector<Level>& levels, const std::optional<std::string>& action) {
    std::string condition;
    std::vector<db::Value> params;
    if (!levels.empty()) {
        condition += " AND level IN (" + db::places(levels.size()) + ")";
        for (const auto level : levels) params.push_back(db::to_value(to_string(level)));
    }
    if (action) {
        condition += " AND action = ?";
        params.push_back(db::to_value(*action));
    }
    const auto once = params;
    params.insert(params.end(), once.begin(), once.end());
    auto sql = "SELECT (SELECT COALESCE(SUM(entries), 0) FROM audit_days WHERE 1 = 1" + condition +
               ") + (SELECT COUNT(*) FROM audit_log WHERE " + std::string{std::string_view{k_uncounted}} + condition + ")";
    return db::composed_one<std::int64_t>("audit_days.count", std::move(sql), std::move(params));
}

db::Task<void> update(db::Database& database, std::function<bool()> may_go_on, std::chrono::milliseconds settle) {
    while (may_go_on()) {
        const auto now = co_await database.get(k_state.one());
        const bool settled = system_now_ms() - now.seen_at_ms >= settle.count();
        if (settled && now.counted_id < now.seen_id) {
            co_await database.transaction([](db::Transaction& tx) { return step(tx); });
            continue;
        }
        if (!settled) co_return;
        const auto newest = co_await database.get(k_newest.one());
        if (newest <= now.seen_id) co_return;
        co_await database.execute(k_set_seen, newest, system_now_ms());
        if (settle.count() > 0) co_return; // the next run counts them
    }
}

db::Task<void> hold(db::Transaction& tx) { co_await tx.execute(k_hold); }

db::Task<void> count_out(db::Transaction& tx, std::vector<Counted> entries) {
    const auto now = co_await tx.get(k_state.one());
    Groups groups;
    for (const auto& entry : entries) {
        if (entry.id <= now.counted_id) --groups[{number_at(entry.created_at_ms), entry.level, entry.action}];
    }
    if (groups.empty()) co_return;
    const auto first = std::get<0>(groups.begin()->first);
    const auto last = std::get<0>(groups.rbegin()->first);
    add_groups(tx, groups);
    tx.defer(k_drop_empty, first, last);
}

void forget_users_before(db::Transaction& tx, EpochMs before) {
    const auto day = number_at(before);
    tx.defer(k_set_forgotten, day, day);
    tx.defer(k_forget, day);
}

recount::Part recount_part() {
    return [](db::Session& session, db::Transaction* repair, recount::Report& report) -> db::Task<void> {
        if (repair != nullptr) co_await hold(*repair);
        co_await compare_days(session, repair, report);
        co_await compare_users(session, repair, report);
        co_await compare_last_days(session, repair, report); // of the users as they are now
    };
}

} // namespace focus::audit::summary
