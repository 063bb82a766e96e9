// Sign-up, sign-in and sign-out; sessions and their refresh tokens; mailed links; passwords.
// Always holds: answers don't reveal whether an address has an account (except register); a password change or reset
// ends the other sessions in the same transaction; each step that affects security is in the audit trail.
#pragma once

#include "core/attempts/attempts.hpp"
#include "core/audit/audit.hpp"
#include "core/core.hpp"
#include "core/crypto/password.hpp"
#include "core/db/database.hpp"
#include "core/mail/outbox.hpp"
#include "core/metrics/metrics.hpp"
#include "core/personal/personal.hpp"
#include "features/auth/session_guard.hpp"
#include "features/auth/types.hpp"
#include "features/users/service.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace focus::http {
class RateLimiter;
}

namespace focus::auth {

struct Settings {
    std::string jwt_secret;
    std::string refresh_key; // 32 bytes, from which successors of refresh tokens are derived
    EpochMs access_token_ms = 30 * k_minute_ms;
    EpochMs refresh_token_ms = 7 * k_day_ms; // of an unused session
    EpochMs session_max_ms = 90 * k_day_ms;  // of any session, from its sign-in
    int max_sessions = 50;                   // per user; above that, the session unused for longest ends
};

/// The identities at providers that can sign in to an account; a later module stores them.
struct Identities {
    /// Those of a user, the oldest first.
    std::function<db::Task<std::vector<Identity>>(db::Session&, std::int64_t user_id)> of_user;
    /// Unlinks all of them, in a transaction that resets the user's password.
    std::function<void(db::Transaction&, const users::User&, const std::vector<Identity>&, const Origin&)> drop;
};

class Service {
  public:
    Service(const Core& core, Settings settings, users::Service& users, SessionGuard& guard);

    /// Throws 400 `email_taken`, 400 `username_taken`, 429 `rate_limited` after too many mails to the address.
    db::Task<users::User> register_user(Register input, Origin origin, Language language);
    /// Throws 401 `invalid_credentials`, 403 `account_inactive`, 429 `rate_limited` after too many wrong passwords.
    db::Task<SignedIn> login(Login input, Origin origin);
    /// Throws 401 `invalid_refresh_token`, 401 `token_reused`, 429 `rate_limited`.
    db::Task<Tokens> refresh(Refresh input, Origin origin);
    /// Counts refreshes by session (Rate::refresh_session); null: not counted.
    void limit_refreshes(http::RateLimiter* limiter) { refresh_limiter_ = limiter; }
    /// Ends the token's session, or all sessions of its user. An unknown token is no error.
    db::Task<void> logout(Logout input, Origin origin);

    db::Task<std::vector<Session>> sessions(Caller caller);
    /// Throws 404.
    db::Task<void> end_session(Caller caller, Origin origin, std::int64_t session_id);

    /// Throws 400 `invalid_token`, `token_expired`, `already_verified`.
    db::Task<void> verify_email(Token input, Origin origin);
    db::Task<void> resend_verification(Address input, Origin origin);
    db::Task<void> forgot_password(Address input, Origin origin);
    /// Throws 400 `invalid_token`, `token_expired`.
    db::Task<PasswordReset> reset_password(ResetPassword input, Origin origin);
    /// Throws 400 `wrong_password`, 429 `rate_limited`.
    db::Task<void> change_password(Caller caller, ChangePassword input, Origin origin);

    /// The effect of a mailed link; changes nothing. Throws 400 `invalid_token`, `token_expired`, `already_verified`.
    db::Task<MailedLink> describe_link(Token input);
    /// Removes the unverified account of a verification mail. Throws 400 `invalid_token`, `already_verified`.
    db::Task<void> not_me(Token input, Origin origin);

    // Actions that need more than an access token, which may be stolen.

    /// Counts as a sign-in of the caller's session. Throws 400 `wrong_password`, 429 `rate_limited`.
    db::Task<void> reauthenticate(Caller caller, Reauthenticate input, Origin origin);
    /// Throws 403 `reauthentication_required` unless the session's sign-in is at most ten minutes old; a refresh is none.
    db::Task<void> require_fresh(db::Session& session, Caller caller);
    /// Throws as require_fresh does, 403 `last_admin`.
    db::Task<void> delete_account(Caller caller, Origin origin);

    /// A verified account made by the operator. Throws as register_user does.
    db::Task<users::User> create_account(std::string email, std::string username, std::string password, Role role, Origin origin);
    /// An account made by an administrator; an unverified one gets the mail with the link. Throws as register_user does.
    db::Task<users::User> create_for(users::NewUser fresh, std::string password, Origin origin, std::int64_t by_user_id);
    /// Makes an administrator, or makes the account of this address one (`focus admin create`, ADMIN_EMAIL).
    db::Task<users::User> ensure_admin(std::string email, std::string username, std::string password, Origin origin);

    /// Deletes expired tokens and sessions in small steps.
    db::Task<std::uint64_t> delete_expired();

    /// Runs after sessions of a user ended: one, or all except one (`kept`, 0 for none).
    struct Ended {
        std::int64_t user_id = 0;
        std::int64_t session_id = 0; // 0: all except `kept`
        std::int64_t kept = 0;
    };
    void on_sessions_ended(std::function<void(Ended)> hook) { ended_hooks_.push_back(std::move(hook)); }
    /// To be called before the server starts.
    void set_identities(Identities identities) { identities_ = std::move(identities); }
    /// The sessions, for the user's own export.
    [[nodiscard]] personal::Section personal_data();
    /// Makes the user's mailed links void (the address changes).
    static void void_links(db::Transaction& tx, std::int64_t user_id);
    /// Ends every session of the user in `tx` (account deactivated, deleted).
    void end_all_sessions(db::Transaction& tx, std::int64_t user_id);

    /// The account is being erased: queues a mail to its owner, ends its sessions, links and known networks.
    db::Task<void> erase_user(db::Transaction& tx, std::int64_t user_id);

    // For sign-in by other means than a password.

    /// A new session of a user whose identity is proved.
    db::Task<SignedIn> sign_in(db::Transaction& tx, users::User user, Origin origin);
    /// Makes password, sessions and mailed links void.
    void void_credentials(db::Transaction& tx, std::int64_t user_id);
    /// A code for one sign-in within a minute.
    void add_exchange_code(db::Transaction& tx, std::int64_t user_id, std::string_view code);
    /// Whether this session of the user is live, read from the database.
    db::Task<bool> has_session(std::int64_t user_id, std::int64_t session_id);
    /// Nothing when the code is unknown, used or expired. Throws 403 `account_inactive`.
    db::Task<std::optional<SignedIn>> use_exchange_code(std::string code, Origin origin);
    void send_welcome(db::Transaction& tx, const users::User& user);
    /// Whether the user has set a new password by a mailed link within the last ten minutes.
    db::Task<bool> was_reset_lately(db::Session& session, std::int64_t user_id);
    /// A correct password, until the transaction that relies on it.
    struct Proof {
        users::Credentials known;
        attempts::Try attempt;
    };
    /// Counts as a sign-in attempt. Throws 401 `invalid_credentials`, 429 `rate_limited`.
    db::Task<Proof> prove_password(std::int64_t user_id, std::string password, Origin origin);
    /// The user, locked. Throws 401 `invalid_credentials` when the password has changed since.
    db::Task<users::User> accept(db::Transaction& tx, Proof proof);

  private:
    struct Opened {
        std::int64_t session_id;
        std::string refresh_token;
    };
    /// The user, locked, if the password is still the one that was compared before this transaction began.
    db::Task<std::optional<users::User>> find_unchanged(db::Transaction& tx, users::Credentials known);
    /// Whether one more mail to this address is within its limit; counts it if so.
    db::Task<bool> may_mail(db::Transaction& tx, std::string email);
    /// Whether the password is right. An attempt does not count when the hasher had no time for it.
    db::Task<bool> verify(std::string password, std::string hash, attempts::Try attempt, crypto::PasswordHasher::Place place);
    db::Task<std::optional<std::string>> renewed_hash(std::string password, std::string_view hash);
    db::Task<Opened> open_session(db::Transaction& tx, std::int64_t user_id, Origin origin);
    [[nodiscard]] Tokens make_tokens(std::int64_t user_id, std::int64_t session_id, Role role, std::string refresh_token) const;
    /// Describes the client in words for the mail.
    [[nodiscard]] std::string asked_by(const users::User& user, const Origin& origin) const;
    void send_link(db::Transaction& tx, const users::User& user, std::string_view purpose, EpochMs lifetime, std::string asked_by = {});
    void audit(db::Transaction& tx, const Origin& origin, std::string_view action, std::string message, std::int64_t user_id,
               audit::Level level = audit::Level::info) const;
    void notify_deleted(db::Transaction& tx, const users::User& user);
    db::Task<void> record_failed_login(std::int64_t user_id, Origin origin);
    [[nodiscard]] std::string successor_of(std::string_view refresh_token) const;
    db::Task<void> require_refresh_budget(std::string_view token_hash);
    void announce_end(db::Transaction& tx, Ended ended);

    db::Database& db_;
    const Clock& clock_;
    Settings settings_;
    std::string frontend_url_;
    users::Service& users_;
    crypto::PasswordHasher& hasher_;
    mail::Outbox& outbox_;
    SessionGuard& guard_;
    attempts::Guard& attempts_;
    http::RateLimiter* refresh_limiter_ = nullptr;
    metrics::Counter registered_;
    metrics::Counter logged_in_;
    std::vector<std::function<void(Ended)>> ended_hooks_;
    Identities identities_;
};

} // namespace focus::auth
