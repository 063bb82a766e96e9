#include "features/oidc/repository.hpp"

#include "core/base/fold.hpp"
#include "core/crypto/crypto.hpp"

namespace focus::oidc::repository {

namespace {

#define FOCUS_IDENTITY_COLUMNS "id, user_id, provider, email, created_at_ms, last_used_at_ms"

constexpr db::Statement k_insert{
    "identities.insert",
    "INSERT INTO identities (user_id, provider, subject, email, email_key, created_at_ms, last_used_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)"};
constexpr db::Statement k_find{"identities.find", "SELECT " FOCUS_IDENTITY_COLUMNS " FROM identities WHERE provider = ? AND subject = ?"};
constexpr db::Statement k_of_user{"identities.of_user", "SELECT " FOCUS_IDENTITY_COLUMNS " FROM identities WHERE user_id = ? ORDER BY id"};
constexpr db::Statement k_use{"identities.use", "UPDATE identities SET email = ?, email_key = ?, last_used_at_ms = ? WHERE id = ?"};
constexpr db::Statement k_delete{"identities.delete", "DELETE FROM identities WHERE id = ? AND user_id = ?"};
constexpr db::Statement k_delete_all{"identities.delete_all", "DELETE FROM identities WHERE user_id = ?"};

constexpr db::Statement k_insert_flow{
    "oauth_flows.insert", "INSERT INTO oauth_flows (state_hash, browser_hash, provider, in_browser, redirect_to, user_id, session_id, "
                          "expires_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"};
constexpr db::Statement k_find_flow{"oauth_flows.find",
                                    "SELECT browser_hash, provider, in_browser, redirect_to, user_id, session_id, expires_at_ms "
                                    "FROM oauth_flows WHERE state_hash = ?"};
constexpr db::Statement k_delete_flow{"oauth_flows.delete", "DELETE FROM oauth_flows WHERE state_hash = ?"};
constexpr db::Statement k_delete_flows{"oauth_flows.delete_of_user", "DELETE FROM oauth_flows WHERE user_id = ?"};
constexpr db::Statement k_expire_flows{"oauth_flows.expire",
                                       db::Sql{"DELETE FROM oauth_flows WHERE state_hash IN (SELECT state_hash FROM oauth_flows WHERE "
                                               "expires_at_ms < ? ORDER BY expires_at_ms LIMIT ?)",
                                               "DELETE FROM oauth_flows WHERE expires_at_ms < ? ORDER BY expires_at_ms LIMIT ?"}};

constexpr db::Statement k_insert_pending{
    "pending_links.insert",
    "INSERT INTO pending_links (token_hash, user_id, provider, subject, email, expires_at_ms) VALUES (?, ?, ?, ?, ?, ?)"};
constexpr db::Statement k_find_pending{"pending_links.find",
                                       "SELECT user_id, provider, subject, email, expires_at_ms FROM pending_links WHERE token_hash = ?"};
constexpr db::Statement k_take_pending{"pending_links.take", "DELETE FROM pending_links WHERE token_hash = ?"};
constexpr db::Statement k_delete_pending{"pending_links.delete_of_user", "DELETE FROM pending_links WHERE user_id = ?"};
constexpr db::Statement k_expire_pending{
    "pending_links.expire", db::Sql{"DELETE FROM pending_links WHERE token_hash IN (SELECT token_hash FROM pending_links WHERE "
                                    "expires_at_ms < ? ORDER BY expires_at_ms LIMIT ?)",
                                    "DELETE FROM pending_links WHERE expires_at_ms < ? ORDER BY expires_at_ms LIMIT ?"}};
constexpr db::Statement k_spend_id_token{
    "spent_id_tokens.insert", db::Sql{"INSERT INTO spent_id_tokens (token_hash, expires_at_ms) VALUES (?, ?) ON CONFLICT DO NOTHING",
                                      "INSERT IGNORE INTO spent_id_tokens (token_hash, expires_at_ms) VALUES (?, ?)"}};
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

IdentityRow identity_of(const db::Row& row) {
    return {.id = row.get<std::int64_t>(0),
            .user_id = row.get<std::int64_t>(1),
            .provider = row.get<std::string>(2),
            .email = row.get<std::string>(3),
            .created_at_ms = row.get<std::int64_t>(4),
            .last_used_at_ms = row.get<std::int64_t>(5)};
}

std::optional<std::int64_t> id_or_null(std::int64_t id) { return id != 0 ? std::optional{id} : std::nullopt; }

} // namespace

db::Task<IdentityRow> insert_identity(db::Session& session, NewIdentity identity, EpochMs now) {
    const auto made = co_await session.execute(k_insert, identity.user_id, identity.provider, identity.subject, identity.email,
                                               fold_case(identity.email), now, now);
    co_return IdentityRow{.id = made.last_insert_id,
                          .user_id = identity.user_id,
                          .provider = std::move(identity.provider),
                          .email = std::move(identity.email),
                          .created_at_ms = now,
                          .last_used_at_ms = now};
}

db::Task<std::optional<IdentityRow>> find_identity(db::Session& session, std::string_view provider, std::string_view subject) {
    const auto row = co_await session.find(k_find, provider, subject);
    co_return row ? std::optional{identity_of(*row)} : std::nullopt;
}

db::Task<std::vector<IdentityRow>> identities_of(db::Session& session, std::int64_t user_id) {
    const auto result = co_await session.execute(k_of_user, user_id);
    std::vector<IdentityRow> identities;
    identities.reserve(result.rows.size());
    for (const auto& row : result.rows) identities.push_back(identity_of(row));
    co_return identities;
}

void use_identity(db::Transaction& tx, std::int64_t id, std::string_view email, EpochMs now) {
    tx.defer(k_use, email, fold_case(email), now, id);
}

void delete_identity(db::Transaction& tx, std::int64_t user_id, std::int64_t id) { tx.defer(k_delete, id, user_id); }

void delete_identities(db::Transaction& tx, std::int64_t user_id) {
    tx.defer(k_delete_all, user_id);
    tx.defer(k_delete_flows, user_id);
    tx.defer(k_delete_pending, user_id);
}

Identity shown(IdentityRow row) {
    return {row.id, std::move(row.provider), std::move(row.email), {row.created_at_ms}, {row.last_used_at_ms}};
}

std::vector<Identity> shown(std::vector<IdentityRow> rows) {
    std::vector<Identity> identities;
    identities.reserve(rows.size());
    for (auto& row : rows) identities.push_back(shown(std::move(row)));
    return identities;
}

void insert_pending_link(db::Transaction& tx, std::string_view token_hash, const PendingLink& link) {
    const auto& identity = link.identity;
    tx.defer(k_insert_pending, token_hash, identity.user_id, identity.provider, identity.subject, identity.email, link.expires_at_ms);
}

db::Task<std::optional<PendingLink>> find_pending_link(db::Session& session, std::string_view token_hash) {
    const auto row = co_await session.find(k_find_pending, token_hash);
    if (!row) co_return std::nullopt;
    co_return PendingLink{.identity = {.user_id = row->get<std::int64_t>(0),
                                       .provider = row->get<std::string>(1),
                                       .subject = row->get<std::string>(2),
                                       .email = row->get<std::string>(3)},
                          .expires_at_ms = row->get<EpochMs>(4)};
}

db::Task<bool> take_pending_link(db::Transaction& tx, std::string_view token_hash) {
    const auto result = co_await tx.execute(k_take_pending, token_hash);
    co_return result.affected > 0;
}

db::Task<bool> spend_id_token(db::Transaction& tx, std::string_view token_hash, EpochMs expires_at) {
    const auto result = co_await tx.execute(k_spend_id_token, token_hash, expires_at);
    co_return result.affected > 0;
}

db::Task<std::uint64_t> delete_expired_proofs(db::Database& database, EpochMs before) {
    std::uint64_t gone = 0;
    for (const auto* statement : {&k_expire_pending, &k_expire_id_tokens})
        gone += co_await db::delete_in_steps(database, nullptr, *statement, before);
    co_return gone;
}

db::Task<void> insert_flow(db::Session& session, std::string_view state_hash, std::string_view browser_hash, Flow flow) {
    co_await session.execute(k_insert_flow, state_hash, browser_hash, flow.provider, flow.in_browser, flow.redirect_to,
                             id_or_null(flow.user_id), id_or_null(flow.session_id), flow.expires_at_ms);
}

db::Task<std::optional<Flow>> take_flow(db::Transaction& tx, std::string_view state_hash, std::string_view browser_hash) {
    const auto row = co_await tx.find(k_find_flow, state_hash);
    // A stranger's browser leaves the flow to its owner.
    if (!row || !crypto::equal_constant_time(row->get<std::string_view>(0), browser_hash)) co_return std::nullopt;
    const auto gone = co_await tx.execute(k_delete_flow, state_hash);
    if (gone.affected == 0) co_return std::nullopt; // another request was faster
    co_return Flow{.provider = row->get<std::string>(1),
                   .in_browser = row->get<bool>(2),
                   .redirect_to = row->get<std::string>(3),
                   .user_id = row->get<std::optional<std::int64_t>>(4).value_or(0),
                   .session_id = row->get<std::optional<std::int64_t>>(5).value_or(0),
                   .expires_at_ms = row->get<std::int64_t>(6)};
}

db::Task<std::uint64_t> delete_expired_flows(db::Database& database, EpochMs before) {
    return db::delete_in_steps(database, nullptr, k_expire_flows, before);
}

personal::Section personal_identities(db::Database& database) { return personal::table_section(database, "identities", k_personal); }

} // namespace focus::oidc::repository
