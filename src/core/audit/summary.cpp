#include "core/audit/summary.hpp"

#include "core/db/bulk.hpp"

#include <algorithm>
#include <format>
#include <map>
#include <tuple>

namespace focus::audit::summary {

namespace {

constexpr int k_rows_at_once = 1000;

// An UPDATE locks the row on both engines.
constexpr db::Statement k_hold{"audit_counted.hold", "UPDATE audit_counted SET counted_id = counted_id WHERE id = 1"};
constexpr db::Statement k_state{"audit_counted.find",
                                "SELECT counted_id, seen_id, seen_at_ms, forgotten_day FROM audit_counted WHERE id = 1"};
constexpr db::Statement k_set_counted{"audit_counted.set_counted", "UPDATE audit_counted SET counted_id = ? WHERE id = 1"};
constexpr db::Statement k_set_seen{"audit_counted.set_seen", "UPDATE audit_counted SET seen_id = ?, seen_at_ms = ? WHERE id = 1"};
constexpr db::Statement k_set_forgotten{"audit_counted.set_forgotten",
                                        "UPDATE audit_counted SET forgotten_day = ? WHERE id = 1 AND forgotten_day < ?"};
constexpr db::Statement k_newest{"audit.newest", "SELECT COALESCE(MAX(id), 0) FROM audit_log"};
constexpr db::Statement k_new_entries{"audit.uncounted", "SELECT id, created_at_ms, level, action, user_id FROM audit_log "
                                                         "WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"};
constexpr db::Statement k_add{
    "audit_days.add",
    db::Sql{"INSERT INTO audit_days (day, level, action, entries) VALUES (?, ?, ?, ?) ON CONFLICT (day, level, action) DO UPDATE SET "
            "entries = entries + excluded.entries",
            "INSERT INTO audit_days (day, level, action, entries) VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE "
            "entries = entries + VALUES(entries)"}};
constexpr db::Statement k_drop_empty{"audit_days.drop_empty", "DELETE FROM audit_days WHERE day BETWEEN ? AND ? AND entries <= 0"};
constexpr db::Statement k_user{"audit_users.find", "SELECT day FROM audit_users WHERE user_id = ?"};
constexpr db::Statement k_set_user{
    "audit_users.set",
    db::Sql{"INSERT INTO audit_users (user_id, day) VALUES (?, ?) ON CONFLICT (user_id) DO UPDATE SET day = excluded.day",
            "INSERT INTO audit_users (user_id, day) VALUES (?, ?) ON DUPLICATE KEY UPDATE day = VALUES(day)"}};
constexpr db::Statement k_add_last{
    "audit_last_days.add",
    db::Sql{"INSERT INTO audit_last_days (day, users) VALUES (?, ?) ON CONFLICT (day) DO UPDATE SET users = users + excluded.users",
            "INSERT INTO audit_last_days (day, users) VALUES (?, ?) ON DUPLICATE KEY UPDATE users = users + VALUES(users)"}};
constexpr db::Statement k_forget{"audit_last_days.forget", "DELETE FROM audit_last_days WHERE day < ?"};

// What is counted and what is not counted yet in one statement, so that nothing is seen twice while it moves.
#define FOCUS_UNCOUNTED "id > (SELECT counted_id FROM audit_counted WHERE id = 1)"
constexpr db::Statement k_since{
    "audit_days.since",
    db::Sql{"SELECT day, level, action, entries FROM audit_days WHERE day >= ? UNION ALL SELECT created_at_ms / 86400000, level, action, "
            "COUNT(*) FROM audit_log WHERE " FOCUS_UNCOUNTED " AND created_at_ms >= ? GROUP BY 1, 2, 3",
            "SELECT day, level, action, entries FROM audit_days WHERE day >= ? UNION ALL SELECT created_at_ms DIV 86400000 AS number, "
            "level, action, COUNT(*) FROM audit_log WHERE " FOCUS_UNCOUNTED " AND created_at_ms >= ? GROUP BY number, level, action"}};
// The + keeps SQLite from walking the whole index of users in order to tell them apart.
constexpr db::Statement k_users_since{"audit_last_days.since", "SELECT (SELECT COALESCE(SUM(users), 0) FROM audit_last_days WHERE day >= "
                                                               "?) + (SELECT COUNT(DISTINCT +l.user_id) FROM audit_log l LEFT "
                                                               "JOIN audit_users u ON u.user_id = l.user_id WHERE l." FOCUS_UNCOUNTED
                                                               " AND l.created_at_ms >= ? AND (u.day IS NULL OR u.day < ?))"};

// What differs between the summary and the entries that it has counted.
#define FOCUS_COUNTED "id <= (SELECT counted_id FROM audit_counted WHERE id = 1)"
#define FOCUS_COMPARE_DAYS(DIVIDED_BY)                                                                                                     \
    "SELECT number, level, action, SUM(was_count), SUM(is_count) FROM (SELECT created_at_ms " DIVIDED_BY                                   \
    " 86400000 AS number, level, action, 0 AS was_count, COUNT(*) AS is_count FROM audit_log WHERE " FOCUS_COUNTED                         \
    " GROUP BY number, level, action UNION ALL SELECT day, level, action, entries, 0 FROM audit_days) AS sides "                           \
    "GROUP BY number, level, action HAVING SUM(was_count) <> SUM(is_count)"
constexpr db::Statement k_compare_days{"audit_days.recount", db::Sql{FOCUS_COMPARE_DAYS("/"), FOCUS_COMPARE_DAYS("DIV")}};
#define FOCUS_COMPARE_USERS(DIVIDED_BY)                                                                                                    \
    "SELECT trail.user_id, known.day, trail.number FROM (SELECT user_id, MAX(created_at_ms) " DIVIDED_BY                                   \
    " 86400000 AS number FROM audit_log WHERE " FOCUS_COUNTED                                                                              \
    " AND user_id IS NOT NULL GROUP BY user_id) AS trail LEFT JOIN audit_users known ON known.user_id = trail.user_id "                    \
    "WHERE known.day IS NULL OR known.day < trail.number"
constexpr db::Statement k_compare_users{"audit_users.recount", db::Sql{FOCUS_COMPARE_USERS("/"), FOCUS_COMPARE_USERS("DIV")}};
#define FOCUS_REMEMBERED "day >= (SELECT forgotten_day FROM audit_counted WHERE id = 1)"
constexpr db::Statement k_compare_last{"audit_last_days.recount",
                                       "SELECT day, SUM(was_users), SUM(is_users) FROM (SELECT day, 0 AS was_users, COUNT(*) AS is_users "
                                       "FROM audit_users WHERE " FOCUS_REMEMBERED
                                       " GROUP BY day UNION ALL SELECT day, users, 0 FROM audit_last_days WHERE " FOCUS_REMEMBERED
                                       ") AS sides GROUP BY day HAVING SUM(was_users) <> SUM(is_users)"};

std::int64_t number_of(Day day) { return day.value.time_since_epoch().count(); }
Day day_of(std::int64_t number) { return Day{std::chrono::sys_days{std::chrono::days{number}}}; }
std::int64_t number_at(EpochMs at) { return number_of(Zone{}.day_of(at)); }

EpochMs system_now_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

struct State {
    std::int64_t counted_id = 0;
    std::int64_t seen_id = 0;
    EpochMs seen_at_ms = 0;
    std::int64_t forgotten_day = 0;
};

db::Task<State> state(db::Session& session) {
    const auto row = co_await session.find(k_state);
    co_return State{row->get<std::int64_t>(0), row->get<std::int64_t>(1), row->get<EpochMs>(2), row->get<std::int64_t>(3)};
}

using Groups = std::map<std::tuple<std::int64_t, std::string, std::string>, std::int64_t>; // day, level, action

void add_groups(db::Transaction& tx, const Groups& groups) {
    std::vector<db::Values> rows;
    for (const auto& [key, entries] : groups) rows.push_back(db::values_of(std::get<0>(key), std::get<1>(key), std::get<2>(key), entries));
    for (auto& command : db::for_rows(tx.dialect(), k_add, std::move(rows))) tx.defer(std::move(command));
}

/// Moves users to the last days on which they did something.
db::Task<void> move_users(db::Transaction& tx, const std::map<std::int64_t, std::int64_t>& last_days, std::int64_t forgotten_day) {
    if (last_days.empty()) co_return;
    std::vector<db::Command> commands;
    for (const auto& [user_id, day] : last_days) commands.push_back(db::Command::of(k_user, user_id));
    const auto found = co_await tx.run(std::move(commands));
    std::map<std::int64_t, std::int64_t> moves;
    std::vector<db::Values> users;
    std::size_t at = 0;
    for (const auto& [user_id, day] : last_days) {
        const auto& rows = found.at(at++).rows;
        const auto before = rows.empty() ? std::nullopt : std::optional{rows.front().get<std::int64_t>(0)};
        if (before && *before >= day) continue;
        if (before && *before >= forgotten_day) --moves[*before];
        ++moves[day];
        users.push_back(db::values_of(user_id, day));
    }
    if (users.empty()) co_return;
    for (auto& command : db::for_rows(tx.dialect(), k_set_user, std::move(users))) tx.defer(std::move(command));
    std::vector<db::Values> counts;
    for (const auto& [day, change] : moves) counts.push_back(db::values_of(day, change));
    for (auto& command : db::for_rows(tx.dialect(), k_add_last, std::move(counts))) tx.defer(std::move(command));
}

db::Task<void> compare_days(db::Session& session, db::Transaction* repair, recount::Report& report) {
    report.looked_at("audit_days");
    const auto found = co_await session.execute(k_compare_days);
    Groups groups;
    for (const auto& row : found.rows) {
        const auto day = row.get<std::int64_t>(0);
        const auto level = row.get<std::string>(1);
        const auto action = row.get<std::string>(2);
        report.differs("audit_days", std::format("{}, {}, {}", day_of(day).to_string(), level, action), row.get<std::int64_t>(3),
                       row.get<std::int64_t>(4));
        groups[{day, level, action}] = row.get<std::int64_t>(4) - row.get<std::int64_t>(3);
    }
    if (repair == nullptr || groups.empty()) co_return;
    add_groups(*repair, groups);
    repair->defer(k_drop_empty, std::get<0>(groups.begin()->first), std::get<0>(groups.rbegin()->first));
}

db::Task<void> compare_users(db::Session& session, db::Transaction* repair, recount::Report& report) {
    report.looked_at("audit_users");
    const auto found = co_await session.execute(k_compare_users);
    std::map<std::int64_t, std::int64_t> last_days;
    for (const auto& row : found.rows) {
        const auto known = row.get<std::optional<std::int64_t>>(1);
        report.differs("audit_users", std::format("user {}", row.get<std::int64_t>(0)), known ? day_of(*known).to_string() : "none",
                       day_of(row.get<std::int64_t>(2)).to_string());
        last_days[row.get<std::int64_t>(0)] = row.get<std::int64_t>(2);
    }
    if (repair != nullptr) co_await move_users(*repair, last_days, (co_await state(*repair)).forgotten_day);
}

db::Task<void> compare_last_days(db::Session& session, db::Transaction* repair, recount::Report& report) {
    report.looked_at("audit_last_days");
    const auto found = co_await session.execute(k_compare_last);
    std::vector<db::Values> rows;
    for (const auto& row : found.rows) {
        const auto day = row.get<std::int64_t>(0);
        report.differs("audit_last_days", day_of(day).to_string(), row.get<std::int64_t>(1), row.get<std::int64_t>(2));
        rows.push_back(db::values_of(day, row.get<std::int64_t>(2) - row.get<std::int64_t>(1)));
    }
    if (repair == nullptr || rows.empty()) co_return;
    for (auto& command : db::for_rows(repair->dialect(), k_add_last, std::move(rows))) repair->defer(std::move(command));
}

/// Counts some entries; false when there was nothing to do.
db::Task<bool> step(db::Transaction& tx) {
    co_await hold(tx);
    const auto now = co_await state(tx);
    const auto fresh = co_await tx.execute(k_new_entries, now.counted_id, now.seen_id, k_rows_at_once);
    if (fresh.rows.empty()) co_return false;
    Groups groups;
    std::map<std::int64_t, std::int64_t> last_days;
    for (const auto& row : fresh.rows) {
        const auto day = number_at(row.get<EpochMs>(1));
        ++groups[{day, row.get<std::string>(2), row.get<std::string>(3)}];
        if (row.is_null(4)) continue;
        auto& last = last_days[row.get<std::int64_t>(4)];
        last = std::max(last, day);
    }
    co_await move_users(tx, last_days, now.forgotten_day);
    add_groups(tx, groups);
    tx.defer(k_set_counted, fresh.rows.back().get<std::int64_t>(0));
    co_return true;
}

} // namespace

db::Task<std::vector<Group>> since(db::Session& session, Day first) {
    const auto result = co_await session.execute(k_since, number_of(first), Zone{}.start_of(first));
    std::vector<Group> groups;
    groups.reserve(result.rows.size());
    for (const auto& row : result.rows)
        groups.push_back({day_of(row.get<std::int64_t>(0)), row.get<std::string>(1), row.get<std::string>(2), row.get<std::int64_t>(3)});
    co_return groups;
}

db::Task<std::int64_t> users_since(db::Session& session, Day first) {
    const auto row = co_await session.find(k_users_since, number_of(first), Zone{}.start_of(first), number_of(first));
    co_return row->get<std::int64_t>(0);
}

db::Task<std::int64_t> count(db::Session& session, std::vector<Level> levels, std::optional<std::string> action) {
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
               ") + (SELECT COUNT(*) FROM audit_log WHERE " FOCUS_UNCOUNTED + condition + ")";
    const auto result = co_await session.run_one(db::Command::composed("audit_days.count", std::move(sql), std::move(params)));
    co_return result.rows.at(0).get<std::int64_t>(0);
}

db::Task<void> update(db::Database& database, std::function<bool()> may_go_on, std::chrono::milliseconds settle) {
    while (may_go_on()) {
        const auto now = co_await state(database);
        const bool settled = system_now_ms() - now.seen_at_ms >= settle.count();
        if (settled && now.counted_id < now.seen_id) {
            co_await database.transaction([](db::Transaction& tx) { return step(tx); });
            continue;
        }
        if (!settled) co_return;
        const auto newest = (co_await database.find(k_newest))->get<std::int64_t>(0);
        if (newest <= now.seen_id) co_return;
        co_await database.execute(k_set_seen, newest, system_now_ms());
        if (settle.count() > 0) co_return; // the next run counts them
    }
}

db::Task<void> hold(db::Transaction& tx) { co_await tx.execute(k_hold); }

db::Task<void> count_out(db::Transaction& tx, const db::Result& entries) {
    const auto now = co_await state(tx);
    Groups groups;
    for (const auto& row : entries.rows) {
        if (row.get<std::int64_t>(0) <= now.counted_id)
            --groups[{number_at(row.get<EpochMs>(1)), row.get<std::string>(2), row.get<std::string>(3)}];
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
