#include "features/auth/service.hpp"

#include "core/crypto/crypto.hpp"
#include "core/idempotency/idempotency.hpp"
#include "features/auth/errors.hpp"
#include "features/auth/limits.hpp"
#include "features/auth/mails.hpp"
#include "features/auth/repository.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace focus::auth {

namespace {

using Lane = crypto::PasswordHasher::Lane;

constexpr auto k_verify = repository::k_verify_link;
constexpr auto k_reset = repository::k_reset_link;
constexpr std::string_view k_exchange = "exchange_code";

Error too_many_mails() {
    return Error{k_rate_limited.saying({"Too many e-mails were sent to this address. Please try again in an hour.",
                                        "Trop d'e-mails ont été envoyés à cette adresse. Veuillez réessayer dans une heure."})}
        .retry_after(static_cast<int>(limits::k_mails.first_wait_ms / k_second_ms));
}
/// Answers that must not reveal whether an address is known are delayed until then. Either path is faster.
constexpr std::chrono::milliseconds k_uniform_answer{250};

boost::asio::awaitable<void> wait_until(std::chrono::steady_clock::time_point moment) {
    boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor, moment};
    co_await timer.async_wait(boost::asio::use_awaitable);
}

} // namespace

Service::Service(const Core& core, Settings settings, users::Service& users, SessionGuard& guard)
    : db_{core.database}, clock_{core.clock}, settings_{std::move(settings)}, frontend_url_{core.frontend_url}, users_{users},
      hasher_{core.hasher}, outbox_{core.outbox}, guard_{guard}, attempts_{core.attempts},
      registered_{core.metrics.counter("focus_api_users_registered_total", "Accounts registered.")},
      logged_in_{core.metrics.counter("focus_api_users_logged_in_total", "Successful sign-ins.")} {}

db::Task<void> Service::erase_user(db::Transaction& tx, std::int64_t user_id) {
    if (const auto user = co_await users_.find(tx, user_id); user && user->is_verified) notify_deleted(tx, *user);
    end_all_sessions(tx, user_id);
    repository::forget_devices(tx, user_id);
    repository::delete_link_tokens(tx, user_id);
}

db::Task<users::User> Service::register_user(Register input, Origin origin, Language language) {
    co_await users_.require_free(db_, input.email.value, input.username.value); // before the costly hash
    users::NewUser fresh{.email = input.email.value,
                         .username = input.username.value,
                         .password_hash = co_await hasher_.hash(input.password.value),
                         .language = input.language.value_or(language),
                         .timezone = input.timezone ? input.timezone->value : "UTC"};
    if (input.full_name && !input.full_name->value.empty()) fresh.full_name = input.full_name->value;
    const auto in_transaction = [&](db::Transaction& tx) -> db::Task<users::User> {
        if (!co_await may_mail(tx, fresh.email)) throw too_many_mails();
        auto user = co_await users_.create(tx, fresh);
        send_link(tx, user, k_verify, rules::k_verify_link_ms, asked_by(user, origin));
        audit(tx, origin, "register", "Account registered", user.id);
        tx.after_commit([this] { registered_.add(); });
        idempotency::keep(tx, origin, user, clock_.now_ms(), 201, user.id);
        co_return user;
    };
    bool raced = false; // a concurrent request took the address or the name: the second check finds which
    try {
        co_return co_await db_.transaction(in_transaction);
    } catch (const db::ConstraintError&) {
        raced = true;
    }
    if (raced) co_await users_.require_free(db_, input.email.value, input.username.value);
    throw unavailable("register: a unique key refused the row, but no account has the names");
}

db::Task<SignedIn> Service::login(Login input, Origin origin) {
    auto from_network = limits::login_from_network(input.email.value, origin.ip);
    std::optional from_strangers{limits::login_from_strangers(input.email.value)};
    crypto::PasswordHasher::Place place; // before the attempt is written: a refusal for lack of space leaves no trace
    std::function<void(bool)> admit = [&](bool is_known) { place = hasher_.reserve(is_known ? Lane::preferred : Lane::normal); };
    const auto attempt = co_await attempts_.begin(std::move(from_network), std::move(from_strangers), std::move(admit));
    const auto found = co_await users_.credentials_by_email(input.email.value);
    const auto known = found.value_or(users::Credentials{});
    // An unknown address costs the same comparison as a known one.
    if (!co_await verify(input.password, known.password_hash.value_or(""), attempt, std::move(place))) {
        co_await record_failed_login(known.user_id, origin);
        throw Error{k_invalid_credentials};
    }
    if (!known.is_active) throw Error{k_account_inactive};
    auto renewed = co_await renewed_hash(input.password, known.password_hash.value_or(""));
    co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<SignedIn> {
        auto user = co_await find_unchanged(tx, known);
        if (!user) throw Error{k_invalid_credentials};
        attempts_.succeed(tx, attempt, clock_.now_ms() + limits::k_trusted_ms);
        if (renewed) users_.set_password(tx, known.user_id, *renewed);
        audit(tx, origin, "login", "Signed in", known.user_id);
        co_return co_await sign_in(tx, std::move(*user), origin);
    });
}

db::Task<std::optional<users::User>> Service::find_unchanged(db::Transaction& tx, users::Credentials known) {
    auto user = co_await users_.find_for_update(tx, known.user_id);
    const auto now = co_await users_.credentials(tx, known.user_id);
    if (!user || !now || now->password_hash != known.password_hash) co_return std::nullopt;
    co_return user;
}

db::Task<SignedIn> Service::sign_in(db::Transaction& tx, users::User user, Origin origin) {
    const auto opened = co_await open_session(tx, user.id, origin);
    users_.touch_last_login(tx, user.id);
    auto tokens = make_tokens(user.id, opened.session_id, user.role, opened.refresh_token);
    auto current = co_await users_.find(tx, user.id); // as stored, to the millisecond
    tx.after_commit([this] { logged_in_.add(); });
    co_return SignedIn{std::move(tokens.access_token), std::move(tokens.refresh_token), tokens.token_type, tokens.expires_in,
                       std::move(*current)};
}

void Service::void_credentials(db::Transaction& tx, std::int64_t user_id) {
    users_.set_password(tx, user_id, "");
    repository::delete_link_tokens(tx, user_id);
    end_all_sessions(tx, user_id);
}

void Service::add_exchange_code(db::Transaction& tx, std::int64_t user_id, std::string_view code) {
    const auto now = clock_.now_ms();
    repository::insert_link_token(tx, k_exchange, user_id, crypto::sha256_hex(code), now, now + rules::k_exchange_ms);
}

db::Task<std::optional<SignedIn>> Service::use_exchange_code(std::string code, Origin origin) {
    co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<std::optional<SignedIn>> {
        const auto hash = crypto::sha256_hex(code);
        const auto link = co_await tx.get(repository::find_link_token(k_exchange, hash));
        if (!link || clock_.now_ms() >= link->expires_at_ms) co_return std::nullopt;
        auto user = co_await users_.find_for_update(tx, link->user_id);
        if (!user || !co_await tx.get(repository::use_link_token(hash, clock_.now_ms()))) co_return std::nullopt;
        if (!user->is_active) throw Error{k_account_inactive};
        co_return co_await sign_in(tx, std::move(*user), origin);
    });
}

db::Task<bool> Service::may_mail(db::Transaction& tx, std::string email) {
    auto limit = limits::mails_to(email);
    co_return co_await attempts_.take(tx, std::move(limit));
}

/// A current hash in place of an outdated one, if the hasher has time.
db::Task<std::optional<std::string>> Service::renewed_hash(std::string password, std::string_view hash) {
    if (!hasher_.needs_rehash(hash)) co_return std::nullopt;
    try {
        co_return co_await hasher_.hash(std::move(password));
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::unavailable) throw;
    }
    co_return std::nullopt; // at a later sign-in
}

db::Task<bool> Service::verify(std::string password, std::string hash, attempts::Try attempt, crypto::PasswordHasher::Place place) {
    std::exception_ptr overload;
    try {
        co_return co_await hasher_.verify(std::move(password), std::move(hash), std::move(place));
    } catch (...) {
        overload = std::current_exception();
    }
    co_await attempts_.take_back(std::move(attempt));
    std::rethrow_exception(overload);
}

db::Task<void> Service::record_failed_login(std::int64_t user_id, Origin origin) {
    co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
        audit(tx, origin, "login_failed", user_id != 0 ? "Wrong password" : "Unknown address", user_id, audit::Level::warning);
        co_return;
    });
}

db::Task<void> Service::logout(Logout input, Origin origin) {
    const auto hash = crypto::sha256_hex(input.refresh_token);
    co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
        const auto presented = co_await tx.get(repository::find_refresh_token(hash));
        if (!presented) co_return;
        if (rules::judge_refresh(presented->facts, std::nullopt, clock_.now_ms()) == rules::RefreshVerdict::ended) co_return;
        if (input.all.value) {
            end_all_sessions(tx, presented->user_id);
        } else {
            const bool is_ended = co_await tx.get(repository::revoke(presented->user_id, presented->session_id, clock_.now_ms()));
            if (!is_ended) co_return;
            announce_end(tx, {.user_id = presented->user_id, .session_id = presented->session_id});
        }
        audit(tx, origin, "logout", input.all.value ? "Signed out everywhere" : "Signed out", presented->user_id);
    });
}

db::Task<std::vector<Session>> Service::sessions(Caller caller) {
    const auto rows = co_await db_.get(repository::live_sessions(caller.user_id, clock_.now_ms()));
    std::vector<Session> sessions;
    sessions.reserve(rows.size());
    for (const auto& row : rows) {
        sessions.push_back({.id = row.id,
                            .device = rules::describe_device(row.user_agent),
                            .user_agent = row.user_agent,
                            .ip_address = row.ip_address,
                            .created_at = row.created_at,
                            .last_used_at = row.last_used_at,
                            .expires_at = row.expires_at,
                            .current = row.id == caller.session_id});
    }
    co_return sessions;
}

db::Task<void> Service::end_session(Caller caller, Origin origin, std::int64_t session_id) {
    co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
        if (!co_await tx.get(repository::revoke(caller.user_id, session_id, clock_.now_ms()))) throw not_found();
        audit(tx, origin, "logout", "Session ended from the list", caller.user_id);
        announce_end(tx, {.user_id = caller.user_id, .session_id = session_id});
    });
}

void Service::end_all_sessions(db::Transaction& tx, std::int64_t user_id) {
    repository::revoke_all(tx, user_id, 0, clock_.now_ms());
    announce_end(tx, {.user_id = user_id});
}

void Service::announce_end(db::Transaction& tx, Ended ended) {
    tx.after_commit([this, ended] {
        guard_.forget(ended.user_id);
        for (const auto& hook : ended_hooks_) hook(ended);
    });
}

db::Task<Service::Opened> Service::open_session(db::Transaction& tx, std::int64_t user_id, Origin origin) {
    auto token = crypto::random_token();
    const auto now = clock_.now_ms();
    const auto surplus = co_await tx.get(repository::surplus_sessions(user_id, now, settings_.max_sessions - 1));
    for (const auto old : surplus) {
        co_await tx.get(repository::revoke(user_id, old, now));
        announce_end(tx, {.user_id = user_id, .session_id = old});
    }
    const auto id = co_await repository::insert_session(tx, user_id, origin, crypto::sha256_hex(token), now,
                                                        now + std::min(settings_.refresh_token_ms, settings_.session_max_ms));
    co_return Opened{id, std::move(token)};
}

Tokens Service::make_tokens(std::int64_t user_id, std::int64_t session_id, Role role, std::string refresh_token) const {
    const auto now = clock_.now_ms();
    return {.access_token = crypto::sign_access_token(settings_.jwt_secret, {.user_id = user_id,
                                                                             .session_id = session_id,
                                                                             .role = std::string{to_string(role)},
                                                                             .issued_at_ms = now,
                                                                             .expires_at_ms = now + settings_.access_token_ms,
                                                                             .id = crypto::random_code(16)}),
            .refresh_token = std::move(refresh_token),
            .expires_in = settings_.access_token_ms / k_second_ms};
}

db::Task<void> Service::verify_email(Token input, Origin origin) {
    co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
        const auto hash = crypto::sha256_hex(input.token);
        const auto link = co_await tx.get(repository::find_link_token(k_verify, hash));
        if (!link) throw Error{k_invalid_token};
        const auto user = co_await users_.find_for_update(tx, link->user_id);
        if (!user) throw Error{k_invalid_token};
        if (user->is_verified) throw Error{k_already_verified};
        if (clock_.now_ms() >= link->expires_at_ms) throw Error{k_token_expired};
        if (!co_await tx.get(repository::use_link_token(hash, clock_.now_ms()))) throw Error{k_already_verified};
        users_.mark_verified(tx, user->id);
        audit(tx, origin, "email_verified", "E-mail address verified", user->id);
        send_welcome(tx, *user);
    });
}

void Service::send_welcome(db::Transaction& tx, const users::User& user) {
    auto to = users::recipient_of(user);
    to.name = users::display_name(user); // verified by this request
    outbox_.add(tx, {std::move(to), mails::Welcome{.action_url = frontend_url_ + "/"}});
}

db::Task<void> Service::resend_verification(Address input, Origin origin) {
    const auto answer_at = std::chrono::steady_clock::now() + k_uniform_answer;
    co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
        const auto user = co_await users_.find_by_email(tx, input.email.value);
        if (!user || user->is_verified || !user->is_active) co_return;
        if (!co_await may_mail(tx, user->email)) co_return;
        send_link(tx, *user, k_verify, rules::k_verify_link_ms, asked_by(*user, origin));
        audit(tx, origin, "verification_requested", "Verification mail asked for again", user->id);
    });
    co_await wait_until(answer_at);
}

db::Task<void> Service::forgot_password(Address input, Origin origin) {
    const auto answer_at = std::chrono::steady_clock::now() + k_uniform_answer;
    co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
        const auto user = co_await users_.find_by_email(tx, input.email.value);
        if (!user || !user->is_active) co_return;
        if (!co_await may_mail(tx, user->email)) co_return;
        send_link(tx, *user, k_reset, rules::k_reset_link_ms);
        audit(tx, origin, "password_reset_requested", "Password reset asked for", user->id);
    });
    co_await wait_until(answer_at);
}

db::Task<PasswordReset> Service::reset_password(ResetPassword input, Origin origin) {
    // The link is checked before the costly hash and used in the transaction after it.
    const auto link = co_await db_.get(repository::find_link_token(k_reset, crypto::sha256_hex(input.token)));
    if (!link || link->used_at_ms) throw Error{k_invalid_token};
    if (clock_.now_ms() >= link->expires_at_ms) throw Error{k_token_expired};
    auto place = hasher_.reserve(Lane::preferred);
    const auto hash = co_await hasher_.hash(input.new_password.value, std::move(place));
    co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<PasswordReset> {
        const auto user = co_await users_.find_for_update(tx, link->user_id);
        if (!user || !user->is_active) throw Error{k_invalid_token};
        if (!co_await tx.get(repository::use_link_token(crypto::sha256_hex(input.token), clock_.now_ms()))) throw Error{k_invalid_token};
        users_.set_password(tx, user->id, hash);
        if (!user->is_verified) users_.mark_verified(tx, user->id); // the link proves control of the address
        repository::void_link_tokens(tx, k_reset, user->id);
        attempts_.trust(tx, limits::login_from_network(user->email, origin.ip).key, clock_.now_ms() + limits::k_trusted_ms);
        end_all_sessions(tx, user->id);
        audit(tx, origin, "password_reset_completed", "Password reset by mailed link; every session ended", user->id,
              audit::Level::warning);
        outbox_.add(tx, {users::recipient_of(*user), mails::PasswordChanged{.action_url = frontend_url_ + "/forgot-password"}});
        auto identities = co_await identities_.of_user(tx, user->id);
        if (!input.drop_identities.value) co_return PasswordReset{.identities = std::move(identities)};
        identities_.drop(tx, *user, identities, origin);
        co_return PasswordReset{};
    });
}

db::Task<void> Service::change_password(Caller caller, ChangePassword input, Origin origin) {
    auto limit = limits::current_password(caller.user_id);
    crypto::PasswordHasher::Place old_one;
    crypto::PasswordHasher::Place new_one;
    std::function<void(bool)> admit = [&](bool) {
        old_one = hasher_.reserve(Lane::preferred);
        new_one = hasher_.reserve(Lane::preferred);
    };
    const auto attempt = co_await attempts_.begin(std::move(limit), std::nullopt, std::move(admit));
    const auto known = co_await users_.credentials(db_, caller.user_id);
    if (!known || !co_await verify(input.current_password, known->password_hash.value_or(""), attempt, std::move(old_one)))
        throw Error{k_wrong_password};
    const auto hash = co_await hasher_.hash(input.new_password.value, std::move(new_one));
    co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
        const auto user = co_await find_unchanged(tx, *known);
        if (!user) throw Error{k_wrong_password};
        users_.set_password(tx, caller.user_id, hash);
        attempts_.succeed(tx, attempt);
        repository::revoke_all(tx, caller.user_id, caller.session_id, clock_.now_ms());
        audit(tx, origin, "password_changed", "Password changed; every other session ended", caller.user_id, audit::Level::warning);
        outbox_.add(tx, {users::recipient_of(*user), mails::PasswordChanged{.action_url = frontend_url_ + "/forgot-password"}});
        announce_end(tx, {.user_id = caller.user_id, .kept = caller.session_id});
    });
}

db::Task<users::User> Service::create_account(std::string email, std::string username, std::string password, Role role, Origin origin) {
    const auto hash = co_await hasher_.hash(password);
    co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<users::User> {
        auto user =
            co_await users_.create(tx, {.email = email, .username = username, .password_hash = hash, .role = role, .is_verified = true});
        audit(tx, origin, "register", "Account made by the operator", user.id, audit::Level::warning);
        co_return user;
    });
}

db::Task<users::User> Service::create_for(users::NewUser fresh, std::string password, Origin origin, std::int64_t by_user_id) {
    co_await users_.require_free(db_, fresh.email, fresh.username); // before the costly hash
    auto place = hasher_.reserve(Lane::preferred);
    fresh.password_hash = co_await hasher_.hash(password, std::move(place));
    const auto in_transaction = [&](db::Transaction& tx) -> db::Task<users::User> {
        auto user = co_await users_.create(tx, fresh);
        if (!user.is_verified) send_link(tx, user, k_verify, rules::k_verify_link_ms);
        audit::record(tx, origin,
                      {.action = "user_created",
                       .message = "Account made by an administrator",
                       .level = audit::Level::warning,
                       .user_id = by_user_id,
                       .resource_type = "user",
                       .resource_id = user.id},
                      clock_.now_ms());
        idempotency::keep(tx, origin, user, clock_.now_ms(), 201, user.id);
        co_return user;
    };
    try {
        co_return co_await db_.transaction(in_transaction);
    } catch (const db::ConstraintError&) { // a concurrent request took the address or the name
    }
    co_await users_.require_free(db_, fresh.email, fresh.username);
    throw unavailable("create account: a unique key refused the row, but no account has the names");
}

void Service::void_links(db::Transaction& tx, std::int64_t user_id) { repository::delete_link_tokens(tx, user_id); }

db::Task<users::User> Service::ensure_admin(std::string email, std::string username, std::string password, Origin origin) {
    auto known = co_await users_.find_by_email(db_, email);
    if (!known) co_return co_await create_account(email, username, password, Role::admin, origin);
    if (known->role == Role::admin && known->is_active && known->is_verified) co_return std::move(*known);
    co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<users::User> {
        auto user = co_await users_.find_for_update(tx, known->id);
        if (!user) throw not_found();
        user->role = Role::admin;
        user->is_active = true;
        user->is_verified = true;
        co_await users_.save(tx, *user);
        audit(tx, origin, "user_updated", "Made an administrator by the operator", user->id, audit::Level::warning);
        co_return std::move(*user);
    });
}

db::Task<std::uint64_t> Service::delete_expired() { return repository::delete_expired(db_, clock_.now_ms() - k_day_ms); }

std::string Service::asked_by(const users::User& user, const Origin& origin) const {
    return rules::describe_request(origin, clock_.now_ms(), Zone::of(user.timezone), user.language);
}

void Service::send_link(db::Transaction& tx, const users::User& user, std::string_view purpose, EpochMs lifetime, std::string asked_by) {
    const auto token = crypto::random_token();
    const auto now = clock_.now_ms();
    repository::insert_link_token(tx, purpose, user.id, crypto::sha256_hex(token), now, now + lifetime);
    const auto& url = frontend_url_;
    const auto hours = lifetime / k_hour_ms;
    if (purpose == k_reset) {
        outbox_.add(
            tx, {users::recipient_of(user), mails::ResetPassword{.action_url = url + "/reset-password?token=" + token, .hours = hours}});
        return;
    }
    mails::VerifyEmail mail{
        .action_url = url + "/verify-email?token=" + token, .not_me_url = url + "/not-me?token=" + token, .hours = hours};
    if (!asked_by.empty()) mail.asked.push_back({std::move(asked_by)}); // empty when an administrator made the account
    outbox_.add(tx, {users::recipient_of(user), mail});
}

void Service::audit(db::Transaction& tx, const Origin& origin, std::string_view action, std::string message, std::int64_t user_id,
                    audit::Level level) const {
    audit::record(tx, origin,
                  {.action = action,
                   .message = std::move(message),
                   .level = level,
                   .user_id = user_id,
                   .resource_type = user_id != 0 ? "user" : "",
                   .resource_id = user_id},
                  clock_.now_ms());
}

personal::Section Service::personal_data() { return repository::personal_data(db_); }

} // namespace focus::auth
