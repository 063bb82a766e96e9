#include "features/notifications/repository.hpp"

#include "core/db/query.hpp"

#include <tuple>

namespace focus::notifications::repository {

namespace {

struct LastId {
    std::int64_t user_id = 0;
    std::int64_t id = 0;
};

constexpr auto k_last_id =
    db::select<std::int64_t>("notifications.last_id", "SELECT COALESCE(MAX(id), 0) FROM notifications WHERE user_id = ?");
constexpr auto k_pushed_after = db::select<Notification>(
    "notifications.pushed_after", "SELECT * FROM notifications WHERE user_id = ? AND id > ? AND is_silent = 0 ORDER BY id LIMIT ?");
constexpr auto k_find = db::select<Notification>("notifications.find", "SELECT * FROM notifications WHERE id = ? AND user_id = ?");
constexpr db::Statement k_mark_read{"notifications.mark_read", "UPDATE notifications SET is_read = 1 WHERE id = ? AND user_id = ?"};
constexpr db::Statement k_mark_all_read{"notifications.mark_all_read",
                                        "UPDATE notifications SET is_read = 1 WHERE user_id = ? AND is_read = 0"};
constexpr db::Statement k_delete_old{
    "notifications.delete_old",
    db::Sql{"DELETE FROM notifications WHERE id IN (SELECT id FROM notifications WHERE created_at_ms < ? ORDER BY created_at_ms LIMIT ?)",
            "DELETE FROM notifications WHERE created_at_ms < ? ORDER BY created_at_ms LIMIT ?"}};
constexpr db::Statement k_add_announcement{"announcements.add",
                                           "INSERT INTO announcements (title, message, created_by, created_at_ms) VALUES (?, ?, ?, ?)"};
constexpr auto k_announcement_for_update =
    db::select_for_update<AnnouncementProgress>("announcements.find_for_update", "SELECT * FROM announcements WHERE id = ?");
constexpr auto k_open_announcements =
    db::select<std::int64_t>("announcements.open", "SELECT id FROM announcements WHERE done_at_ms IS NULL ORDER BY id");
constexpr db::Statement k_set_progress{"announcements.set_progress",
                                       "UPDATE announcements SET after_user_id = ?, told = ?, done_at_ms = ? WHERE id = ?"};
constexpr db::Statement k_delete_of_user{"notifications.delete_of_user", "DELETE FROM notifications WHERE user_id = ?"};

struct ExportedNotification {
    std::int64_t id = 0;
    std::string notification_type;
    std::string title;
    std::string message;
    json::RawJson data;
    bool is_read = false;
    json::Timestamp created_at;
};
constexpr auto k_personal = db::select<ExportedNotification>(
    "notifications.personal", "SELECT * FROM notifications WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?");

std::vector<db::Value> values_of(const std::vector<std::int64_t>& ids) { return {ids.begin(), ids.end()}; }

std::string in_users(std::size_t count) { return " WHERE user_id IN (" + db::places(count) + ")"; }

db::Query<std::vector<LastId>> last_ids(const std::vector<std::int64_t>& user_ids) {
    return db::composed<LastId>("notifications.last_ids",
                                "SELECT user_id, MAX(id) FROM notifications" + in_users(user_ids.size()) + " GROUP BY user_id",
                                values_of(user_ids));
}

db::Query<std::uint64_t> take_turns_of(const std::vector<std::int64_t>& user_ids) {
    std::string rows = "(?)";
    for (std::size_t i = 1; i < user_ids.size(); ++i) rows += ", (?)";
    return db::composed_affected("notification_turns.take",
                                 "INSERT INTO notification_turns (user_id) VALUES " + rows +
                                     " ON DUPLICATE KEY UPDATE user_id = VALUES(user_id)",
                                 values_of(user_ids));
}

db::Query<std::uint64_t> insert_all(const std::vector<Fresh>& rows, const Draft& draft, EpochMs now) {
    std::string sql =
        "INSERT INTO notifications (user_id, notification_type, title, message, data, dedup_key, is_silent, created_at_ms) VALUES ";
    std::vector<db::Value> params;
    const auto dedup_key = draft.dedup_key.empty() ? std::nullopt : std::optional{draft.dedup_key};
    for (const auto& row : rows) {
        sql += params.empty() ? "(?, ?, ?, ?, ?, ?, ?, ?)" : ", (?, ?, ?, ?, ?, ?, ?, ?)";
        params.push_back(db::to_value(row.user_id));
        params.push_back(db::to_value(to_string(draft.type)));
        params.push_back(db::to_value(row.title));
        params.push_back(db::to_value(row.message));
        params.push_back(db::to_value(draft.data));
        params.push_back(db::to_value(dedup_key));
        params.push_back(db::to_value(row.is_silent));
        params.push_back(db::to_value(now));
    }
    return db::composed_affected("notifications.insert", std::move(sql), std::move(params));
}

} // namespace

db::Task<std::map<std::int64_t, std::int64_t>> take_turns(db::Transaction& tx, std::vector<std::int64_t> user_ids, std::string dedup_key) {
    db::Batch batch;
    if (tx.dialect() == db::Dialect::mysql) std::ignore = batch.add(take_turns_of(user_ids)); // SQLite has one writer at a time anyway
    const auto last = batch.add(last_ids(user_ids));
    std::optional<db::Answer<std::vector<std::int64_t>>> have_it;
    if (!dedup_key.empty()) {
        auto params = values_of(user_ids);
        params.emplace_back(dedup_key);
        have_it = batch.add(db::composed<std::int64_t>(
            "notifications.find_dedup", "SELECT user_id FROM notifications" + in_users(user_ids.size()) + " AND dedup_key = ?",
            std::move(params)));
    }
    co_await batch.run(tx);
    std::map<std::int64_t, std::int64_t> ids;
    for (const auto user_id : user_ids) ids[user_id] = 0;
    for (const auto& row : *last) ids[row.user_id] = row.id;
    if (have_it) {
        for (const auto user_id : **have_it) ids.erase(user_id);
    }
    co_return ids;
}

db::Task<std::vector<std::int64_t>> insert(db::Transaction& tx, std::vector<Fresh> rows, const Draft& draft, EpochMs now) {
    std::vector<std::int64_t> user_ids;
    for (const auto& row : rows) user_ids.push_back(row.user_id);
    // Each user's newest row is the one just inserted: the transaction holds the user's turn.
    const auto [count, last] = co_await tx.all(insert_all(rows, draft, now), last_ids(user_ids));
    std::map<std::int64_t, std::int64_t> ids;
    for (const auto& row : last) ids[row.user_id] = row.id;
    std::vector<std::int64_t> in_order;
    in_order.reserve(user_ids.size());
    for (const auto user_id : user_ids) in_order.push_back(ids.at(user_id));
    co_return in_order;
}

db::Query<std::int64_t> last_id(std::int64_t user_id) { return k_last_id.one(user_id); }

db::Query<std::vector<Notification>> pushed_after(std::int64_t user_id, std::int64_t after_id, int limit) {
    return k_pushed_after.all(user_id, after_id, limit);
}

db::Task<Listed> list(db::Session& session, std::int64_t user_id, ListQuery query) {
    std::string where = " FROM notifications WHERE user_id = ?";
    std::vector<db::Value> params{db::to_value(user_id)};
    if (query.unread) {
        where += " AND is_read = ?";
        params.push_back(db::to_value(!*query.unread));
    }
    if (query.after_id) {
        where += " AND id > ?";
        params.push_back(db::to_value(query.after_id->value));
    }
    auto count = db::composed_one<std::int64_t>("notifications.count", "SELECT COUNT(*)" + where, params);
    params.push_back(db::to_value(query.limit.value.value));
    params.push_back(db::to_value(query.skip.value.value));
    auto page = db::composed<Notification>("notifications.list",
                                           "SELECT " + db::column_list<Notification>() + where +
                                               (query.after_id ? " ORDER BY id" : " ORDER BY id DESC") + " LIMIT ? OFFSET ?",
                                           std::move(params));
    auto [total, items] = co_await session.all(std::move(count), std::move(page));
    co_return Listed{.items = std::move(items), .total = total};
}

db::Task<std::optional<Notification>> mark_read(db::Session& session, std::int64_t user_id, std::int64_t id) {
    auto [count, found] = co_await session.all(db::affected(k_mark_read, id, user_id), k_find.first(id, user_id));
    co_return std::move(found);
}

db::Query<std::uint64_t> mark_all_read(std::int64_t user_id) { return db::affected(k_mark_all_read, user_id); }

db::Query<std::int64_t> add_announcement(std::string_view title, std::string_view message, std::int64_t created_by, EpochMs now) {
    return db::inserted_id(k_add_announcement, title, message, created_by, now);
}

db::Task<std::uint64_t> delete_old(db::Database& database, EpochMs before) {
    return db::delete_in_steps(database, nullptr, k_delete_old, before);
}
db::Query<std::optional<AnnouncementProgress>> announcement_for_update(std::int64_t id) { return k_announcement_for_update.first(id); }

db::Query<std::vector<std::int64_t>> open_announcements() { return k_open_announcements.all(); }

void set_progress(db::Transaction& tx, const AnnouncementProgress& announcement) {
    tx.defer(k_set_progress, announcement.after_user_id, announcement.told, announcement.done_at_ms, announcement.id);
}

void delete_of_user(db::Transaction& tx, std::int64_t user_id) { tx.defer(k_delete_of_user, user_id); }

personal::Section personal_data(db::Database& database) { return personal::table_section(database, "notifications", k_personal); }

} // namespace focus::notifications::repository
