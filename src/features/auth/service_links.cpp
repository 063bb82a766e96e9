// Mailed links before use: the part of Service that describes a link's effect and handles "this was not me".
#include "core/crypto/crypto.hpp"
#include "features/auth/errors.hpp"
#include "features/auth/repository.hpp"
#include "features/auth/service.hpp"

namespace focus::auth {

db::Task<MailedLink> Service::describe_link(Token input) {
    const auto hash = crypto::sha256_hex(input.token);
    MailedLink told{.purpose = std::string{repository::k_verify_link}};
    auto link = co_await db_.get(repository::find_link_token(repository::k_verify_link, hash));
    if (!link) {
        told.purpose = repository::k_reset_link;
        link = co_await db_.get(repository::find_link_token(repository::k_reset_link, hash));
        if (link && link->used_at_ms) throw Error{k_invalid_token};
    }
    std::optional<std::int64_t> user_id;
    if (link) {
        user_id = link->user_id;
    } else {
        told.purpose = "unsubscribe";
        user_id = outbox_.options().links.user_of(input.token);
    }
    if (!user_id) throw Error{k_invalid_token};
    const auto user = co_await users_.find(db_, *user_id);
    if (!user) throw Error{k_invalid_token};
    if (told.purpose == repository::k_verify_link && user->is_verified) throw Error{k_already_verified};
    if (link && clock_.now_ms() >= link->expires_at_ms) throw Error{k_token_expired};
    told.email_hint = rules::email_hint(user->email);
    told.username = user->username;
    if (told.purpose == repository::k_reset_link) told.identities = co_await identities_.of_user(db_, user->id);
    co_return told;
}

/// Also after the link has expired: the account still exists.
db::Task<void> Service::not_me(Token input, Origin origin) {
    const auto hash = crypto::sha256_hex(input.token);
    co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
        const auto link = co_await tx.get(repository::find_link_token(repository::k_verify_link, hash));
        if (!link) throw Error{k_invalid_token};
        const auto user = co_await users_.find_for_update(tx, link->user_id);
        if (!user) throw Error{k_invalid_token};
        if (user->is_verified) throw Error{k_already_verified};
        if (user->role == Role::admin && user->is_active) co_await users_.require_other_admin(tx, user->id);
        co_await users_.remove_in(tx, user->id, origin, 0, "Account deleted: the owner of its address did not make it");
    });
}

} // namespace focus::auth
