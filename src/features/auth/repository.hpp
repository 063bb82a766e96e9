// The SQL of `sessions`, `refresh_tokens` and `link_tokens`. Tokens are passed as hashes only.
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
/// Makes `token_hash` the session's current token and the presented one the last spent; the one it `replaces` is void.
db::Task<void> rotate(db::Transaction& tx, PresentedToken presented, bool replaces, std::string_view token_hash, EpochMs now,
                      EpochMs expires_at, const Origin& origin);

db::Query<std::vector<SessionRow>> live_sessions(std::int64_t user_id, EpochMs now);
/// The live sessions except the `kept` most recently used ones, at most 100.
db::Query<std::vector<std::int64_t>> surplus_sessions(std::int64_t user_id, EpochMs now, int kept);
/// Whether it ended a live session of this user.
db::Query<bool> revoke(std::int64_t user_id, std::int64_t session_id, EpochMs now);
/// Ends every live session of the user except one (0: all).
void revoke_all(db::Transaction& tx, std::int64_t user_id, std::int64_t except_session_id, EpochMs now);
void forget_devices(db::Transaction& tx, std::int64_t user_id);

/// The owner of a live session; nothing when it has ended or the account is not active.
db::Query<std::optional<Caller>> caller_of(std::int64_t session_id, std::int64_t user_id, EpochMs now);

/// Those of `session_ids` that are live, of active accounts.
db::Task<std::vector<std::int64_t>> standing(db::Session& session, std::vector<std::int64_t> session_ids, EpochMs now);
/// When the owner of a live session last signed in or entered the password; nothing when the session has ended.
db::Query<std::optional<EpochMs>> authenticated_at(std::int64_t user_id, std::int64_t session_id);
void set_authenticated(db::Transaction& tx, std::int64_t user_id, std::int64_t session_id, EpochMs now);

/// The purposes of mailed links.
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
/// Whether this call marked it as used (false: it was used before).
db::Query<bool> use_link_token(std::string_view token_hash, EpochMs now);
/// Whether the user has set a new password by a mailed link since then.
db::Query<bool> was_reset_since(std::int64_t user_id, EpochMs since);
/// Makes earlier links void (a newer one was sent, or they were used).
void void_link_tokens(db::Transaction& tx, std::string_view purpose, std::int64_t user_id);
void delete_link_tokens(db::Transaction& tx, std::int64_t user_id);

/// The user's sessions, ended ones too.
[[nodiscard]] personal::Section personal_data(db::Database& database);

/// Deletes rows that expired before `before`; gives their number.
db::Task<std::uint64_t> delete_expired(db::Database& database, EpochMs before);

} // namespace focus::auth::repository
