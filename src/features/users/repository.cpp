#include "features/users/repository.hpp"

#include "core/base/fold.hpp"
#include "core/counters/counters.hpp"
#include "features/users/list_repository.hpp"

namespace focus::users::repository {

namespace {

#define FOCUS_USER_COLUMNS                                                                                                                 \
    "id, email, username, full_name, avatar_url, bio, role, is_active, is_verified, language, timezone, daily_limit_ms, "                  \
    "notifications_enabled, email_reminders, reminder_minute, created_at_ms, updated_at_ms, last_login_ms"

constexpr db::Statement k_insert{
    "users.insert", "INSERT INTO users (email, email_key, username, username_key, password_hash, full_name, full_name_key, avatar_url, "
                    "role, is_active, is_verified, language, timezone, daily_limit_ms, reminder_minute, created_at_ms, updated_at_ms, "
                    "was_verified) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
constexpr db::Statement k_find{"users.find", "SELECT " FOCUS_USER_COLUMNS " FROM users WHERE id = ? AND deleted_at_ms IS NULL"};
constexpr db::Statement k_find_for_update{
    "users.find_for_update", db::Sql{"SELECT " FOCUS_USER_COLUMNS " FROM users WHERE id = ? AND deleted_at_ms IS NULL",
                                     "SELECT " FOCUS_USER_COLUMNS " FROM users WHERE id = ? AND deleted_at_ms IS NULL FOR UPDATE"}};
constexpr db::Statement k_find_by_email{"users.find_by_email",
                                        "SELECT " FOCUS_USER_COLUMNS " FROM users WHERE email_key = ? AND deleted_at_ms IS NULL"};
constexpr db::Statement k_credentials_by_email{
    "users.credentials_by_email",
    "SELECT id, password_hash, is_active, is_verified FROM users WHERE email_key = ? AND deleted_at_ms IS NULL"};
constexpr db::Statement k_credentials{"users.credentials",
                                      "SELECT id, password_hash, is_active, is_verified FROM users WHERE id = ? AND deleted_at_ms IS NULL"};
constexpr db::Statement k_holders{"users.holders", "SELECT COALESCE((SELECT id FROM users WHERE email_key = ?), 0), "
                                                   "COALESCE((SELECT id FROM users WHERE username_key = ?), 0)"};
constexpr db::Statement k_update{
    "users.update",
    "UPDATE users SET email = ?, email_key = ?, username = ?, username_key = ?, full_name = ?, full_name_key = ?, avatar_url = ?, "
    "bio = ?, role = ?, is_active = ?, is_verified = ?, language = ?, timezone = ?, daily_limit_ms = ?, "
    "notifications_enabled = ?, email_reminders = ?, reminder_minute = ?, updated_at_ms = ?, "
    "was_verified = CASE WHEN ? = 1 THEN 1 ELSE was_verified END WHERE id = ?"};
constexpr db::Statement k_set_password{"users.set_password", "UPDATE users SET password_hash = ?, updated_at_ms = ? WHERE id = ?"};
constexpr db::Statement k_set_verified{"users.set_verified",
                                       "UPDATE users SET is_verified = 1, was_verified = 1, updated_at_ms = ? WHERE id = ?"};
constexpr db::Statement k_set_last_login{"users.set_last_login", "UPDATE users SET last_login_ms = ? WHERE id = ?"};
constexpr db::Statement k_anonymise{
    "users.anonymise",
    "UPDATE users SET email = NULL, email_key = NULL, username = NULL, username_key = NULL, "
    "password_hash = NULL, full_name = NULL, full_name_key = NULL, avatar_url = NULL, bio = NULL, is_active = 0, is_verified = 0, "
    "role = 'user', updated_at_ms = ?, deleted_at_ms = ? WHERE id = ? AND deleted_at_ms IS NULL"};
constexpr db::Statement k_other_admins{
    "users.other_active_admins",
    db::Sql{"SELECT id FROM users WHERE role = 'admin' AND is_active = 1 AND deleted_at_ms IS NULL AND id <> ?",
            "SELECT id FROM users WHERE role = 'admin' AND is_active = 1 AND deleted_at_ms IS NULL AND id <> ? FOR UPDATE"}};
constexpr db::Statement k_never_verified{
    "users.never_verified", "SELECT id FROM users WHERE was_verified = 0 AND created_at_ms < ? AND id > ? AND is_verified = 0 AND "
                            "role <> 'admin' AND deleted_at_ms IS NULL ORDER BY id LIMIT ?"};
constexpr db::Statement k_is_never_verified{
    "users.is_never_verified", "SELECT id FROM users WHERE id = ? AND was_verified = 0 AND is_verified = 0 AND role <> 'admin'"};
constexpr db::Statement k_search{
    "users.search", "SELECT id, username, full_name, avatar_url, bio FROM users WHERE username_key LIKE ? ESCAPE '!' AND is_active = 1 AND "
                    "is_verified = 1 AND deleted_at_ms IS NULL ORDER BY CASE WHEN username_key LIKE ? ESCAPE '!' THEN 0 ELSE 1 END, "
                    "username_key LIMIT ?"};

// Where many are looked for by their ids, "+column" keeps SQLite from its index users_state, which it takes for the better one: that
// index has nearly everybody under "not deleted".
constexpr db::Statement k_addressees_after{"users.addressees_after",
                                           "SELECT id, language, notifications_enabled FROM users WHERE id > ? AND +is_active = 1 AND "
                                           "+deleted_at_ms IS NULL ORDER BY id LIMIT ?"};

constexpr db::Statement k_alert_settings{"users.alert_settings", "SELECT daily_limit_ms, notifications_enabled FROM users WHERE id = ?"};
constexpr db::Statement k_hold{"users.hold",
                               db::Sql{"SELECT id FROM users WHERE id = ?", "SELECT id FROM users WHERE id = ? LOCK IN SHARE MODE"}};

constexpr db::Statement k_count_by_status{
    "users.count_by_status",
    "SELECT is_active, is_verified, COUNT(*) FROM users WHERE deleted_at_ms IS NULL GROUP BY is_active, is_verified"};

// What an account adds to the sums over all accounts, times a factor: taken out before a change, put in after it.
constexpr db::Statement k_count{
    "users.count",
    db::Sql{"INSERT INTO counters (name, day, shard, value) SELECT 'users.active', ?, ?, ? * is_active FROM users WHERE id = ? AND "
            "deleted_at_ms IS NULL UNION ALL SELECT 'users.verified', ?, ?, ? * is_verified FROM users WHERE id = ? AND deleted_at_ms IS "
            "NULL ON CONFLICT (name, day, shard) DO UPDATE SET value = value + excluded.value",
            "INSERT INTO counters (name, day, shard, value) SELECT 'users.active', ?, ?, ? * is_active FROM users WHERE id = ? AND "
            "deleted_at_ms IS NULL UNION ALL SELECT 'users.verified', ?, ?, ? * is_verified FROM users WHERE id = ? AND deleted_at_ms IS "
            "NULL ON DUPLICATE KEY UPDATE value = counters.value + VALUES(value)"}};
constexpr db::Statement k_removed{"users.removed", "SELECT id FROM users WHERE id = ? AND deleted_at_ms IS NOT NULL"};
constexpr db::Statement k_erase{"users.erase", "DELETE FROM users WHERE id = ? AND deleted_at_ms IS NOT NULL"};

std::optional<std::string> key_of(const std::optional<std::string>& text) { return text ? std::optional{fold_case(*text)} : std::nullopt; }

std::optional<json::Timestamp> timestamp(std::optional<std::int64_t> ms) { return ms ? std::optional{json::Timestamp{*ms}} : std::nullopt; }

User user_of(const db::Row& row) {
    User user;
    user.id = row.get<std::int64_t>(0);
    user.email = row.get<std::string>(1);
    user.username = row.get<std::string>(2);
    user.full_name = row.get<std::optional<std::string>>(3);
    user.avatar_url = row.get<std::optional<std::string>>(4);
    user.bio = row.get<std::optional<std::string>>(5);
    user.role = role_of(row.get<std::string_view>(6));
    user.is_active = row.get<bool>(7);
    user.is_verified = row.get<bool>(8);
    user.language = language_of_tag(row.get<std::string_view>(9));
    user.timezone = row.get<std::string>(10);
    if (const auto limit = row.get<std::optional<std::int64_t>>(11)) user.daily_limit_minutes = json::Minutes{*limit};
    user.notifications_enabled = row.get<bool>(12);
    user.email_reminders = row.get<bool>(13);
    user.reminder_time.minute_of_day = row.get<int>(14);
    user.created_at.ms = row.get<std::int64_t>(15);
    user.updated_at.ms = row.get<std::int64_t>(16);
    user.last_login = timestamp(row.get<std::optional<std::int64_t>>(17));
    return user;
}

std::vector<Addressee> addressees_of(const db::Result& result) {
    std::vector<Addressee> found;
    found.reserve(result.rows.size());
    for (const auto& row : result.rows)
        found.push_back({row.get<std::int64_t>(0), language_of_tag(row.get<std::string_view>(1)), row.get<bool>(2)});
    return found;
}

std::optional<User> maybe_user(const std::optional<db::Row>& row) { return row ? std::optional{user_of(*row)} : std::nullopt; }

std::optional<Credentials> maybe_credentials(const std::optional<db::Row>& row) {
    if (!row) return std::nullopt;
    return Credentials{.user_id = row->get<std::int64_t>(0),
                       .password_hash = row->get<std::optional<std::string>>(1).value_or(""),
                       .is_active = row->get<bool>(2),
                       .is_verified = row->get<bool>(3)};
}

} // namespace

db::Task<std::int64_t> insert(db::Session& session, const NewUser& user, const Defaults& defaults, EpochMs now) {
    const auto result = co_await session.execute(
        k_insert, user.email, fold_case(user.email), user.username, fold_case(user.username), user.password_hash, user.full_name,
        key_of(user.full_name), user.avatar_url, to_string(user.role), user.is_active, user.is_verified, to_string(user.language),
        user.timezone, defaults.daily_limit_ms, defaults.reminder_minute, now, now, user.is_verified);
    co_return result.last_insert_id;
}

db::Task<std::optional<User>> find(db::Session& session, std::int64_t id) { co_return maybe_user(co_await session.find(k_find, id)); }

db::Task<std::optional<User>> find_for_update(db::Session& session, std::int64_t id) {
    co_return maybe_user(co_await session.find(k_find_for_update, id));
}

db::Task<std::optional<User>> find_by_email(db::Session& session, std::string_view email_key) {
    co_return maybe_user(co_await session.find(k_find_by_email, email_key));
}

db::Task<std::optional<Credentials>> credentials_by_email(db::Session& session, std::string_view email_key) {
    co_return maybe_credentials(co_await session.find(k_credentials_by_email, email_key));
}

db::Task<std::optional<Credentials>> credentials(db::Session& session, std::int64_t id) {
    co_return maybe_credentials(co_await session.find(k_credentials, id));
}

db::Task<Holders> holders(db::Session& session, std::string_view email_key, std::string_view username_key) {
    const auto row = co_await session.find(k_holders, email_key, username_key);
    co_return Holders{.email = row->get<std::int64_t>(0), .username = row->get<std::int64_t>(1)};
}

db::Task<void> update(db::Session& session, const User& user, EpochMs now) {
    const auto limit = user.daily_limit_minutes ? std::optional{user.daily_limit_minutes->ms} : std::nullopt;
    co_await session.execute(k_update, user.email, fold_case(user.email), user.username, fold_case(user.username), user.full_name,
                             key_of(user.full_name), user.avatar_url, user.bio, to_string(user.role), user.is_active, user.is_verified,
                             to_string(user.language), user.timezone, limit, user.notifications_enabled, user.email_reminders,
                             user.reminder_time.minute_of_day, now, user.is_verified, user.id);
}

void set_password(db::Transaction& tx, std::int64_t id, std::string_view hash, EpochMs now) {
    tx.defer(k_set_password, hash.empty() ? std::nullopt : std::optional{hash}, now, id); // none: nobody signs in by password
}
void set_verified(db::Transaction& tx, std::int64_t id, EpochMs now) { tx.defer(k_set_verified, now, id); }
void set_last_login(db::Transaction& tx, std::int64_t id, EpochMs now) { tx.defer(k_set_last_login, now, id); }
void anonymise(db::Transaction& tx, std::int64_t id, EpochMs now) { tx.defer(k_anonymise, now, now, id); }

void count(db::Transaction& tx, std::int64_t id, int factor, EpochMs now) {
    const auto day = counters::day_of(now).to_string();
    const auto shard = counters::shard_of(id);
    tx.defer(k_count, day, shard, factor, id, day, shard, factor, id);
}

db::Task<std::vector<std::int64_t>> never_verified(db::Session& session, EpochMs before, std::int64_t after_id, int limit) {
    const auto result = co_await session.execute(k_never_verified, before, after_id, limit);
    std::vector<std::int64_t> ids;
    for (const auto& row : result.rows) ids.push_back(row.get<std::int64_t>(0));
    co_return ids;
}

db::Task<bool> is_never_verified(db::Session& session, std::int64_t id) {
    co_return (co_await session.find(k_is_never_verified, id)).has_value();
}

db::Task<bool> is_removed(db::Session& session, std::int64_t id) { co_return (co_await session.find(k_removed, id)).has_value(); }

void erase(db::Transaction& tx, std::int64_t id) { tx.defer(k_erase, id); }

db::Task<std::int64_t> other_active_admins(db::Session& session, std::int64_t id) {
    const auto result = co_await session.execute(k_other_admins, id);
    co_return static_cast<std::int64_t>(result.rows.size());
}

db::Task<std::vector<Addressee>> addressees(db::Session& session, std::vector<std::int64_t> ids) {
    if (ids.empty()) co_return std::vector<Addressee>{};
    std::vector<db::Value> params{ids.begin(), ids.end()};
    co_return addressees_of(
        co_await session.run_one(db::Command::composed("users.addressees",
                                                       "SELECT id, language, notifications_enabled FROM users WHERE id IN (" +
                                                           db::places(ids.size()) + ") AND +deleted_at_ms IS NULL ORDER BY id",
                                                       std::move(params))));
}

db::Task<std::vector<Addressee>> addressees_after(db::Session& session, std::int64_t after_id, int limit) {
    co_return addressees_of(co_await session.execute(k_addressees_after, after_id, limit));
}

db::Command alert_settings_command(std::int64_t id) { return db::Command::of(k_alert_settings, id); }

AlertSettings alert_settings_of(const db::Result& result) {
    if (result.rows.empty()) return {};
    const auto& row = result.rows.front();
    return {row.get<std::optional<std::int64_t>>(0), row.get<bool>(1)};
}

db::Task<std::vector<User>> find_many(db::Session& session, std::vector<std::int64_t> ids) {
    std::vector<User> found;
    if (ids.empty()) co_return found;
    std::vector<db::Value> params{ids.begin(), ids.end()};
    const auto result = co_await session.run_one(db::Command::composed("users.find_many",
                                                                       "SELECT " FOCUS_USER_COLUMNS " FROM users WHERE id IN (" +
                                                                           db::places(ids.size()) + ") AND +deleted_at_ms IS NULL",
                                                                       std::move(params)));
    found.reserve(result.rows.size());
    for (const auto& row : result.rows) found.push_back(user_of(row));
    co_return found;
}

db::Command hold_command(std::int64_t id) { return db::Command::of(k_hold, id); }

db::Task<StatusCounts> count_by_status(db::Session& session) {
    const auto result = co_await session.execute(k_count_by_status);
    StatusCounts counts;
    for (const auto& row : result.rows) {
        auto& count = !row.get<bool>(0) ? counts.inactive : row.get<bool>(1) ? counts.active : counts.unverified;
        count += row.get<std::int64_t>(2);
    }
    co_return counts;
}

db::Task<std::vector<PublicUser>> search(db::Session& session, std::string_view folded_text, int limit) {
    const auto result = co_await session.execute(k_search, like_contains(folded_text), like_prefix(folded_text), limit);
    std::vector<PublicUser> found;
    found.reserve(result.rows.size());
    for (const auto& row : result.rows) {
        found.push_back({.id = row.get<std::int64_t>(0),
                         .username = row.get<std::string>(1),
                         .full_name = row.get<std::optional<std::string>>(2),
                         .avatar_url = row.get<std::optional<std::string>>(3),
                         .bio = row.get<std::optional<std::string>>(4)});
    }
    co_return found;
}

namespace {

/// The WHERE of a list, out of constant pieces; values are parameters.
struct Where {
    std::string sql = " WHERE deleted_at_ms IS NULL";
    std::vector<db::Value> params;

    template <class T>
    void add(std::string_view piece, const std::optional<T>& value) {
        if (!value) return;
        sql += piece;
        params.push_back(db::to_value(*value));
    }
};

Where where_of(const AccountFilter& filter) {
    Where where;
    if (filter.text) {
        const auto text = fold_case(*filter.text);
        // Usernames are ASCII, which MySQL compares with nothing else.
        where.sql += is_ascii(text)
                         ? " AND (username_key LIKE ? ESCAPE '!' OR email_key LIKE ? ESCAPE '!' OR full_name_key LIKE ? ESCAPE '!')"
                         : " AND (email_key LIKE ? ESCAPE '!' OR full_name_key LIKE ? ESCAPE '!')";
        where.params.assign(is_ascii(text) ? 3 : 2, db::to_value(like_contains(text)));
    }
    where.add(" AND role = ?", filter.role ? std::optional{to_string(*filter.role)} : std::nullopt);
    where.add(" AND is_active = ?", filter.is_active);
    where.add(" AND is_verified = ?", filter.is_verified);
    where.add(" AND created_at_ms >= ?", filter.created_from_ms);
    where.add(" AND created_at_ms < ?", filter.created_before_ms);
    return where;
}

std::string_view column_of(AccountSort::Field field) {
    switch (field) {
    case AccountSort::Field::created_at:
        return "created_at_ms";
    case AccountSort::Field::username:
        return "username_key";
    case AccountSort::Field::last_login:
        return "last_login_ms";
    }
    return "created_at_ms";
}

} // namespace

db::Task<AccountPage> list(db::Session& session, AccountFilter filter, AccountSort sort, std::int64_t skip, std::int64_t limit) {
    const auto where = where_of(filter);
    const std::string direction = sort.descending ? " DESC" : " ASC";
    std::string sql = "SELECT " FOCUS_USER_COLUMNS " FROM users" + where.sql + " ORDER BY " + std::string{column_of(sort.field)} +
                      direction + ", id" + direction + " LIMIT ? OFFSET ?";
    auto params = where.params;
    params.emplace_back(limit);
    params.emplace_back(skip);
    std::vector<db::Command> commands;
    commands.push_back(db::Command::composed("users.list", std::move(sql), std::move(params)));
    if (where.params.empty()) // everybody: the sums know how many
        for (const auto name : {k_joined, k_gone}) commands.push_back(counters::total_command(name));
    else
        commands.push_back(db::Command::composed("users.list_count", "SELECT COUNT(*) FROM users" + where.sql, where.params));
    const auto results = co_await session.run(std::move(commands));
    AccountPage page;
    page.users.reserve(results.at(0).rows.size());
    for (const auto& row : results.at(0).rows) page.users.push_back(user_of(row));
    page.total = counters::sum_of(results.at(1)) - (results.size() > 2 ? counters::sum_of(results.at(2)) : 0);
    co_return page;
}

} // namespace focus::users::repository
