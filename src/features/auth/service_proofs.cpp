// Proofs of identity: the part of Service that requires a recent sign-in and notifies owners of changes.
#include "features/auth/errors.hpp"
#include "features/auth/limits.hpp"
#include "features/auth/mails.hpp"
#include "features/auth/repository.hpp"
#include "features/auth/service.hpp"

namespace focus::auth {

using Lane = crypto::PasswordHasher::Lane;

db::Task<void> Service::require_fresh(db::Session& session, Caller caller) {
    const auto at = co_await session.get(repository::authenticated_at(caller.user_id, caller.session_id));
    if (!at || clock_.now_ms() - *at > rules::k_fresh_ms) throw Error{k_reauthentication_required};
}

db::Task<void> Service::reauthenticate(Caller caller, Reauthenticate input, Origin origin) {
    auto limit = limits::current_password(caller.user_id);
    crypto::PasswordHasher::Place place;
    std::function<void(bool)> admit = [&](bool) { place = hasher_.reserve(Lane::preferred); };
    const auto attempt = co_await attempts_.begin(std::move(limit), std::nullopt, std::move(admit));
    const auto known = co_await users_.credentials(db_, caller.user_id);
    if (!known || !co_await verify(input.password, known->password_hash.value_or(""), attempt, std::move(place)))
        throw Error{k_wrong_password};
    co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
        if (!co_await find_unchanged(tx, *known)) throw Error{k_wrong_password};
        attempts_.succeed(tx, attempt);
        repository::set_authenticated(tx, caller.user_id, caller.session_id, clock_.now_ms());
        audit(tx, origin, "reauthenticated", "Password entered again", caller.user_id);
    });
}

db::Task<void> Service::delete_account(Caller caller, Origin origin) {
    co_await require_fresh(db_, caller);
    co_await users_.remove(caller.user_id, std::move(origin), caller.user_id);
}

db::Task<bool> Service::was_reset_lately(db::Session& session, std::int64_t user_id) {
    return session.get(repository::was_reset_since(user_id, clock_.now_ms() - rules::k_reset_counts_ms));
}

db::Task<Service::Proof> Service::prove_password(std::int64_t user_id, std::string password, Origin origin) {
    const auto user = co_await users_.find(db_, user_id);
    if (!user) throw Error{k_invalid_credentials};
    auto from_network = limits::login_from_network(user->email, origin.ip);
    std::optional from_strangers{limits::login_from_strangers(user->email)};
    crypto::PasswordHasher::Place place;
    std::function<void(bool)> admit = [&](bool is_known) { place = hasher_.reserve(is_known ? Lane::preferred : Lane::normal); };
    const auto attempt = co_await attempts_.begin(std::move(from_network), std::move(from_strangers), std::move(admit));
    const auto known = (co_await users_.credentials(db_, user_id)).value_or(users::Credentials{});
    if (!co_await verify(std::move(password), known.password_hash.value_or(""), attempt, std::move(place))) {
        co_await record_failed_login(user_id, origin);
        throw Error{k_invalid_credentials};
    }
    co_return Proof{.known = known, .attempt = attempt};
}

db::Task<users::User> Service::accept(db::Transaction& tx, Proof proof) {
    auto user = co_await find_unchanged(tx, proof.known);
    if (!user) throw Error{k_invalid_credentials};
    attempts_.succeed(tx, proof.attempt, clock_.now_ms() + limits::k_trusted_ms);
    co_return std::move(*user);
}

db::Task<bool> Service::has_session(std::int64_t user_id, std::int64_t session_id) {
    const auto caller = co_await db_.get(repository::caller_of(session_id, user_id, clock_.now_ms()));
    co_return caller.has_value();
}

// --- mails to the owner ----------------------------------------------------------------------------------------------

/// The mail is not linked to the account, whose mails are deleted; its address is deleted once it was sent.
void Service::notify_deleted(db::Transaction& tx, const users::User& user) {
    auto to = users::recipient_of(user);
    to.user_id = 0;
    outbox_.add(tx, {std::move(to), mails::AccountDeleted{.action_url = frontend_url_ + "/register"}});
}

} // namespace focus::auth
