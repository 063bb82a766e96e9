// Which account somebody at a provider has: the part of OidcService that finds, links and makes accounts.
#include "core/base/fold.hpp"
#include "core/crypto/crypto.hpp"
#include "features/auth/errors.hpp"
#include "features/auth/oidc_rules.hpp"
#include "features/auth/oidc_service.hpp"

#include <algorithm>
#include <array>

namespace focus::auth {

namespace {

constexpr std::size_t k_max_full_name = 100;

Error identity_taken() {
    return {ErrorKind::bad_request,
            "identity_taken",
            {"This identity is already linked to another account.", "Cette identité est déjà liée à un autre compte."}};
}
Error last_sign_in_method() {
    return {ErrorKind::bad_request,
            "last_sign_in_method",
            {"This is the only way to sign in to the account. Please set a password first.",
             "C'est le seul moyen de se connecter au compte. Veuillez d'abord définir un mot de passe."}};
}

template <class T>
struct Field {
    T value;
};
/// What a provider says, by the rules of our own fields; nothing when it breaks them.
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

Identity shown(repository::IdentityRow row) {
    return {row.id, std::move(row.provider), std::move(row.email), {row.created_at_ms}, {row.last_used_at_ms}};
}

repository::NewIdentity identity_of(std::int64_t user_id, std::string provider, const crypto::Person& person) {
    return {.user_id = user_id, .provider = std::move(provider), .subject = person.subject, .email = person.email};
}

} // namespace

template <class T>
db::Task<T> OidcService::settle(std::function<db::Task<T>(db::Transaction&)> body) {
    constexpr int k_tries = 3;
    for (int left = k_tries; left > 0; --left) {
        try {
            co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<T> { co_return co_await body(tx); });
        } catch (const db::ConstraintError&) {
            continue; // another request was faster: the next look finds what it made
        } catch (const Error& error) {
            if (error.code() != "email_taken" && error.code() != "username_taken") throw; // the same, seen a moment earlier
        }
    }
    throw unavailable("oauth: a unique key says no again and again");
}
template db::Task<SignedIn> OidcService::settle(std::function<db::Task<SignedIn>(db::Transaction&)> body);
template db::Task<OidcService::Ended> OidcService::settle(std::function<db::Task<OidcService::Ended>(db::Transaction&)> body);

db::Task<users::User> OidcService::account_of(db::Transaction& tx, std::string name, crypto::Person person, Origin origin,
                                              Language language) {
    auto email = checked<json::EmailAddress>(person.email);
    if (!email) throw oauth_failed("the provider's e-mail address is none");
    person.email = std::move(*email);
    std::optional<users::User> user;
    auto known = co_await repository::find_identity(tx, name, person.subject);
    if (!known) {
        if (const auto found = co_await users_.find_by_email(tx, person.email)) {
            user = co_await users_.find_for_update(tx, found->id);
            if (!user) throw oauth_failed("the account was deleted a moment ago");
            // Another request of his may have made this account between the two looks.
            known = co_await repository::find_identity(tx, name, person.subject);
            if (!known) user = co_await join(tx, std::move(*user), name, person, origin);
        } else {
            user = co_await create(tx, name, person, origin, language);
            co_await repository::insert_identity(tx, identity_of(user->id, name, person), clock_.now_ms());
        }
    }
    if (known) {
        user = co_await users_.find_for_update(tx, known->user_id);
        if (!user) throw oauth_failed("the account was deleted a moment ago");
        if (!user->is_active) throw account_inactive();
        repository::use_identity(tx, known->id, person.email, clock_.now_ms());
    }
    audit(tx, origin, "oauth_login", "Signed in through a provider", user->id, name);
    co_return std::move(*user);
}

/// The account of this address becomes the person's. A verified one is his already; one that nobody ever verified may be
/// a trap: somebody else's password, sessions and links on his address.
db::Task<users::User> OidcService::join(db::Transaction& tx, users::User user, std::string name, crypto::Person person, Origin origin) {
    if (!user.is_active) throw account_inactive();
    const auto linked = co_await repository::identities_of(tx, user.id);
    const auto key = fold_case(person.email);
    // Somebody else at this provider had the address before: providers give addresses to new people.
    if (std::ranges::any_of(linked, [&](const auto& one) { return one.provider == name && fold_case(one.email) == key; }))
        throw oauth_failed("the address belonged to another subject of this provider");
    if (!user.is_verified) user = co_await take_over(tx, std::move(user), name, person, origin);
    co_await repository::insert_identity(tx, identity_of(user.id, name, person), clock_.now_ms());
    audit(tx, origin, "identity_linked", "Identity with the same verified address linked", user.id, name);
    co_return user;
}

db::Task<users::User> OidcService::take_over(db::Transaction& tx, users::User user, std::string name, crypto::Person person,
                                             Origin origin) {
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

db::Task<users::User> OidcService::create(db::Transaction& tx, std::string name, crypto::Person person, Origin origin, Language language) {
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
    audit(tx, origin, "register", "Account made for somebody at a provider", user.id, name);
    co_return user;
}

db::Task<std::string> OidcService::free_username(db::Transaction& tx, std::string email, std::string wish) {
    constexpr int k_tries = 5;
    auto name = wish;
    for (int i = 0; i < k_tries; ++i) {
        bool is_taken = false;
        try {
            co_await users_.require_free(tx, email, name);
        } catch (const Error& error) {
            if (error.code() != "username_taken") throw;
            is_taken = true;
        }
        if (!is_taken) co_return name;
        name = wish + "-" + crypto::random_code(6);
    }
    throw unavailable("oauth: no free username");
}

db::Task<Identity> OidcService::link(std::string name, crypto::Person person, std::int64_t user_id, Origin origin) {
    try {
        co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<Identity> {
            const auto user = co_await users_.find_for_update(tx, user_id);
            if (!user || !user->is_active) throw account_inactive();
            if (!user->is_verified) throw email_not_verified();
            if (auto known = co_await repository::find_identity(tx, name, person.subject)) {
                if (known->user_id != user_id) throw identity_taken();
                co_return shown(std::move(*known));
            }
            auto made = co_await repository::insert_identity(tx, identity_of(user_id, name, person), clock_.now_ms());
            audit(tx, origin, "identity_linked", "Identity linked", user_id, name, audit::Level::warning);
            co_return shown(std::move(made));
        });
    } catch (const db::ConstraintError&) { // linked elsewhere a moment ago
        throw identity_taken();
    }
}

db::Task<Identity> OidcService::link_natively(std::string name, std::string id_token, std::string nonce, Caller caller, Origin origin) {
    auto& there = provider(name);
    if (!caller.is_verified) throw email_not_verified();
    auto person = co_await there.recognise(std::move(id_token), std::move(nonce));
    rules::require_vouched_for(person);
    co_return co_await link(std::move(name), std::move(person), caller.user_id, origin);
}

db::Task<std::vector<Identity>> OidcService::identities(Caller caller) {
    auto rows = co_await repository::identities_of(db_, caller.user_id);
    std::vector<Identity> identities;
    identities.reserve(rows.size());
    for (auto& row : rows) identities.push_back(shown(std::move(row)));
    co_return identities;
}

db::Task<void> OidcService::unlink(Caller caller, Origin origin, std::int64_t identity_id) {
    co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
        const auto user = co_await users_.find_for_update(tx, caller.user_id); // one at a time, or two could remove the last two
        const auto linked = co_await repository::identities_of(tx, caller.user_id);
        const auto found = std::ranges::find(linked, identity_id, &repository::IdentityRow::id);
        if (!user || found == linked.end()) throw not_found();
        const auto credentials = co_await users_.credentials(tx, caller.user_id);
        if (linked.size() == 1 && (!credentials || credentials->password_hash.empty())) throw last_sign_in_method();
        repository::delete_identity(tx, caller.user_id, identity_id);
        audit(tx, origin, "identity_unlinked", "Identity unlinked", caller.user_id, found->provider, audit::Level::warning);
    });
}

} // namespace focus::auth
