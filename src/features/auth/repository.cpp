#include "features/auth/repository.hpp"

#include "core/base/fold.hpp"

#include <ranges>

namespace focus::auth::repository {

namespace {

constexpr db::Statement k_insert_session{
    "sessions.insert", "INSERT INTO sessions (user_id, user_agent, ip_address, created_at_ms, last_used_at_ms, authenticated_at_ms, "
                       "expires_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)"};
constexpr db::Statement k_insert_token{"refresh_tokens.insert",
                                       "INSERT INTO refresh_tokens (session_id, token_hash, expires_at_ms) VALUES (?, ?, ?)"};
constexpr db::Statement k_set_first_token{"sessions.set_first_token", "UPDATE sessions SET current_token_id = ? WHERE id = ?"};
#define FOCUS_TOKEN_COLUMNS                                                                                                                \
    "t.id, t.spent_at_ms, t.expires_at_ms, s.current_token_id, s.previous_token_id, s.expires_at_ms, s.revoked_at_ms, s.id, s.user_id, "   \
    "t.spent_db_ms, s.created_at_ms, s.last_used_at_ms, "
#define FOCUS_TOKEN_FROM " FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id WHERE t.token_hash = ?"
constexpr db::Statement k_find_token{"refresh_tokens.find",
                                     db::Sql{"SELECT " FOCUS_TOKEN_COLUMNS "CAST(unixepoch('subsec') * 1000 AS INTEGER)" FOCUS_TOKEN_FROM,
                                             "SELECT " FOCUS_TOKEN_COLUMNS "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)" FOCUS_TOKEN_FROM
                                             " FOR UPDATE"}};
#undef FOCUS_TOKEN_FROM
#undef FOCUS_TOKEN_COLUMNS
constexpr db::Statement k_token_id{"refresh_tokens.id", "SELECT id FROM refresh_tokens WHERE token_hash = ? AND session_id = ?"};
constexpr db::Statement k_token_session{"refresh_tokens.session", "SELECT session_id FROM refresh_tokens WHERE token_hash = ?"};
// A spent token stays as long as its successor, or its next presentation would be that of an unknown one.
constexpr db::Statement k_spend{"refresh_tokens.spend",
                                "UPDATE refresh_tokens SET spent_at_ms = ?, spent_db_ms = ?, expires_at_ms = ? WHERE id = ?"};
constexpr db::Statement k_rotate{"sessions.rotate", "UPDATE sessions SET current_token_id = ?, previous_token_id = ?, last_used_at_ms = ?, "
                                                    "expires_at_ms = ?, ip_address = ?, user_agent = ? WHERE id = ?"};
constexpr db::Statement k_live{"sessions.live",
                               "SELECT id, user_agent, ip_address, created_at_ms, last_used_at_ms, expires_at_ms FROM sessions "
                               "WHERE user_id = ? AND revoked_at_ms IS NULL AND expires_at_ms > ? ORDER BY last_used_at_ms DESC, id DESC"};
constexpr db::Statement k_surplus{"sessions.surplus",
                                  "SELECT id FROM sessions WHERE user_id = ? AND revoked_at_ms IS NULL AND expires_at_ms > ? "
                                  "ORDER BY last_used_at_ms DESC, id DESC LIMIT 100 OFFSET ?"};
constexpr db::Statement k_revoke{"sessions.revoke",
                                 "UPDATE sessions SET revoked_at_ms = ? WHERE id = ? AND user_id = ? AND revoked_at_ms IS NULL"};
constexpr db::Statement k_revoke_all{"sessions.revoke_all",
                                     "UPDATE sessions SET revoked_at_ms = ? WHERE user_id = ? AND id <> ? AND revoked_at_ms IS NULL"};
constexpr db::Statement k_forget_devices{"sessions.forget_devices",
                                         "UPDATE sessions SET user_agent = '', ip_address = '' WHERE user_id = ?"};
constexpr db::Statement k_caller{"sessions.caller",
                                 "SELECT u.role, u.is_verified, u.language, u.timezone FROM sessions s JOIN users u ON u.id = s.user_id "
                                 "WHERE s.id = ? AND s.user_id = ? AND s.revoked_at_ms IS NULL AND s.expires_at_ms > ? AND "
                                 "u.is_active = 1 AND u.deleted_at_ms IS NULL"};
constexpr db::Statement k_authenticated_at{
    "sessions.authenticated_at", "SELECT authenticated_at_ms FROM sessions WHERE id = ? AND user_id = ? AND revoked_at_ms IS NULL"};
constexpr db::Statement k_set_authenticated{
    "sessions.set_authenticated", "UPDATE sessions SET authenticated_at_ms = ? WHERE id = ? AND user_id = ? AND revoked_at_ms IS NULL"};
constexpr db::Statement k_reset_since{
    "link_tokens.reset_since", "SELECT 1 FROM link_tokens WHERE user_id = ? AND purpose = 'reset_password' AND used_at_ms > ? LIMIT 1"};
constexpr db::Statement k_insert_link{"link_tokens.insert",
                                      "INSERT INTO link_tokens (token_hash, purpose, user_id, created_at_ms, expires_at_ms) "
                                      "VALUES (?, ?, ?, ?, ?)"};
constexpr db::Statement k_find_link{"link_tokens.find",
                                    "SELECT user_id, expires_at_ms, used_at_ms FROM link_tokens WHERE token_hash = ? AND purpose = ?"};
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
    const auto made = co_await session.execute(k_insert_session, user_id, cut_utf8(origin.user_agent, k_agent_bytes), origin.ip, now, now,
                                               now, expires_at);
    const auto token = co_await session.execute(k_insert_token, made.last_insert_id, token_hash, expires_at);
    co_await session.execute(k_set_first_token, token.last_insert_id, made.last_insert_id);
    co_return made.last_insert_id;
}

db::Task<std::optional<PresentedToken>> find_refresh_token(db::Session& session, std::string_view token_hash) {
    const auto row = co_await session.find(k_find_token, token_hash);
    if (!row) co_return std::nullopt;
    PresentedToken found;
    found.facts = {.token_id = row->get<std::int64_t>(0),
                   .spent_at_ms = row->get<std::optional<std::int64_t>>(1),
                   .spent_db_ms = row->get<std::optional<std::int64_t>>(9),
                   .db_now_ms = row->get<std::int64_t>(12),
                   .token_expires_at_ms = row->get<std::int64_t>(2),
                   .current_token_id = row->get<std::optional<std::int64_t>>(3),
                   .previous_token_id = row->get<std::optional<std::int64_t>>(4),
                   .session_created_at_ms = row->get<std::int64_t>(10),
                   .session_used_at_ms = row->get<std::int64_t>(11),
                   .session_expires_at_ms = row->get<std::int64_t>(5),
                   .session_revoked = !row->is_null(6)};
    found.session_id = row->get<std::int64_t>(7);
    found.user_id = row->get<std::int64_t>(8);
    co_return found;
}

db::Task<std::optional<std::int64_t>> find_token_id(db::Session& session, std::string_view token_hash, std::int64_t session_id) {
    const auto row = co_await session.find(k_token_id, token_hash, session_id);
    co_return row ? std::optional{row->get<std::int64_t>(0)} : std::nullopt;
}

db::Task<std::int64_t> session_of_token(db::Session& session, std::string_view token_hash) {
    const auto row = co_await session.find(k_token_session, token_hash);
    co_return row ? row->get<std::int64_t>(0) : 0;
}

db::Task<void> rotate(db::Transaction& tx, PresentedToken presented, bool replaces, std::string_view token_hash, EpochMs now,
                      EpochMs expires_at, const Origin& origin) {
    const auto& facts = presented.facts;
    tx.defer(k_spend, facts.spent_at_ms.value_or(now), facts.spent_db_ms.value_or(facts.db_now_ms), expires_at, facts.token_id);
    if (replaces) tx.defer(k_spend, now, facts.db_now_ms, expires_at, facts.current_token_id.value_or(0));
    const auto token = co_await tx.execute(k_insert_token, presented.session_id, token_hash, expires_at);
    tx.defer(k_rotate, token.last_insert_id, facts.token_id, now, expires_at, origin.ip, cut_utf8(origin.user_agent, k_agent_bytes),
             presented.session_id);
}

db::Task<std::vector<SessionRow>> live_sessions(db::Session& session, std::int64_t user_id, EpochMs now) {
    const auto result = co_await session.execute(k_live, user_id, now);
    std::vector<SessionRow> sessions;
    sessions.reserve(result.rows.size());
    for (const auto& row : result.rows) {
        sessions.push_back({.id = row.get<std::int64_t>(0),
                            .user_agent = row.get<std::string>(1),
                            .ip_address = row.get<std::string>(2),
                            .created_at_ms = row.get<std::int64_t>(3),
                            .last_used_at_ms = row.get<std::int64_t>(4),
                            .expires_at_ms = row.get<std::int64_t>(5)});
    }
    co_return sessions;
}

db::Task<std::vector<std::int64_t>> surplus_sessions(db::Session& session, std::int64_t user_id, EpochMs now, int kept) {
    const auto result = co_await session.execute(k_surplus, user_id, now, kept);
    std::vector<std::int64_t> ids;
    ids.reserve(result.rows.size());
    for (const auto& row : result.rows) ids.push_back(row.get<std::int64_t>(0));
    co_return ids;
}

db::Task<bool> revoke(db::Session& session, std::int64_t user_id, std::int64_t session_id, EpochMs now) {
    const auto result = co_await session.execute(k_revoke, now, session_id, user_id);
    co_return result.affected > 0;
}

void revoke_all(db::Transaction& tx, std::int64_t user_id, std::int64_t except_session_id, EpochMs now) {
    tx.defer(k_revoke_all, now, user_id, except_session_id);
}

void forget_devices(db::Transaction& tx, std::int64_t user_id) { tx.defer(k_forget_devices, user_id); }

db::Task<std::optional<Caller>> caller_of(db::Session& session, std::int64_t session_id, std::int64_t user_id, EpochMs now) {
    const auto row = co_await session.find(k_caller, session_id, user_id, now);
    if (!row) co_return std::nullopt;
    Caller caller;
    caller.user_id = user_id;
    caller.session_id = session_id;
    caller.role = role_of(row->get<std::string_view>(0));
    caller.is_verified = row->get<bool>(1);
    caller.language = language_of_tag(row->get<std::string_view>(2));
    caller.zone = Zone::of(row->get<std::string_view>(3));
    co_return caller;
}

db::Task<std::vector<std::int64_t>> standing(db::Session& session, std::vector<std::int64_t> session_ids, EpochMs now) {
    constexpr std::size_t k_at_once = 1000; // parameters of one statement
    std::vector<std::int64_t> ids;
    if (session_ids.empty()) co_return ids;
    std::vector<db::Command> commands;
    for (const auto part : session_ids | std::views::chunk(k_at_once)) {
        std::vector<db::Value> params(part.begin(), part.end());
        params.emplace_back(now);
        commands.push_back(db::Command::composed("sessions.standing",
                                                 "SELECT s.id FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id IN (" +
                                                     db::places(part.size()) +
                                                     ") AND s.revoked_at_ms IS NULL AND s.expires_at_ms > ? AND +u.is_active = 1 AND "
                                                     "+u.deleted_at_ms IS NULL",
                                                 std::move(params)));
    }
    const auto results = co_await session.run(std::move(commands));
    for (const auto& result : results) {
        for (const auto& row : result.rows) ids.push_back(row.get<std::int64_t>(0));
    }
    co_return ids;
}

db::Task<std::optional<EpochMs>> authenticated_at(db::Session& session, std::int64_t user_id, std::int64_t session_id) {
    const auto row = co_await session.find(k_authenticated_at, session_id, user_id);
    co_return row ? std::optional{row->get<EpochMs>(0)} : std::nullopt;
}

void set_authenticated(db::Transaction& tx, std::int64_t user_id, std::int64_t session_id, EpochMs now) {
    tx.defer(k_set_authenticated, now, session_id, user_id);
}

db::Task<bool> was_reset_since(db::Session& session, std::int64_t user_id, EpochMs since) {
    const auto row = co_await session.find(k_reset_since, user_id, since);
    co_return row.has_value();
}

void insert_link_token(db::Transaction& tx, std::string_view purpose, std::int64_t user_id, std::string_view token_hash, EpochMs now,
                       EpochMs expires_at) {
    tx.defer(k_insert_link, token_hash, purpose, user_id, now, expires_at);
}

db::Task<std::optional<LinkToken>> find_link_token(db::Session& session, std::string_view purpose, std::string_view token_hash) {
    const auto row = co_await session.find(k_find_link, token_hash, purpose);
    if (!row) co_return std::nullopt;
    co_return LinkToken{.user_id = row->get<std::int64_t>(0), .expires_at_ms = row->get<std::int64_t>(1), .used = !row->is_null(2)};
}

db::Task<bool> use_link_token(db::Session& session, std::string_view token_hash, EpochMs now) {
    const auto result = co_await session.execute(k_use_link, now, token_hash);
    co_return result.affected > 0;
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
