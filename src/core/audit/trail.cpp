#include "core/audit/trail.hpp"

#include "core/audit/summary.hpp"
#include "core/base/fold.hpp"

#include <string_view>

namespace focus::audit {

namespace {

#define FOCUS_AUDIT_COLUMNS                                                                                                                \
    "id, level, action, message, details, user_id, ip_address, user_agent, endpoint, resource_type, resource_id, request_id, "             \
    "created_at_ms"

constexpr db::Statement k_oldest{
    "audit.oldest", "SELECT id, created_at_ms, level, action FROM audit_log WHERE created_at_ms < ? ORDER BY created_at_ms LIMIT ?"};
constexpr db::Statement k_of_user{"audit.of_user", "SELECT id, created_at_ms, level, action FROM audit_log WHERE user_id = ? LIMIT ?"};
constexpr db::Statement k_ids_of_user{"audit.ids_of_user", "SELECT id FROM audit_log WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?"};

Level level_of(std::string_view name) {
    for (const auto level : {Level::warning, Level::error, Level::critical})
        if (to_string(level) == name) return level;
    return Level::info;
}

std::vector<Stored> stored_of(const db::Result& result) {
    std::vector<Stored> entries;
    entries.reserve(result.rows.size());
    for (const auto& row : result.rows) {
        using Text = std::optional<std::string>;
        using Number = std::optional<std::int64_t>;
        entries.push_back({.id = row.get<std::int64_t>(0),
                           .level = level_of(row.get<std::string_view>(1)),
                           .action = row.get<std::string>(2),
                           .message = row.get<std::string>(3),
                           .details = row.get<std::string>(4),
                           .user_id = row.get<Number>(5),
                           .ip_address = row.get<Text>(6),
                           .user_agent = row.get<Text>(7),
                           .endpoint = row.get<Text>(8),
                           .resource_type = row.get<Text>(9),
                           .resource_id = row.get<Number>(10),
                           .request_id = row.get<Text>(11),
                           .created_at_ms = row.get<EpochMs>(12)});
    }
    return entries;
}

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

/// Actions and addresses are ASCII, which MySQL compares with nothing else.
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

db::Task<std::uint64_t> delete_found(db::Transaction& tx, db::Result found) {
    if (found.rows.empty()) co_return 0;
    std::vector<db::Value> ids;
    ids.reserve(found.rows.size());
    for (const auto& row : found.rows) ids.push_back(row.at(0));
    co_await summary::count_out(tx, found);
    auto sql = "DELETE FROM audit_log WHERE id IN (" + db::places(ids.size()) + ")";
    co_return (co_await tx.run_one(db::Command::composed("audit.delete", std::move(sql), std::move(ids)))).affected;
}

} // namespace

db::Task<std::vector<Stored>> list(db::Session& session, Filter filter, std::int64_t skip, std::int64_t limit) {
    auto where = where_of(filter);
    // A user's entries stand in the order of their ids, all others in that of their times: in each case an index has it.
    const std::string_view order = filter.user_id ? " ORDER BY id DESC" : " ORDER BY created_at_ms DESC, id DESC";
    auto sql = "SELECT " FOCUS_AUDIT_COLUMNS " FROM audit_log" + where.sql + std::string{order} + " LIMIT ? OFFSET ?";
    where.params.emplace_back(limit);
    where.params.emplace_back(skip);
    co_return stored_of(co_await session.run_one(db::Command::composed("audit.list", std::move(sql), std::move(where.params))));
}

db::Task<std::int64_t> count(db::Session& session, Filter filter) {
    if (names_something(filter) && !filter.user_id && !filter.from_ms && !filter.before_ms && !filter.text) {
        co_return co_await summary::count(session, std::move(filter.levels), std::move(filter.action));
    }
    auto where = where_of(filter);
    std::string sql = "SELECT COUNT(*) FROM audit_log" + where.sql;
    if (filter.text) {
        sql = "SELECT COUNT(*) FROM (SELECT 1 FROM audit_log" + where.sql + " LIMIT ?) AS found";
        where.params.emplace_back(k_most_counted);
    }
    const auto result = co_await session.run_one(db::Command::composed("audit.count", std::move(sql), std::move(where.params)));
    co_return result.rows.at(0).get<std::int64_t>(0);
}

db::Task<std::vector<Stored>> next(db::Session& session, Filter filter, std::int64_t after_id, int limit) {
    auto where = where_of(filter);
    auto sql = "SELECT " FOCUS_AUDIT_COLUMNS " FROM audit_log" + where.sql + " AND id > ? ORDER BY id LIMIT ?";
    where.params.emplace_back(after_id);
    where.params.emplace_back(static_cast<std::int64_t>(limit));
    co_return stored_of(co_await session.run_one(db::Command::composed("audit.next", std::move(sql), std::move(where.params))));
}

db::Task<std::uint64_t> delete_older(db::Database& database, EpochMs before, int limit) {
    co_return co_await database.transaction([&](db::Transaction& tx) -> db::Task<std::uint64_t> {
        co_await summary::hold(tx);
        auto found = co_await tx.execute(k_oldest, before, limit);
        if (found.rows.empty()) summary::forget_users_before(tx, before);
        co_return co_await delete_found(tx, std::move(found));
    });
}

db::Task<std::optional<std::int64_t>> forget_origins(db::Transaction& tx, std::int64_t user_id, std::int64_t after_id, int limit) {
    const auto found = co_await tx.execute(k_ids_of_user, user_id, after_id, limit);
    if (found.rows.empty()) co_return std::nullopt;
    std::vector<db::Value> ids;
    for (const auto& row : found.rows) ids.push_back(row.at(0));
    auto sql = "UPDATE audit_log SET ip_address = NULL, user_agent = NULL, message = CASE action WHEN 'email_failed' THEN 'Mail not sent' "
               "ELSE message END WHERE id IN (" +
               db::places(ids.size()) + ")";
    tx.defer(db::Command::composed("audit.forget_origins", std::move(sql), std::move(ids)));
    co_return found.rows.back().get<std::int64_t>(0);
}

db::Task<std::uint64_t> delete_of_user(db::Database& database, std::int64_t user_id, int limit) {
    co_return co_await database.transaction([&](db::Transaction& tx) -> db::Task<std::uint64_t> {
        co_await summary::hold(tx);
        auto found = co_await tx.execute(k_of_user, user_id, limit);
        co_return co_await delete_found(tx, std::move(found));
    });
}

} // namespace focus::audit
