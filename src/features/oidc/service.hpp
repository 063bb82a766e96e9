// Sign-in through OpenID providers, and the identities linked to accounts (docs/api-guide.md).
// Always holds: a flow ends only in the browser that began it, once, within ten minutes; an identity is linked to one
// account, and only to one whose e-mail is verified; an account never loses its last means of sign-in; a provider's
// statement counts only for an address that it marks as verified.
#pragma once

#include "core/mail/outbox.hpp"
#include "features/auth/service.hpp"
#include "features/oidc/provider.hpp"
#include "features/oidc/repository.hpp"
#include "features/oidc/types.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace focus::oidc {

class Service {
  public:
    Service(const Core& core, Settings settings, users::Service& users, auth::Service& auth);

    [[nodiscard]] std::vector<ProviderInfo> providers() const;

    /// Throws 404, 501 `oauth_not_configured`.
    void require_provider(const std::string& name) { static_cast<void>(provider(name)); }

    struct Begun {
        AuthorizationStart start;
        std::string browser_secret; // for the cookie
    };
    /// Throws 404, 501 `oauth_not_configured`, 422 for a `redirect_to` to another origin, `unavailable`.
    db::Task<Begun> begin(std::string provider, std::string redirect_to, bool in_browser);
    /// Links an identity to the caller's account at the flow's end. Throws the same, 403 `email_not_verified`, 403
    /// `reauthentication_required`.
    db::Task<Begun> begin_link(std::string provider, std::string redirect_to, Caller caller);

    struct Returned {
        std::string state;
        std::string code;  // or
        std::string error; // the provider's error code
        std::string issuer;
        std::string browser_secret;
    };
    /// The result of a flow: an answer for a program, or an address of the web page for a browser.
    struct Ended {
        std::optional<SignedIn> signed_in;
        std::string location;
        bool awaits_exchange = false; // the cookie is still needed
        std::string link_token;       // not signed in: the account's password is required first
    };
    /// Throws 400 `invalid_state`; for programs also 401 `oauth_failed`, 403 `account_inactive`, `unavailable`.
    db::Task<Ended> finish(std::string provider, Returned returned, Origin origin, Language language);
    /// The page that shows an error of a flow that is unknown.
    [[nodiscard]] std::string error_page(std::string_view code) const;
    /// Throws 401 `oauth_failed`.
    db::Task<SignedIn> exchange(std::string code, std::string browser_secret, Origin origin);

    /// Signs in with an ID token; without a nonce it is good once. Throws as finish() does, 409 `link_confirmation_required`.
    db::Task<SignedIn> sign_in_natively(std::string provider, std::string id_token, std::string nonce, Origin origin, Language language);

    /// Links the pending identity and signs in. Throws 400 `invalid_token`, 400 `identity_taken`, 401 `invalid_credentials`,
    /// 403 `account_inactive`, 429 `rate_limited`.
    db::Task<SignedIn> confirm_link(ConfirmLink input, Origin origin);

    db::Task<std::vector<Identity>> identities(Caller caller);
    /// Throws 400 `identity_taken`, 401 `oauth_failed`, 403 `email_not_verified`, 403 `reauthentication_required`.
    db::Task<Identity> link_natively(std::string provider, std::string id_token, std::string nonce, Caller caller, Origin origin);
    /// Throws 404, 400 `last_sign_in_method`, 403 `reauthentication_required`.
    db::Task<void> unlink(Caller caller, Origin origin, std::int64_t identity_id);

    /// The identities of an account, the oldest first.
    static db::Task<std::vector<Identity>> identities_of(db::Session& session, std::int64_t user_id);
    /// Unlinks every identity of an account whose password was reset, and notifies its owner.
    void drop_identities(db::Transaction& tx, const users::User& user, const std::vector<Identity>& identities, const Origin& origin);
    /// Deletes expired flows, pending links and used ID tokens, in small steps.
    db::Task<std::uint64_t> delete_expired();
    /// The account is being erased: deletes its identities.
    static void erase_user(db::Transaction& tx, std::int64_t user_id) { repository::delete_identities(tx, user_id); }
    /// The identities, for the user's own export.
    [[nodiscard]] personal::Section personal_data() { return repository::personal_identities(db_); }

  private:
    Provider& provider(const std::string& name);
    db::Task<Begun> begin_flow(std::string name, std::string redirect_to, repository::Flow flow);
    db::Task<Ended> complete(repository::Flow flow, Returned returned, Origin origin, Language language);
    /// Runs `body` in a transaction; again when a concurrent request made the same account or identity.
    template <class T>
    db::Task<T> settle(std::function<db::Task<T>(db::Transaction&)> body);
    /// The account to which a person signs in, or the token that its owner needs to link the identity first.
    struct Arrival {
        std::optional<users::User> user;
        std::string link_token;
    };
    /// The account of the identity or of the address, or a new one. Audited as a sign-in.
    db::Task<Arrival> account_of(db::Transaction& tx, std::string provider, crypto::Person person, Origin origin, Language language);
    db::Task<Arrival> join(db::Transaction& tx, users::User user, std::string provider, crypto::Person person, Origin origin);
    db::Task<bool> needs_confirmation(db::Transaction& tx, users::User user);
    /// Throws 401 `oauth_failed` when the token was used before.
    db::Task<void> spend(db::Transaction& tx, std::string id_token, EpochMs expires_at);
    db::Task<users::User> take_over(db::Transaction& tx, users::User user, std::string provider, crypto::Person person, Origin origin);
    db::Task<users::User> create(db::Transaction& tx, std::string provider, crypto::Person person, Origin origin, Language language);
    db::Task<std::string> free_username(db::Transaction& tx, std::string email, std::string wish);
    db::Task<Identity> link(std::string provider, crypto::Person person, std::int64_t user_id, Origin origin, std::string id_token = {});
    /// Notifies the owner by mail: IdentityLinked, IdentityUnlinked.
    template <class Mail>
    void notify(db::Transaction& tx, const users::User& user, const Identity& identity);
    db::Task<void> record_failure(std::string provider, std::string cause, Origin origin);
    void audit(db::Transaction& tx, const Origin& origin, std::string_view action, std::string message, std::int64_t user_id,
               std::string_view provider, audit::Level level = audit::Level::info) const;
    [[nodiscard]] std::string page(std::string_view what, std::string_view value, std::string_view redirect_to,
                                   std::string_view provider_name = {}) const;

    db::Database& db_;
    const Clock& clock_;
    Settings settings_;
    std::string frontend_url_;
    users::Service& users_;
    auth::Service& auth_;
    mail::Outbox& outbox_;
    std::unique_ptr<net::HttpClient> http_; // null without providers
    std::map<std::string, std::unique_ptr<Provider>, std::less<>> providers_;
};

} // namespace focus::oidc
