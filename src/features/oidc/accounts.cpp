// The account of an identity at a provider: the part of Service that finds, links and makes accounts.
#include "core/base/fold.hpp"
#include "core/crypto/crypto.hpp"
#include "features/oidc/errors.hpp"
#include "features/oidc/mails.hpp"
#include "features/oidc/rules.hpp"
#include "features/oidc/service.hpp"
#include "features/users/errors.hpp"

#include <algorithm>
#include <array>

namespace focus::oidc {

namespace {

constexpr std::size_t k_max_full_name = 100;

template <class T>
struct Field {
    T value;
};
/// A value from a provider, checked by the rules of our own fields; nothing when it breaks them.
template <class T>
std::optional<std::string> checked(std::string text) {
    const std::array<std::pair<std::string, std::string>, 1> said{{{"value", std::move(text)}}};
    try {
        return json::parse_query<Field<T>>(said).value.value;
    } catch (const Error&) {
        return std::nullopt;
    }
}

std::optional<std::string> full_name_of(const crypto::Person& person) {
    return checked<json::Text<1, k_max_full_name>>(std::string{cut_utf8(person.name, k_max_full_name)});
}

std::optional<std::string> avatar_of(const crypto::Person& person) {
    return person.picture.starts_with("https://") ? checked<json::HttpUrl>(person.picture) : std::nullopt;
}

repository::NewIdentity identity_of(std::int64_t user_id, std::string provider, const crypto::Person& person) {
    return {.user_id = user_id, .provider = std::move(provider), .subject = person.subject, .email = person.email};
}

} // namespace

template <class Mail>
void Service::notify(db::Transaction& tx, const users::User& user, const Identity& identity) {
    outbox_.add(tx, {users::recipient_of(user), Mail{.action_url = frontend_url_ + "/settings",
                                                     .provider = rules::title_of(identity.provider),
                                                     .identity_email = identity.email}});
}

template <class T>
db::Task<T> Service::settle(std::function<db::Task<T>(db::Transaction&)> body) {
    constexpr int k_tries = 3;
    for (int left = k_tries; left > 0; --left) {
        try {
            co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<T> { co_return co_await body(tx); });
        } catch (const db::ConstraintError&) {
            continue; // a concurrent request made the same: the next attempt finds it
        } catch (const Error& error) {
            if (!error.is(users::k_email_taken) && !error.is(users::k_username_taken)) throw; // the same, detected earlier
        }
    }
    throw unavailable("oauth: a unique key says no again and again");
}
template db::Task<Service::Ended> Service::settle(std::function<db::Task<Service::Ended>(db::Transaction&)> body);

db::Task<Service::Arrival> Service::account_of(db::Transaction& tx, std::string name, crypto::Person person, Origin origin,
                                               Language language) {
    auto email = checked<json::EmailAddress>(person.email);
    if (!email) throw oauth_failed("the provider's e-mail address is none");
    person.email = std::move(*email);
    std::optional<users::User> user;
    auto known = co_await tx.get(repository::find_identity(name, person.subject));
    if (!known) {
        if (const auto found = co_await users_.find_by_email(tx, person.email)) {
            user = co_await users_.find_for_update(tx, found->id);
            if (!user) throw oauth_failed("the account was deleted a moment ago");
            // A concurrent request of this user may have made the account between the two reads.
            known = co_await tx.get(repository::find_identity(name, person.subject));
            if (!known) {
                auto joined = co_await join(tx, std::move(*user), name, person, origin);
                if (!joined.user) co_return joined;
                user = std::move(joined.user);
            }
        } else {
            user = co_await create(tx, name, person, origin, language);
            co_await repository::insert_identity(tx, identity_of(user->id, name, person), clock_.now_ms());
        }
    }
    if (known) {
        user = co_await users_.find_for_update(tx, known->user_id);
        if (!user) throw oauth_failed("the account was deleted a moment ago");
        if (!user->is_active) throw Error{k_account_inactive};
        repository::use_identity(tx, known->identity.id, person.email, clock_.now_ms());
    }
    audit(tx, origin, "oauth_login", "Signed in through a provider", user->id, name);
    co_return Arrival{.user = std::move(user)};
}

/// Links the person to the account of this address. A verified account is already theirs; one that was never verified
/// may be prepared by an attacker, with the attacker's password, sessions and links. Where a password protects
/// a verified account, another provider's statement of the address is not enough.
db::Task<Service::Arrival> Service::join(db::Transaction& tx, users::User user, std::string name, crypto::Person person, Origin origin) {
    if (!user.is_active) throw Error{k_account_inactive};
    const auto linked = co_await tx.get(repository::identities_of(user.id));
    const auto key = fold_case(person.email);
    // Another subject of this provider had the address before: providers assign addresses again.
    if (std::ranges::any_of(linked, [&](const auto& one) { return one.provider == name && fold_case(one.email) == key; }))
        throw oauth_failed("the address belonged to another subject of this provider");
    const auto identity = identity_of(user.id, name, person);
    if (co_await needs_confirmation(tx, user)) {
        auto token = crypto::random_token();
        repository::insert_pending_link(tx, crypto::sha256_hex(token),
                                        {.identity = identity, .expires_at_ms = clock_.now_ms() + rules::k_pending_link_ms});
        co_return Arrival{.link_token = std::move(token)};
    }
    const bool was_verified = user.is_verified;
    if (!was_verified) user = co_await take_over(tx, std::move(user), name, person, origin);
    const auto made = co_await repository::insert_identity(tx, identity, clock_.now_ms());
    audit(tx, origin, "identity_linked", "Identity with the same verified address linked", user.id, name);
    if (was_verified) notify<mails::IdentityLinked>(tx, user, made);
    co_return Arrival{.user = std::move(user)};
}

/// Whether the owner of the account has to enter its password before a provider is linked. A recent password reset by
/// a mailed link is proof enough.
db::Task<bool> Service::needs_confirmation(db::Transaction& tx, users::User user) {
    if (!user.is_verified) co_return false;
    const auto credentials = co_await users_.credentials(tx, user.id);
    if (!credentials || !credentials->password_hash) co_return false;
    const bool was_reset = co_await auth_.was_reset_lately(tx, user.id);
    co_return !was_reset;
}

db::Task<SignedIn> Service::confirm_link(ConfirmLink input, Origin origin) {
    const auto hash = crypto::sha256_hex(input.link_token.value);
    const auto waiting = co_await db_.get(repository::find_pending_link(hash));
    if (!waiting || clock_.now_ms() >= waiting->expires_at_ms) throw Error{k_invalid_token};
    const auto& identity = waiting->identity;
    const auto proof = co_await auth_.prove_password(identity.user_id, std::move(input.password), origin);
    try {
        co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<SignedIn> {
            auto user = co_await auth_.accept(tx, proof);
            if (!user.is_active) throw Error{k_account_inactive};
            if (!co_await tx.get(repository::take_pending_link(hash))) throw Error{k_invalid_token};
            const auto made = co_await repository::insert_identity(tx, identity, clock_.now_ms());
            audit(tx, origin, "identity_linked", "Identity linked after the password was entered", user.id, identity.provider);
            audit(tx, origin, "oauth_login", "Signed in through a provider", user.id, identity.provider);
            notify<mails::IdentityLinked>(tx, user, made);
            co_return co_await auth_.sign_in(tx, std::move(user), origin);
        });
    } catch (const db::ConstraintError&) { // linked by a concurrent request
        throw Error{k_identity_taken};
    }
}

db::Task<void> Service::spend(db::Transaction& tx, std::string id_token, EpochMs expires_at) {
    if (!co_await tx.get(repository::spend_id_token(crypto::id_token_hash(id_token), expires_at)))
        throw oauth_failed("the ID token, which has no nonce, was used before");
}

db::Task<users::User> Service::take_over(db::Transaction& tx, users::User user, std::string name, crypto::Person person, Origin origin) {
    auth_.void_credentials(tx, user.id);
    repository::delete_identities(tx, user.id);
    user.is_verified = true;
    user.full_name = full_name_of(person);
    user.avatar_url = avatar_of(person);
    user.bio.reset();
    co_await users_.save(tx, user);
    audit(tx, origin, "account_taken_over",
          "Never verified account taken over by the address' owner; password, sessions and links are void", user.id, name,
          audit::Level::warning);
    co_return user;
}

db::Task<users::User> Service::create(db::Transaction& tx, std::string name, crypto::Person person, Origin origin, Language language) {
    const auto wish = rules::username_from(
        !person.preferred_username.empty() && !person.preferred_username.contains('@') ? person.preferred_username : person.name);
    auto username = co_await free_username(tx, person.email, wish);
    users::NewUser fresh{.email = person.email,
                         .username = std::move(username),
                         .password_hash = std::nullopt,
                         .full_name = full_name_of(person),
                         .avatar_url = avatar_of(person),
                         .is_verified = true,
                         .language = language};
    auto user = co_await users_.create(tx, std::move(fresh));
    auth_.send_welcome(tx, user);
    audit(tx, origin, "register", "Account made at a sign-in through a provider", user.id, name);
    co_return user;
}

db::Task<std::string> Service::free_username(db::Transaction& tx, std::string email, std::string wish) {
    constexpr int k_tries = 5;
    auto name = wish;
    for (int i = 0; i < k_tries; ++i) {
        bool is_taken = false;
        try {
            co_await users_.require_free(tx, email, name);
        } catch (const Error& error) {
            if (!error.is(users::k_username_taken)) throw;
            is_taken = true;
        }
        if (!is_taken) co_return name;
        name = wish + "-" + crypto::random_code(6);
    }
    throw unavailable("oauth: no free username");
}

db::Task<Identity> Service::link(std::string name, crypto::Person person, std::int64_t user_id, Origin origin, std::string id_token) {
    try {
        co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<Identity> {
            const auto user = co_await users_.find_for_update(tx, user_id);
            if (!user || !user->is_active) throw Error{k_account_inactive};
            if (!user->is_verified) throw Error{k_email_not_verified};
            if (auto known = co_await tx.get(repository::find_identity(name, person.subject))) {
                if (known->user_id != user_id) throw Error{k_identity_taken};
                co_return std::move(known->identity);
            }
            if (!id_token.empty()) co_await spend(tx, id_token, person.expires_at_ms);
            const auto made = co_await repository::insert_identity(tx, identity_of(user_id, name, person), clock_.now_ms());
            audit(tx, origin, "identity_linked", "Identity linked", user_id, name, audit::Level::warning);
            notify<mails::IdentityLinked>(tx, *user, made);
            co_return made;
        });
    } catch (const db::ConstraintError&) { // linked elsewhere by a concurrent request
        throw Error{k_identity_taken};
    }
}

db::Task<Identity> Service::link_natively(std::string name, std::string id_token, std::string nonce, Caller caller, Origin origin) {
    auto& there = provider(name);
    if (!caller.is_verified) throw Error{k_email_not_verified};
    co_await auth_.require_fresh(db_, caller);
    auto person = co_await there.recognise(id_token, nonce);
    rules::require_vouched_for(person);
    if (!nonce.empty()) id_token.clear(); // the app's nonce prevents a second use
    co_return co_await link(std::move(name), std::move(person), caller.user_id, origin, std::move(id_token));
}

db::Task<std::vector<Identity>> Service::identities(Caller caller) {
    co_return co_await db_.get(repository::identities_of(caller.user_id));
}

db::Task<void> Service::unlink(Caller caller, Origin origin, std::int64_t identity_id) {
    co_await auth_.require_fresh(db_, caller);
    co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
        const auto user = co_await users_.find_for_update(tx, caller.user_id); // locked, else two could remove the last two
        const auto linked = co_await tx.get(repository::identities_of(caller.user_id));
        const auto found = std::ranges::find(linked, identity_id, &Identity::id);
        if (!user || found == linked.end()) throw not_found();
        const auto credentials = co_await users_.credentials(tx, caller.user_id);
        if (linked.size() == 1 && (!credentials || !credentials->password_hash)) throw Error{k_last_sign_in_method};
        repository::delete_identity(tx, caller.user_id, identity_id);
        audit(tx, origin, "identity_unlinked", "Identity unlinked", caller.user_id, found->provider, audit::Level::warning);
        notify<mails::IdentityUnlinked>(tx, *user, *found);
    });
}

db::Task<std::vector<Identity>> Service::identities_of(db::Session& session, std::int64_t user_id) {
    return session.get(repository::identities_of(user_id));
}

void Service::drop_identities(db::Transaction& tx, const users::User& user, const std::vector<Identity>& identities, const Origin& origin) {
    repository::delete_identities(tx, user.id);
    for (const auto& identity : identities) {
        audit::record(tx, origin,
                      {.action = "identity_unlinked",
                       .message = "Identity unlinked by a password reset",
                       .level = audit::Level::warning,
                       .user_id = user.id,
                       .resource_type = "user",
                       .resource_id = user.id},
                      clock_.now_ms());
        notify<mails::IdentityUnlinked>(tx, user, identity);
    }
}

} // namespace focus::oidc
