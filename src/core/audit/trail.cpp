#include "core/audit/trail.hpp"

#include "core/audit/summary.hpp"
#include "core/base/fold.hpp"

#include <string_view>

namespace focus::audit {

namespace {

constexpr auto k_oldest =
    db::select<summary::Counted>("audit.oldest", "SELECT * FROM audit_log WHERE created_at_ms < ? ORDER BY created_at_ms LIMIT ?");
constexpr auto k_of_user = db::select<summary::Counted>("audit.of_user", "SELECT * FROM audit_log WHERE user_id = ? LIMIT ?");
constexpr auto k_ids_of_user =
    db::select<std::int64_t>("audit.ids_of_user", "SELECT id FROM audit_log WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?");

/// The WHERE of a list, out of constant pieces; values are parameters.
struct Where {
    std::string sql = " WHERE 1 = 1";
    std::vector<db::Value> params;

    template <class T>
    void add(std::string_view piece, const std::optional<T>& value) {
        if (!value) return;
        sql += piece;
        params.push_back(db::to_value(*value));
    }
};

/// Actions and addresses are ASCII, and MySQL refuses to compare them with other text.
bool names_something(const Filter& filter) { return !filter.action || is_ascii(*filter.action); }

Where where_of(const Filter& filter) {
    Where where;
    if (!names_something(filter)) where.sql += " AND 1 = 0";
    if (!filter.levels.empty()) {
        where.sql += " AND level IN (" + db::places(filter.levels.size()) + ")";
        bool notable = true;
        for (const auto level : filter.levels) {
            where.params.push_back(db::to_value(to_string(level)));
            notable = notable && level != Level::info;
        }
        if (notable) where.sql += " AND level <> 'info'"; // the condition of SQLite's index
    }
    if (names_something(filter)) where.add(" AND action = ?", filter.action);
    where.add(" AND user_id = ?", filter.user_id);
    where.add(" AND created_at_ms >= ?", filter.from_ms);
    where.add(" AND created_at_ms < ?", filter.before_ms);
    if (filter.text) {
        const auto text = fold_case(*filter.text);
        where.sql += " AND (LOWER(message) LIKE ? ESCAPE '!' OR LOWER(details) LIKE ? ESCAPE '!'";
        where.sql += is_ascii(text) ? " OR ip_address LIKE ? ESCAPE '!')" : ")";
        where.params.insert(where.params.end(), is_ascii(text) ? 3 : 2, db::to_value(like_contains(text)));
    }
    return where;
}

std::string select_entries(const Where& where) { return "SELECT " + db::column_list<LogEntry>() + " FROM audit_log" + where.sql; }

db::Task<std::uint64_t> delete_found(db::Transaction& tx, std::vector<summary::Counted> found) {
    if (found.empty()) co_return 0;
    std::vector<db::Value> ids;
    ids.reserve(found.size());
    for (const auto& entry : found) ids.emplace_back(entry.id);
    co_await summary::count_out(tx, std::move(found));
    auto sql = "DELETE FROM audit_log WHERE id IN (" + db::places(ids.size()) + ")";
    co_return (co_await tx.run_one(db::Command::composed("audit.delete", std::move(sql), std::move(ids)))).affected;
}

} // namespace

db::Query<std::vector<LogEntry>> list(const Filter& filter, std::int64_t skip, std::int64_t limit) {
    auto where = where_of(filter);
    // A user's entries stand in the order of their ids, all others in that of their times: in each case an index has it.
    const std::string_view order = filter.user_id ? " ORDER BY id DESC" : " ORDER BY created_at_ms DESC, id DESC";
    auto sql = select_entries(where) + std::string{order} + " LIMIT ? OFFSET ?";
    where.params.emplace_back(limit);
    where.params.emplace_back(skip);
    return db::composed<LogEntry>("audit.list", std::move(sql), std::move(where.params));
}

db::Query<std::int64_t> count(const Filter& filter) {
    if (names_something(filter) && !filter.user_id && !filter.from_ms && !filter.before_ms && !filter.text) {
        return summary::count(filter.levels, filter.action);
    }
    auto where = where_of(filter);
    std::string sql = "SELECT COUNT(*) FROM audit_log" + where.sql;
    if (filter.text) {
        sql = "SELECT COUNT(*) FROM (SELECT 1 FROM audit_log" + where.sql + " LIMIT ?) AS found";
        where.params.emplace_back(k_most_counted);
    }
    return db::composed_one<std::int64_t>("audit.count", std::move(sql), std::move(where.params));
}

db::Query<std::vector<LogEntry>> next(const Filter& filter, std::int64_t after_id, int limit) {
    auto where = where_of(filter);
    auto sql = select_entries(where) + " AND id > ? ORDER BY id LIMIT ?";
    where.params.emplace_back(after_id);
    where.params.push_back(db::to_value(limit));
    return db::composed<LogEntry>("audit.next", std::move(sql), std::move(where.params));
}

db::Task<std::uint64_t> delete_older(db::Database& database, EpochMs before, int limit) {
    co_return co_await database.transaction([&](db::Transaction& tx) -> db::Task<std::uint64_t> {
        co_await summary::hold(tx);
        auto found = co_await tx.get(k_oldest.all(before, limit));
        if (found.empty()) summary::forget_users_before(tx, before);
        co_return co_await delete_found(tx, std::move(found));
    });
}

db::Task<std::optional<std::int64_t>> forget_origins(db::Transaction& tx, std::int64_t user_id, std::int64_t after_id, int limit) {
    const auto ids = co_await tx.get(k_ids_of_user.all(user_id, after_id, limit));
    if (ids.empty()) co_return std::nullopt;
    auto sql = "UPDATE audit_log SET ip_address = NULL, user_agent = NULL, message = CASE action WHEN 'email_failed' THEN 'Mail not sent' "
               "ELSE message END WHERE id IN (" +
               db::places(ids.size()) + ")";
    tx.defer(db::Command::composed("audit.forget_origins", std::move(sql), {ids.begin(), ids.end()}));
    co_return ids.back();
}

db::Task<std::uint64_t> delete_of_user(db::Database& database, std::int64_t user_id, int limit) {
    co_return co_await database.transaction([&](db::Transaction& tx) -> db::Task<std::uint64_t> {
        co_await summary::hold(tx);
        co_return co_await delete_found(tx, co_await tx.get(k_of_user.all(user_id, limit)));
    });
}

} // namespace focus::audit
