#include "features/notifications/repository.hpp"

namespace focus::notifications::repository {

namespace {

#define FOCUS_NOTIFICATION_COLUMNS "id, notification_type, title, message, data, is_read, created_at_ms"

constexpr db::Statement k_last_id{"notifications.last_id", "SELECT COALESCE(MAX(id), 0) FROM notifications WHERE user_id = ?"};
constexpr db::Statement k_pushed_after{"notifications.pushed_after",
                                       "SELECT " FOCUS_NOTIFICATION_COLUMNS " FROM notifications WHERE user_id = ? "
                                       "AND id > ? AND is_silent = 0 ORDER BY id LIMIT ?"};
constexpr db::Statement k_find{"notifications.find",
                               "SELECT " FOCUS_NOTIFICATION_COLUMNS " FROM notifications WHERE id = ? AND user_id = ?"};
constexpr db::Statement k_mark_read{"notifications.mark_read", "UPDATE notifications SET is_read = 1 WHERE id = ? AND user_id = ?"};
constexpr db::Statement k_mark_all_read{"notifications.mark_all_read",
                                        "UPDATE notifications SET is_read = 1 WHERE user_id = ? AND is_read = 0"};
constexpr db::Statement k_delete_old{
    "notifications.delete_old",
    db::Sql{"DELETE FROM notifications WHERE id IN (SELECT id FROM notifications WHERE created_at_ms < ? ORDER BY created_at_ms LIMIT ?)",
            "DELETE FROM notifications WHERE created_at_ms < ? ORDER BY created_at_ms LIMIT ?"}};
constexpr db::Statement k_add_announcement{"announcements.add",
                                           "INSERT INTO announcements (title, message, created_by, created_at_ms) VALUES (?, ?, ?, ?)"};
constexpr db::Statement k_announcement_for_update{
    "announcements.find_for_update",
    db::Sql{"SELECT id, title, message, after_user_id, told, done_at_ms FROM announcements WHERE id = ?",
            "SELECT id, title, message, after_user_id, told, done_at_ms FROM announcements WHERE id = ? FOR UPDATE"}};
constexpr db::Statement k_open_announcements{"announcements.open", "SELECT id FROM announcements WHERE done_at_ms IS NULL ORDER BY id"};
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

Notification notification_of(const db::Row& row) {
    return {.id = row.get<std::int64_t>(0),
            .notification_type = type_of(row.get<std::string_view>(1)),
            .title = row.get<std::string>(2),
            .message = row.get<std::string>(3),
            .data = {row.get<std::string>(4)},
            .is_read = row.get<bool>(5),
            .created_at = {row.get<std::int64_t>(6)}};
}

std::vector<Notification> notifications_of(const db::Result& result) {
    std::vector<Notification> found;
    found.reserve(result.rows.size());
    for (const auto& row : result.rows) found.push_back(notification_of(row));
    return found;
}

std::vector<db::Value> values_of(const std::vector<std::int64_t>& ids) { return {ids.begin(), ids.end()}; }

std::string in_users(std::size_t count) { return " WHERE user_id IN (" + db::places(count) + ")"; }

db::Command last_ids(const std::vector<std::int64_t>& user_ids) {
    return db::Command::composed("notifications.last_ids",
                                 "SELECT user_id, MAX(id) FROM notifications" + in_users(user_ids.size()) + " GROUP BY user_id",
                                 values_of(user_ids));
}

void add_turns(std::vector<db::Command>& commands, const std::vector<std::int64_t>& user_ids) {
    std::string rows = "(?)";
    for (std::size_t i = 1; i < user_ids.size(); ++i) rows += ", (?)";
    commands.push_back(db::Command::composed("notification_turns.take",
                                             "INSERT INTO notification_turns (user_id) VALUES " + rows +
                                                 " ON DUPLICATE KEY UPDATE user_id = VALUES(user_id)",
                                             values_of(user_ids)));
}

db::Command insert_command(const std::vector<Fresh>& rows, const Draft& draft, EpochMs now) {
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
    return db::Command::composed("notifications.insert", std::move(sql), std::move(params));
}

} // namespace

db::Task<std::map<std::int64_t, std::int64_t>> take_turns(db::Transaction& tx, std::vector<std::int64_t> user_ids, std::string dedup_key) {
    std::vector<db::Command> commands;
    if (tx.dialect() == db::Dialect::mysql) add_turns(commands, user_ids); // SQLite has one writer at a time anyway
    const auto first_read = commands.size();
    commands.push_back(last_ids(user_ids));
    if (!dedup_key.empty()) {
        auto params = values_of(user_ids);
        params.emplace_back(dedup_key);
        commands.push_back(db::Command::composed("notifications.find_dedup",
                                                 "SELECT user_id FROM notifications" + in_users(user_ids.size()) + " AND dedup_key = ?",
                                                 std::move(params)));
    }
    const auto results = co_await tx.run(std::move(commands));
    std::map<std::int64_t, std::int64_t> last;
    for (const auto id : user_ids) last[id] = 0;
    for (const auto& row : results.at(first_read).rows) last[row.get<std::int64_t>(0)] = row.get<std::int64_t>(1);
    if (!dedup_key.empty()) {
        for (const auto& row : results.at(first_read + 1).rows) last.erase(row.get<std::int64_t>(0));
    }
    co_return last;
}

db::Task<std::vector<std::int64_t>> insert(db::Transaction& tx, std::vector<Fresh> rows, const Draft& draft, EpochMs now) {
    std::vector<std::int64_t> user_ids;
    for (const auto& row : rows) user_ids.push_back(row.user_id);
    std::vector<db::Command> commands;
    commands.push_back(insert_command(rows, draft, now));
    // Each user's newest row is the one just made: the transaction holds his turn.
    commands.push_back(last_ids(user_ids));
    const auto results = co_await tx.run(std::move(commands));
    std::map<std::int64_t, std::int64_t> ids;
    for (const auto& row : results.at(1).rows) ids[row.get<std::int64_t>(0)] = row.get<std::int64_t>(1);
    std::vector<std::int64_t> in_order;
    in_order.reserve(user_ids.size());
    for (const auto user_id : user_ids) in_order.push_back(ids.at(user_id));
    co_return in_order;
}

db::Task<std::int64_t> last_id(db::Session& session, std::int64_t user_id) {
    const auto row = co_await session.find(k_last_id, user_id);
    co_return row->get<std::int64_t>(0);
}

db::Task<std::vector<Notification>> pushed_after(db::Session& session, std::int64_t user_id, std::int64_t after_id, int limit) {
    co_return notifications_of(co_await session.execute(k_pushed_after, user_id, after_id, limit));
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
    std::vector<db::Command> commands;
    commands.push_back(db::Command::composed("notifications.count", "SELECT COUNT(*)" + where, params));
    params.push_back(db::to_value(query.limit.value.value));
    params.push_back(db::to_value(query.skip.value.value));
    commands.push_back(db::Command::composed("notifications.list",
                                             "SELECT " FOCUS_NOTIFICATION_COLUMNS + where +
                                                 (query.after_id ? " ORDER BY id" : " ORDER BY id DESC") + " LIMIT ? OFFSET ?",
                                             std::move(params)));
    const auto results = co_await session.run(std::move(commands));
    co_return Listed{notifications_of(results.at(1)), results.at(0).rows.at(0).get<std::int64_t>(0)};
}

db::Task<std::optional<Notification>> mark_read(db::Session& session, std::int64_t user_id, std::int64_t id) {
    std::vector<db::Command> commands;
    commands.push_back(db::Command::of(k_mark_read, id, user_id));
    commands.push_back(db::Command::of(k_find, id, user_id));
    const auto results = co_await session.run(std::move(commands));
    const auto& rows = results.at(1).rows;
    co_return rows.empty() ? std::nullopt : std::optional{notification_of(rows.front())};
}

db::Task<std::int64_t> mark_all_read(db::Session& session, std::int64_t user_id) {
    const auto result = co_await session.execute(k_mark_all_read, user_id);
    co_return static_cast<std::int64_t>(result.affected);
}

db::Task<std::uint64_t> delete_old(db::Database& database, EpochMs before) {
    return db::delete_in_steps(database, nullptr, k_delete_old, before);
}

db::Task<std::int64_t> add_announcement(db::Transaction& tx, std::string title, std::string message, std::int64_t created_by, EpochMs now) {
    co_return (co_await tx.execute(k_add_announcement, title, message, created_by, now)).last_insert_id;
}

db::Task<std::optional<AnnouncementProgress>> announcement_for_update(db::Transaction& tx, std::int64_t id) {
    const auto row = co_await tx.find(k_announcement_for_update, id);
    if (!row) co_return std::nullopt;
    co_return AnnouncementProgress{row->get<std::int64_t>(0), row->get<std::string>(1),  row->get<std::string>(2),
                                   row->get<std::int64_t>(3), row->get<std::int64_t>(4), row->get<std::optional<EpochMs>>(5).has_value()};
}

db::Task<std::vector<std::int64_t>> open_announcements(db::Session& session) {
    std::vector<std::int64_t> ids;
    const auto result = co_await session.execute(k_open_announcements);
    for (const auto& row : result.rows) ids.push_back(row.get<std::int64_t>(0));
    co_return ids;
}

void set_progress(db::Transaction& tx, const AnnouncementProgress& announcement, std::optional<EpochMs> done_at) {
    tx.defer(k_set_progress, announcement.after_user_id, announcement.told, done_at, announcement.id);
}

void delete_of_user(db::Transaction& tx, std::int64_t user_id) { tx.defer(k_delete_of_user, user_id); }

personal::Section personal_data(db::Database& database) { return personal::table_section(database, "notifications", k_personal); }

} // namespace focus::notifications::repository
