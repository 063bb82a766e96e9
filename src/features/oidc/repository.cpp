#include "features/oidc/repository.hpp"

#include "core/base/fold.hpp"
#include "core/crypto/crypto.hpp"
#include "core/db/query.hpp"

namespace focus::oidc::repository {

namespace {

struct InsertedIdentity {
    NewIdentity identity;
    std::string email_key;
    json::Timestamp created_at;
    json::Timestamp last_used_at;
};
struct InsertedFlow {
    std::string state_hash;
    std::string browser_hash;
    Flow flow;
};
struct FoundFlow {
    std::string browser_hash;
    Flow flow;
};
struct InsertedLink {
    std::string token_hash;
    PendingLink link;
};
struct SpentIdToken {
    std::string token_hash;
    EpochMs expires_at_ms = 0;
};

constexpr auto k_insert = db::insert<InsertedIdentity>("identities.insert", "identities");
constexpr auto k_find = db::select<OwnedIdentity>("identities.find", "SELECT * FROM identities WHERE provider = ? AND subject = ?");
constexpr auto k_of_user = db::select<Identity>("identities.of_user", "SELECT * FROM identities WHERE user_id = ? ORDER BY id");
constexpr db::Statement k_use{"identities.use", "UPDATE identities SET email = ?, email_key = ?, last_used_at_ms = ? WHERE id = ?"};
constexpr db::Statement k_delete{"identities.delete", "DELETE FROM identities WHERE id = ? AND user_id = ?"};
constexpr db::Statement k_delete_all{"identities.delete_all", "DELETE FROM identities WHERE user_id = ?"};

constexpr auto k_insert_flow = db::insert<InsertedFlow>("oauth_flows.insert", "oauth_flows");
constexpr auto k_find_flow = db::select<FoundFlow>("oauth_flows.find", "SELECT * FROM oauth_flows WHERE state_hash = ?");
constexpr db::Statement k_delete_flow{"oauth_flows.delete", "DELETE FROM oauth_flows WHERE state_hash = ?"};
constexpr db::Statement k_delete_flows{"oauth_flows.delete_of_user", "DELETE FROM oauth_flows WHERE user_id = ?"};
constexpr db::Statement k_expire_flows{"oauth_flows.expire",
                                       db::Sql{"DELETE FROM oauth_flows WHERE state_hash IN (SELECT state_hash FROM oauth_flows WHERE "
                                               "expires_at_ms < ? ORDER BY expires_at_ms LIMIT ?)",
                                               "DELETE FROM oauth_flows WHERE expires_at_ms < ? ORDER BY expires_at_ms LIMIT ?"}};

constexpr auto k_insert_pending = db::insert<InsertedLink>("pending_links.insert", "pending_links");
constexpr auto k_find_pending = db::select<PendingLink>("pending_links.find", "SELECT * FROM pending_links WHERE token_hash = ?");
constexpr db::Statement k_take_pending{"pending_links.take", "DELETE FROM pending_links WHERE token_hash = ?"};
constexpr db::Statement k_delete_pending{"pending_links.delete_of_user", "DELETE FROM pending_links WHERE user_id = ?"};
constexpr db::Statement k_expire_pending{
    "pending_links.expire", db::Sql{"DELETE FROM pending_links WHERE token_hash IN (SELECT token_hash FROM pending_links WHERE "
                                    "expires_at_ms < ? ORDER BY expires_at_ms LIMIT ?)",
                                    "DELETE FROM pending_links WHERE expires_at_ms < ? ORDER BY expires_at_ms LIMIT ?"}};
constexpr auto k_spend_id_token = db::insert_or_ignore<SpentIdToken>("spent_id_tokens.insert", "spent_id_tokens");
constexpr db::Statement k_expire_id_tokens{
    "spent_id_tokens.expire", db::Sql{"DELETE FROM spent_id_tokens WHERE token_hash IN (SELECT token_hash FROM spent_id_tokens WHERE "
                                      "expires_at_ms < ? ORDER BY expires_at_ms LIMIT ?)",
                                      "DELETE FROM spent_id_tokens WHERE expires_at_ms < ? ORDER BY expires_at_ms LIMIT ?"}};

struct ExportedIdentity {
    std::int64_t id = 0;
    std::string provider;
    std::string subject;
    std::string email;
    json::Timestamp created_at;
    json::Timestamp last_used_at;
};
constexpr auto k_personal =
    db::select<ExportedIdentity>("identities.personal", "SELECT * FROM identities WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?");

bool any(std::uint64_t count) { return count > 0; }

} // namespace

db::Task<Identity> insert_identity(db::Session& session, NewIdentity identity, EpochMs now) {
    Identity made{.provider = identity.provider, .email = identity.email, .created_at = {now}, .last_used_at = {now}};
    auto email_key = fold_case(identity.email);
    made.id = co_await session.get(
        k_insert.id({.identity = std::move(identity), .email_key = std::move(email_key), .created_at = {now}, .last_used_at = {now}}));
    co_return made;
}

db::Query<std::optional<OwnedIdentity>> find_identity(std::string_view provider, std::string_view subject) {
    return k_find.first(provider, subject);
}

db::Query<std::vector<Identity>> identities_of(std::int64_t user_id) { return k_of_user.all(user_id); }

void use_identity(db::Transaction& tx, std::int64_t id, std::string_view email, EpochMs now) {
    tx.defer(k_use, email, fold_case(email), now, id);
}

void delete_identity(db::Transaction& tx, std::int64_t user_id, std::int64_t id) { tx.defer(k_delete, id, user_id); }

void delete_identities(db::Transaction& tx, std::int64_t user_id) {
    tx.defer(k_delete_all, user_id);
    tx.defer(k_delete_flows, user_id);
    tx.defer(k_delete_pending, user_id);
}

void insert_pending_link(db::Transaction& tx, std::string_view token_hash, const PendingLink& link) {
    tx.defer(k_insert_pending.affected({.token_hash = std::string{token_hash}, .link = link}));
}

db::Query<std::optional<PendingLink>> find_pending_link(std::string_view token_hash) { return k_find_pending.first(token_hash); }

db::Query<bool> take_pending_link(std::string_view token_hash) { return db::affected(k_take_pending, token_hash).map(any); }

db::Query<bool> spend_id_token(std::string_view token_hash, EpochMs expires_at) {
    return k_spend_id_token.affected({.token_hash = std::string{token_hash}, .expires_at_ms = expires_at}).map(any);
}

db::Task<std::uint64_t> delete_expired_proofs(db::Database& database, EpochMs before) {
    std::uint64_t gone = 0;
    for (const auto* statement : {&k_expire_pending, &k_expire_id_tokens})
        gone += co_await db::delete_in_steps(database, nullptr, *statement, before);
    co_return gone;
}

db::Query<std::uint64_t> insert_flow(std::string_view state_hash, std::string_view browser_hash, Flow flow) {
    return k_insert_flow.affected(
        {.state_hash = std::string{state_hash}, .browser_hash = std::string{browser_hash}, .flow = std::move(flow)});
}

db::Task<std::optional<Flow>> take_flow(db::Transaction& tx, std::string_view state_hash, std::string_view browser_hash) {
    auto found = co_await tx.get(k_find_flow.first(state_hash));
    // A request from another browser must not end the flow.
    if (!found || !crypto::equal_constant_time(found->browser_hash, browser_hash)) co_return std::nullopt;
    const auto gone = co_await tx.get(db::affected(k_delete_flow, state_hash));
    if (gone == 0) co_return std::nullopt; // a concurrent request took it
    co_return std::move(found->flow);
}

db::Task<std::uint64_t> delete_expired_flows(db::Database& database, EpochMs before) {
    return db::delete_in_steps(database, nullptr, k_expire_flows, before);
}

personal::Section personal_identities(db::Database& database) { return personal::table_section(database, "identities", k_personal); }

} // namespace focus::oidc::repository
