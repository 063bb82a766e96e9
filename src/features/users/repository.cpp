#include "features/users/repository.hpp"

#include "core/base/fold.hpp"
#include "core/counters/counters.hpp"
#include "core/db/query.hpp"
#include "features/users/list_repository.hpp"

namespace focus::users::repository {

namespace {

/// The columns in which text is searched without regard to case.
struct Keys {
    std::string email_key;
    std::string username_key;
    std::optional<std::string> full_name_key;
};
struct InsertedRow {
    NewUser user;
    Keys keys;
    Defaults defaults;
    json::Timestamp created_at;
    json::Timestamp updated_at;
    bool was_verified = false;
};
struct UpdatedRow {
    User user;
    Keys keys;
};
struct StateCount {
    bool is_active = false;
    bool is_verified = false;
    std::int64_t count = 0;
};

constexpr auto k_insert = db::insert<InsertedRow>("users.insert", "users");
constexpr auto k_find = db::select<User>("users.find", "SELECT * FROM users WHERE id = ? AND deleted_at_ms IS NULL");
constexpr auto k_find_for_update =
    db::select_for_update<User>("users.find_for_update", "SELECT * FROM users WHERE id = ? AND deleted_at_ms IS NULL");
constexpr auto k_find_by_email =
    db::select<User>("users.find_by_email", "SELECT * FROM users WHERE email_key = ? AND deleted_at_ms IS NULL");
constexpr auto k_credentials_by_email = db::select<Credentials>(
    "users.credentials_by_email",
    "SELECT id AS user_id, password_hash, is_active, is_verified FROM users WHERE email_key = ? AND deleted_at_ms IS NULL");
constexpr auto k_credentials = db::select<Credentials>(
    "users.credentials", "SELECT id AS user_id, password_hash, is_active, is_verified FROM users WHERE id = ? AND deleted_at_ms IS NULL");
constexpr auto k_holders = db::select<Holders>("users.holders", "SELECT COALESCE((SELECT id FROM users WHERE email_key = ?), 0) AS email, "
                                                                "COALESCE((SELECT id FROM users WHERE username_key = ?), 0) AS username");
constexpr auto k_update = db::update<UpdatedRow>(
    "users.update", "users", ", was_verified = CASE WHEN ? = 1 THEN 1 ELSE was_verified END WHERE id = ?", {"created_at", "last_login"});
constexpr db::Statement k_set_password{"users.set_password", "UPDATE users SET password_hash = ?, updated_at_ms = ? WHERE id = ?"};
constexpr db::Statement k_set_verified{"users.set_verified",
                                       "UPDATE users SET is_verified = 1, was_verified = 1, updated_at_ms = ? WHERE id = ?"};
constexpr db::Statement k_set_last_login{"users.set_last_login", "UPDATE users SET last_login_ms = ? WHERE id = ?"};
constexpr db::Statement k_anonymise{
    "users.anonymise",
    "UPDATE users SET email = NULL, email_key = NULL, username = NULL, username_key = NULL, "
    "password_hash = NULL, full_name = NULL, full_name_key = NULL, avatar_url = NULL, bio = NULL, is_active = 0, is_verified = 0, "
    "role = 'user', updated_at_ms = ?, deleted_at_ms = ? WHERE id = ? AND deleted_at_ms IS NULL"};
constexpr auto k_other_admins = db::select_for_update<std::int64_t>(
    "users.other_active_admins", "SELECT id FROM users WHERE role = 'admin' AND is_active = 1 AND deleted_at_ms IS NULL AND id <> ?");
constexpr auto k_never_verified = db::select<std::int64_t>(
    "users.never_verified", "SELECT id FROM users WHERE was_verified = 0 AND created_at_ms < ? AND id > ? AND is_verified = 0 AND "
                            "role <> 'admin' AND deleted_at_ms IS NULL ORDER BY id LIMIT ?");
constexpr auto k_is_never_verified = db::select<std::int64_t>(
    "users.is_never_verified", "SELECT id FROM users WHERE id = ? AND was_verified = 0 AND is_verified = 0 AND role <> 'admin'");
constexpr auto k_search = db::select<PublicUser>(
    "users.search", "SELECT * FROM users WHERE username_key LIKE ? ESCAPE '!' AND is_active = 1 AND "
                    "is_verified = 1 AND deleted_at_ms IS NULL ORDER BY CASE WHEN username_key LIKE ? ESCAPE '!' THEN 0 ELSE 1 END, "
                    "username_key LIMIT ?");

// Where many ids are looked up, "+column" keeps SQLite from the index users_state, which its planner prefers: that index
// has nearly all users under "not deleted".
constexpr auto k_addressees_after =
    db::select<Addressee>("users.addressees_after", "SELECT * FROM users WHERE id > ? AND +is_active = 1 AND "
                                                    "+deleted_at_ms IS NULL ORDER BY id LIMIT ?");

constexpr auto k_alert_settings = db::select<AlertSettings>("users.alert_settings", "SELECT * FROM users WHERE id = ?");
constexpr auto k_hold =
    db::select<std::int64_t>("users.hold", "SELECT id FROM users WHERE id = ?", "SELECT id FROM users WHERE id = ? LOCK IN SHARE MODE");

constexpr auto k_count_by_status = db::select<StateCount>(
    "users.count_by_status", "SELECT is_active, is_verified, COUNT(*) AS count FROM users WHERE deleted_at_ms IS NULL GROUP BY "
                             "is_active, is_verified");

// What an account adds to the sums over all accounts, times a factor: subtracted before a change, added after it.
constexpr db::Statement k_count{
    "users.count",
    db::Sql{"INSERT INTO counters (name, day, shard, value) SELECT 'users.active', ?, ?, ? * is_active FROM users WHERE id = ? AND "
            "deleted_at_ms IS NULL UNION ALL SELECT 'users.verified', ?, ?, ? * is_verified FROM users WHERE id = ? AND deleted_at_ms IS "
            "NULL ON CONFLICT (name, day, shard) DO UPDATE SET value = value + excluded.value",
            "INSERT INTO counters (name, day, shard, value) SELECT 'users.active', ?, ?, ? * is_active FROM users WHERE id = ? AND "
            "deleted_at_ms IS NULL UNION ALL SELECT 'users.verified', ?, ?, ? * is_verified FROM users WHERE id = ? AND deleted_at_ms IS "
            "NULL ON DUPLICATE KEY UPDATE value = counters.value + VALUES(value)"}};
constexpr auto k_removed = db::select<std::int64_t>("users.removed", "SELECT id FROM users WHERE id = ? AND deleted_at_ms IS NOT NULL");
constexpr db::Statement k_erase{"users.erase", "DELETE FROM users WHERE id = ? AND deleted_at_ms IS NOT NULL"};

Keys keys_of(const auto& user) {
    return {.email_key = fold_case(user.email),
            .username_key = fold_case(user.username),
            .full_name_key = user.full_name ? std::optional{fold_case(*user.full_name)} : std::nullopt};
}

} // namespace

db::Query<std::int64_t> insert(const NewUser& user, const Defaults& defaults, EpochMs now) {
    return k_insert.id({.user = user,
                        .keys = keys_of(user),
                        .defaults = defaults,
                        .created_at = {now},
                        .updated_at = {now},
                        .was_verified = user.is_verified});
}

db::Query<std::optional<User>> find(std::int64_t id) { return k_find.first(id); }
db::Query<std::optional<User>> find_for_update(std::int64_t id) { return k_find_for_update.first(id); }
db::Query<std::optional<User>> find_by_email(std::string_view email_key) { return k_find_by_email.first(email_key); }
db::Query<std::optional<Credentials>> credentials_by_email(std::string_view email_key) { return k_credentials_by_email.first(email_key); }
db::Query<std::optional<Credentials>> credentials(std::int64_t id) { return k_credentials.first(id); }
db::Query<Holders> holders(std::string_view email_key, std::string_view username_key) { return k_holders.one(email_key, username_key); }

db::Query<std::uint64_t> update(User user, EpochMs now) {
    user.updated_at = {now};
    auto keys = keys_of(user);
    const auto id = user.id;
    const auto is_verified = user.is_verified;
    return k_update.affected({.user = std::move(user), .keys = std::move(keys)}, is_verified, id);
}

void set_password(db::Transaction& tx, std::int64_t id, std::string_view hash, EpochMs now) {
    tx.defer(k_set_password, hash.empty() ? std::nullopt : std::optional{hash}, now, id); // none: no sign-in by password
}
void set_verified(db::Transaction& tx, std::int64_t id, EpochMs now) { tx.defer(k_set_verified, now, id); }
void set_last_login(db::Transaction& tx, std::int64_t id, EpochMs now) { tx.defer(k_set_last_login, now, id); }
void anonymise(db::Transaction& tx, std::int64_t id, EpochMs now) { tx.defer(k_anonymise, now, now, id); }

void count(db::Transaction& tx, std::int64_t id, int factor, EpochMs now) {
    const auto day = counters::day_of(now).to_string();
    const auto shard = counters::shard_of(id);
    tx.defer(k_count, day, shard, factor, id, day, shard, factor, id);
}

db::Query<std::vector<std::int64_t>> never_verified(EpochMs before, std::int64_t after_id, int limit) {
    return k_never_verified.all(before, after_id, limit);
}
db::Query<bool> is_never_verified(std::int64_t id) { return k_is_never_verified.exists(id); }
db::Query<bool> is_removed(std::int64_t id) { return k_removed.exists(id); }

void erase(db::Transaction& tx, std::int64_t id) { tx.defer(k_erase, id); }

db::Query<std::vector<std::int64_t>> other_active_admins(std::int64_t id) { return k_other_admins.all(id); }

db::Task<std::vector<Addressee>> addressees(db::Session& session, std::vector<std::int64_t> ids) {
    if (ids.empty()) co_return std::vector<Addressee>{};
    const auto sql = "SELECT " + db::column_list<Addressee>() + " FROM users WHERE id IN (" + db::places(ids.size()) +
                     ") AND +deleted_at_ms IS NULL ORDER BY id";
    co_return co_await session.get(db::composed<Addressee>("users.addressees", sql, {ids.begin(), ids.end()}));
}

db::Query<std::vector<Addressee>> addressees_after(std::int64_t after_id, int limit) { return k_addressees_after.all(after_id, limit); }

db::Query<AlertSettings> alert_settings(std::int64_t id) {
    return k_alert_settings.first(id).map([](const std::optional<AlertSettings>& found) { return found.value_or(AlertSettings{}); });
}

db::Task<std::vector<User>> find_many(db::Session& session, std::vector<std::int64_t> ids) {
    if (ids.empty()) co_return std::vector<User>{};
    const auto sql =
        "SELECT " + db::column_list<User>() + " FROM users WHERE id IN (" + db::places(ids.size()) + ") AND +deleted_at_ms IS NULL";
    co_return co_await session.get(db::composed<User>("users.find_many", sql, {ids.begin(), ids.end()}));
}

db::Query<bool> hold(std::int64_t id) { return k_hold.exists(id); }

db::Query<StatusCounts> count_by_status() {
    return k_count_by_status.all().map([](const std::vector<StateCount>& states) {
        StatusCounts counts;
        for (const auto& state : states) {
            auto& count = !state.is_active ? counts.inactive : state.is_verified ? counts.active : counts.unverified;
            count += state.count;
        }
        return counts;
    });
}

db::Query<std::vector<PublicUser>> search(std::string_view folded_text, int limit) {
    return k_search.all(like_contains(folded_text), like_prefix(folded_text), limit);
}

namespace {

/// The WHERE of a list, composed of constant parts; values are parameters.
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
        // Usernames are ASCII; MySQL compares them with ASCII text only.
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
    std::string sql = "SELECT " + db::column_list<User>() + " FROM users" + where.sql + " ORDER BY " + std::string{column_of(sort.field)} +
                      direction + ", id" + direction + " LIMIT ? OFFSET ?";
    auto params = where.params;
    params.emplace_back(limit);
    params.emplace_back(skip);
    auto users = db::composed<User>("users.list", std::move(sql), std::move(params));
    if (where.params.empty()) { // all accounts: the sums have the number
        auto [page, joined, gone] = co_await session.all(std::move(users), counters::total(k_joined), counters::total(k_gone));
        co_return AccountPage{.users = std::move(page), .total = joined - gone};
    }
    auto count = db::composed_one<std::int64_t>("users.list_count", "SELECT COUNT(*) FROM users" + where.sql, where.params);
    auto [page, total] = co_await session.all(std::move(users), std::move(count));
    co_return AccountPage{.users = std::move(page), .total = total};
}

} // namespace focus::users::repository
