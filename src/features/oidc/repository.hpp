// The SQL of `identities`, `oauth_flows`, `pending_links` and `spent_id_tokens`. State, cookie and tokens are hashes.
#pragma once

#include "core/base/clock.hpp"
#include "core/db/database.hpp"
#include "core/personal/personal.hpp"
#include "features/oidc/types.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace focus::oidc::repository {

struct OwnedIdentity {
    Identity identity;
    std::int64_t user_id = 0;
};

struct NewIdentity {
    std::int64_t user_id = 0;
    std::string provider;
    std::string subject;
    std::string email;
};

/// Throws db::ConstraintError when another account has this identity.
db::Task<Identity> insert_identity(db::Session& session, NewIdentity identity, EpochMs now);
db::Query<std::optional<OwnedIdentity>> find_identity(std::string_view provider, std::string_view subject);
/// The identities of a user, the oldest first.
db::Query<std::vector<Identity>> identities_of(std::int64_t user_id);
/// Records a sign-in with the identity, whose address the provider confirms.
void use_identity(db::Transaction& tx, std::int64_t id, std::string_view email, EpochMs now);
void delete_identity(db::Transaction& tx, std::int64_t user_id, std::int64_t id);
/// Deletes all identities of the user, and the flows and links that they began.
void delete_identities(db::Transaction& tx, std::int64_t user_id);

/// An identity that waits for the password of the account with its address.
struct PendingLink {
    NewIdentity identity;
    EpochMs expires_at_ms = 0;
};
void insert_pending_link(db::Transaction& tx, std::string_view token_hash, const PendingLink& link);
db::Query<std::optional<PendingLink>> find_pending_link(std::string_view token_hash);
/// Whether this call took it (false: another request did).
db::Query<bool> take_pending_link(std::string_view token_hash);

/// Records that an ID token was used; false when it was used before.
db::Query<bool> spend_id_token(std::string_view token_hash, EpochMs expires_at);
/// Deletes the pending links and ID tokens that expired before `before`; gives their number.
db::Task<std::uint64_t> delete_expired_proofs(db::Database& database, EpochMs before);

struct Flow {
    std::string provider;
    bool in_browser = false;
    std::string redirect_to;
    std::optional<std::int64_t> user_id; // of an account that links an identity; nothing: a sign-in
    std::optional<std::int64_t> session_id;
    EpochMs expires_at_ms = 0;
};
db::Query<std::uint64_t> insert_flow(std::string_view state_hash, std::string_view browser_hash, Flow flow);
/// Takes the flow of this state and cookie and deletes it, so that it is used once. Nothing for other browsers.
db::Task<std::optional<Flow>> take_flow(db::Transaction& tx, std::string_view state_hash, std::string_view browser_hash);
db::Task<std::uint64_t> delete_expired_flows(db::Database& database, EpochMs before);

/// The user's identities, for the user's own export.
[[nodiscard]] personal::Section personal_identities(db::Database& database);

} // namespace focus::oidc::repository
