// The SQL of `sessions`, `refresh_tokens` and `link_tokens`. Tokens come here as hashes only.
#pragma once

#include "core/base/caller.hpp"
#include "core/db/database.hpp"
#include "core/json/types.hpp"
#include "core/personal/personal.hpp"
#include "features/auth/rules.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace focus::auth::repository {

struct SessionRow {
    std::int64_t id = 0;
    std::string user_agent;
    std::string ip_address;
    json::Timestamp created_at;
    json::Timestamp last_used_at;
    json::Timestamp expires_at;
};

/// A new session with its first refresh token; gives the session's id.
db::Task<std::int64_t> insert_session(db::Session& session, std::int64_t user_id, const Origin& origin, std::string_view token_hash,
                                      EpochMs now, EpochMs expires_at);

struct PresentedToken {
    rules::RefreshFacts facts;
    std::int64_t session_id = 0;
    std::int64_t user_id = 0;
};
/// Finds a refresh token and locks its session until the transaction ends.
db::Query<std::optional<PresentedToken>> find_refresh_token(std::string_view token_hash);
/// The id of a token, if the session has it.
db::Query<std::optional<std::int64_t>> find_token_id(std::string_view token_hash, std::int64_t session_id);
/// The session of a refresh token.
db::Query<std::optional<std::int64_t>> session_of_token(std::string_view token_hash);
/// Makes `token_hash` the session's current token and the presented one the one spent last; what it `replaces` is void.
db::Task<void> rotate(db::Transaction& tx, PresentedToken presented, bool replaces, std::string_view token_hash, EpochMs now,
                      EpochMs expires_at, const Origin& origin);

db::Query<std::vector<SessionRow>> live_sessions(std::int64_t user_id, EpochMs now);
/// The live sessions beyond the `kept` used last, at most 100.
db::Query<std::vector<std::int64_t>> surplus_sessions(std::int64_t user_id, EpochMs now, int kept);
/// Whether a live session of this user ended by it.
db::Query<bool> revoke(std::int64_t user_id, std::int64_t session_id, EpochMs now);
/// Ends every live session of the user but one (0: all).
void revoke_all(db::Transaction& tx, std::int64_t user_id, std::int64_t except_session_id, EpochMs now);
void forget_devices(db::Transaction& tx, std::int64_t user_id);

/// Who the owner of a live session is; nothing when it has ended or the account is not active.
db::Query<std::optional<Caller>> caller_of(std::int64_t session_id, std::int64_t user_id, EpochMs now);

/// Those of `session_ids` that stand, of accounts that are active.
db::Task<std::vector<std::int64_t>> standing(db::Session& session, std::vector<std::int64_t> session_ids, EpochMs now);
/// When the owner of a live session signed in or entered the password again; nothing when the session has ended.
db::Query<std::optional<EpochMs>> authenticated_at(std::int64_t user_id, std::int64_t session_id);
void set_authenticated(db::Transaction& tx, std::int64_t user_id, std::int64_t session_id, EpochMs now);

/// What mailed links are for.
inline constexpr std::string_view k_verify_link = "verify_email";
inline constexpr std::string_view k_reset_link = "reset_password";

struct LinkToken {
    std::int64_t user_id = 0;
    EpochMs expires_at_ms = 0;
    std::optional<EpochMs> used_at_ms;
};
void insert_link_token(db::Transaction& tx, std::string_view purpose, std::int64_t user_id, std::string_view token_hash, EpochMs now,
                       EpochMs expires_at);
db::Query<std::optional<LinkToken>> find_link_token(std::string_view purpose, std::string_view token_hash);
/// Whether this call was the one that used it.
db::Query<bool> use_link_token(std::string_view token_hash, EpochMs now);
/// Whether the user has set a new password by a mailed link since then.
db::Query<bool> was_reset_since(std::int64_t user_id, EpochMs since);
/// Links that were sent before become void (a newer one was sent, or they have served).
void void_link_tokens(db::Transaction& tx, std::string_view purpose, std::int64_t user_id);
void delete_link_tokens(db::Transaction& tx, std::int64_t user_id);

/// The user's sessions, ended ones too.
[[nodiscard]] personal::Section personal_data(db::Database& database);

/// Deletes what expired before `before`; gives how many rows went.
db::Task<std::uint64_t> delete_expired(db::Database& database, EpochMs before);

} // namespace focus::auth::repository
