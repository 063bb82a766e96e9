#include "features/auth/repository.hpp"

#include "core/base/fold.hpp"
#include "core/db/query.hpp"

#include <ranges>

namespace focus::auth::repository {

namespace {

struct InsertedSession {
    std::int64_t user_id = 0;
    std::string user_agent;
    std::string ip_address;
    json::Timestamp created_at;
    json::Timestamp last_used_at;
    json::Timestamp authenticated_at;
    json::Timestamp expires_at;
};
struct CallerRow {
    Role role = Role::user;
    bool is_verified = false;
    Language language = Language::en;
    Zone timezone;
};

constexpr auto k_insert_session = db::insert<InsertedSession>("sessions.insert", "sessions");
constexpr db::Statement k_insert_token{"refresh_tokens.insert",
                                       "INSERT INTO refresh_tokens (session_id, token_hash, expires_at_ms) VALUES (?, ?, ?)"};
constexpr db::Statement k_set_first_token{"sessions.set_first_token", "UPDATE sessions SET current_token_id = ? WHERE id = ?"};
constexpr db::SqlText k_token_columns{
    "SELECT t.id AS token_id, t.spent_at_ms, t.spent_db_ms, t.expires_at_ms AS token_expires_at_ms, s.current_token_id, "
    "s.previous_token_id, s.created_at_ms AS session_created_at_ms, s.last_used_at_ms AS session_used_at_ms, s.expires_at_ms AS "
    "session_expires_at_ms, s.revoked_at_ms AS session_revoked_at_ms, "};
constexpr db::SqlText k_of_token{
    " AS db_now_ms, s.id AS session_id, s.user_id FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id WHERE t.token_hash = ?"};
constexpr auto k_find_token =
    db::select<PresentedToken>("refresh_tokens.find", k_token_columns + "CAST(unixepoch('subsec') * 1000 AS INTEGER)" + k_of_token,
                               k_token_columns + "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)" + k_of_token + " FOR UPDATE");
constexpr auto k_token_id =
    db::select<std::int64_t>("refresh_tokens.id", "SELECT id FROM refresh_tokens WHERE token_hash = ? AND session_id = ?");
constexpr auto k_token_session =
    db::select<std::int64_t>("refresh_tokens.session", "SELECT session_id FROM refresh_tokens WHERE token_hash = ?");
// A spent token is kept as long as its successor; otherwise its next use would be that of an unknown one.
constexpr db::Statement k_spend{"refresh_tokens.spend",
                                "UPDATE refresh_tokens SET spent_at_ms = ?, spent_db_ms = ?, expires_at_ms = ? WHERE id = ?"};
constexpr db::Statement k_rotate{"sessions.rotate", "UPDATE sessions SET current_token_id = ?, previous_token_id = ?, last_used_at_ms = ?, "
                                                    "expires_at_ms = ?, ip_address = ?, user_agent = ? WHERE id = ?"};
constexpr auto k_live = db::select<SessionRow>(
    "sessions.live",
    "SELECT * FROM sessions WHERE user_id = ? AND revoked_at_ms IS NULL AND expires_at_ms > ? ORDER BY last_used_at_ms DESC, id DESC");
constexpr auto k_surplus =
    db::select<std::int64_t>("sessions.surplus", "SELECT id FROM sessions WHERE user_id = ? AND revoked_at_ms IS NULL AND "
                                                 "expires_at_ms > ? ORDER BY last_used_at_ms DESC, id DESC LIMIT 100 OFFSET ?");
constexpr db::Statement k_revoke{"sessions.revoke",
                                 "UPDATE sessions SET revoked_at_ms = ? WHERE id = ? AND user_id = ? AND revoked_at_ms IS NULL"};
constexpr db::Statement k_revoke_all{"sessions.revoke_all",
                                     "UPDATE sessions SET revoked_at_ms = ? WHERE user_id = ? AND id <> ? AND revoked_at_ms IS NULL"};
constexpr db::Statement k_forget_devices{"sessions.forget_devices",
                                         "UPDATE sessions SET user_agent = '', ip_address = '' WHERE user_id = ?"};
constexpr auto k_caller =
    db::select<CallerRow>("sessions.caller", "SELECT u.* FROM sessions s JOIN users u ON u.id = s.user_id "
                                             "WHERE s.id = ? AND s.user_id = ? AND s.revoked_at_ms IS NULL AND s.expires_at_ms > ? AND "
                                             "u.is_active = 1 AND u.deleted_at_ms IS NULL");
constexpr auto k_authenticated_at = db::select<EpochMs>(
    "sessions.authenticated_at", "SELECT authenticated_at_ms FROM sessions WHERE id = ? AND user_id = ? AND revoked_at_ms IS NULL");
constexpr db::Statement k_set_authenticated{
    "sessions.set_authenticated", "UPDATE sessions SET authenticated_at_ms = ? WHERE id = ? AND user_id = ? AND revoked_at_ms IS NULL"};
constexpr auto k_reset_since = db::select<int>(
    "link_tokens.reset_since", "SELECT 1 FROM link_tokens WHERE user_id = ? AND purpose = 'reset_password' AND used_at_ms > ? LIMIT 1");
constexpr db::Statement k_insert_link{"link_tokens.insert",
                                      "INSERT INTO link_tokens (token_hash, purpose, user_id, created_at_ms, expires_at_ms) "
                                      "VALUES (?, ?, ?, ?, ?)"};
constexpr auto k_find_link = db::select<LinkToken>(
    "link_tokens.find", "SELECT user_id, expires_at_ms, used_at_ms FROM link_tokens WHERE token_hash = ? AND purpose = ?");
constexpr db::Statement k_use_link{"link_tokens.use", "UPDATE link_tokens SET used_at_ms = ? WHERE token_hash = ? AND used_at_ms IS NULL"};
constexpr db::Statement k_void_links{"link_tokens.void",
                                     "DELETE FROM link_tokens WHERE user_id = ? AND purpose = ? AND used_at_ms IS NULL"};
constexpr db::Statement k_delete_links{"link_tokens.delete", "DELETE FROM link_tokens WHERE user_id = ?"};
constexpr db::Statement k_expire_sessions{
    "sessions.expire",
    db::Sql{"DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at_ms < ? ORDER BY expires_at_ms LIMIT ?)",
            "DELETE FROM sessions WHERE expires_at_ms < ? ORDER BY expires_at_ms LIMIT ?"}};
constexpr db::Statement k_expire_tokens{
    "refresh_tokens.expire",
    db::Sql{"DELETE FROM refresh_tokens WHERE id IN (SELECT id FROM refresh_tokens WHERE expires_at_ms < ? ORDER BY expires_at_ms LIMIT ?)",
            "DELETE FROM refresh_tokens WHERE expires_at_ms < ? ORDER BY expires_at_ms LIMIT ?"}};
constexpr db::Statement k_expire_links{"link_tokens.expire",
                                       db::Sql{"DELETE FROM link_tokens WHERE token_hash IN (SELECT token_hash FROM link_tokens WHERE "
                                               "expires_at_ms < ? ORDER BY expires_at_ms LIMIT ?)",
                                               "DELETE FROM link_tokens WHERE expires_at_ms < ? ORDER BY expires_at_ms LIMIT ?"}};

constexpr std::size_t k_agent_bytes = 255;

struct ExportedSession {
    std::int64_t id = 0;
    std::string user_agent;
    std::string ip_address;
    json::Timestamp created_at;
    json::Timestamp last_used_at;
    json::Timestamp authenticated_at;
    json::Timestamp expires_at;
    std::optional<json::Timestamp> revoked_at;
};
constexpr auto k_personal =
    db::select<ExportedSession>("sessions.personal", "SELECT * FROM sessions WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?");

} // namespace

db::Task<std::int64_t> insert_session(db::Session& session, std::int64_t user_id, const Origin& origin, std::string_view token_hash,
                                      EpochMs now, EpochMs expires_at) {
    const auto id = co_await session.get(k_insert_session.id({.user_id = user_id,
                                                              .user_agent = std::string{cut_utf8(origin.user_agent, k_agent_bytes)},
                                                              .ip_address = origin.ip,
                                                              .created_at = {now},
                                                              .last_used_at = {now},
                                                              .authenticated_at = {now},
                                                              .expires_at = {expires_at}}));
    const auto token_id = co_await session.get(db::inserted_id(k_insert_token, id, token_hash, expires_at));
    co_await session.get(db::affected(k_set_first_token, token_id, id));
    co_return id;
}

db::Query<std::optional<PresentedToken>> find_refresh_token(std::string_view token_hash) { return k_find_token.first(token_hash); }

db::Query<std::optional<std::int64_t>> find_token_id(std::string_view token_hash, std::int64_t session_id) {
    return k_token_id.first(token_hash, session_id);
}

db::Query<std::optional<std::int64_t>> session_of_token(std::string_view token_hash) { return k_token_session.first(token_hash); }

db::Task<void> rotate(db::Transaction& tx, PresentedToken presented, bool replaces, std::string_view token_hash, EpochMs now,
                      EpochMs expires_at, const Origin& origin) {
    const auto& facts = presented.facts;
    tx.defer(k_spend, facts.spent_at_ms.value_or(now), facts.spent_db_ms.value_or(facts.db_now_ms), expires_at, facts.token_id);
    if (replaces) tx.defer(k_spend, now, facts.db_now_ms, expires_at, facts.current_token_id.value_or(0));
    const auto token_id = co_await tx.get(db::inserted_id(k_insert_token, presented.session_id, token_hash, expires_at));
    tx.defer(k_rotate, token_id, facts.token_id, now, expires_at, origin.ip, cut_utf8(origin.user_agent, k_agent_bytes),
             presented.session_id);
}

db::Query<std::vector<SessionRow>> live_sessions(std::int64_t user_id, EpochMs now) { return k_live.all(user_id, now); }

db::Query<std::vector<std::int64_t>> surplus_sessions(std::int64_t user_id, EpochMs now, int kept) {
    return k_surplus.all(user_id, now, kept);
}

db::Query<bool> revoke(std::int64_t user_id, std::int64_t session_id, EpochMs now) {
    return db::affected(k_revoke, now, session_id, user_id).map([](std::uint64_t count) { return count > 0; });
}

void revoke_all(db::Transaction& tx, std::int64_t user_id, std::int64_t except_session_id, EpochMs now) {
    tx.defer(k_revoke_all, now, user_id, except_session_id);
}

void forget_devices(db::Transaction& tx, std::int64_t user_id) { tx.defer(k_forget_devices, user_id); }

db::Query<std::optional<Caller>> caller_of(std::int64_t session_id, std::int64_t user_id, EpochMs now) {
    return k_caller.first(session_id, user_id, now).map([=](const std::optional<CallerRow>& row) {
        std::optional<Caller> caller;
        if (row) {
            caller = Caller{.user_id = user_id,
                            .session_id = session_id,
                            .role = row->role,
                            .is_verified = row->is_verified,
                            .language = row->language,
                            .zone = row->timezone};
        }
        return caller;
    });
}

db::Task<std::vector<std::int64_t>> standing(db::Session& session, std::vector<std::int64_t> session_ids, EpochMs now) {
    constexpr std::size_t k_at_once = 1000; // parameters of one statement
    db::Batch batch;
    std::vector<db::Answer<std::vector<std::int64_t>>> parts;
    for (const auto part : session_ids | std::views::chunk(k_at_once)) {
        std::vector<db::Value> params(part.begin(), part.end());
        params.emplace_back(now);
        parts.push_back(batch.add(db::composed<std::int64_t>(
            "sessions.standing",
            "SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id IN (" + db::places(part.size()) +
                ") AND s.revoked_at_ms IS NULL AND s.expires_at_ms > ? AND +u.is_active = 1 AND "
                "+u.deleted_at_ms IS NULL",
            std::move(params))));
    }
    co_await batch.run(session);
    std::vector<std::int64_t> ids;
    for (const auto& part : parts) ids.insert(ids.end(), part->begin(), part->end());
    co_return ids;
}

db::Query<std::optional<EpochMs>> authenticated_at(std::int64_t user_id, std::int64_t session_id) {
    return k_authenticated_at.first(session_id, user_id);
}

void set_authenticated(db::Transaction& tx, std::int64_t user_id, std::int64_t session_id, EpochMs now) {
    tx.defer(k_set_authenticated, now, session_id, user_id);
}

db::Query<bool> was_reset_since(std::int64_t user_id, EpochMs since) { return k_reset_since.exists(user_id, since); }

void insert_link_token(db::Transaction& tx, std::string_view purpose, std::int64_t user_id, std::string_view token_hash, EpochMs now,
                       EpochMs expires_at) {
    tx.defer(k_insert_link, token_hash, purpose, user_id, now, expires_at);
}

db::Query<std::optional<LinkToken>> find_link_token(std::string_view purpose, std::string_view token_hash) {
    return k_find_link.first(token_hash, purpose);
}

db::Query<bool> use_link_token(std::string_view token_hash, EpochMs now) {
    return db::affected(k_use_link, now, token_hash).map([](std::uint64_t count) { return count > 0; });
}

void void_link_tokens(db::Transaction& tx, std::string_view purpose, std::int64_t user_id) { tx.defer(k_void_links, user_id, purpose); }
void delete_link_tokens(db::Transaction& tx, std::int64_t user_id) { tx.defer(k_delete_links, user_id); }

db::Task<std::uint64_t> delete_expired(db::Database& database, EpochMs before) {
    std::uint64_t gone = 0;
    for (const auto* statement : {&k_expire_tokens, &k_expire_links, &k_expire_sessions}) {
        gone += co_await db::delete_in_steps(database, nullptr, *statement, before);
    }
    co_return gone;
}

personal::Section personal_data(db::Database& database) { return personal::table_section(database, "sessions", k_personal); }

} // namespace focus::auth::repository
