#include "features/auth/module.hpp"

#include "core/http/routes.hpp"
#include "features/auth/errors.hpp"
#include "features/auth/service.hpp"
#include "features/users/errors.hpp"

namespace focus::auth {

namespace {

using http::Access;
using http::Body;
using http::Call;
using http::NoContent;
using http::Path;
using http::Rate;
using http::Reply;
using http::Task;
using users::Message;
using users::User;

Message say(const Call& call, Text text) { return {std::string{text.in(call.language())}}; }

void add_sign_up(http::Routes& routes, Service& service) {
    routes.post("/api/auth/register",
                {.id = "register",
                 .summary = "Make an account",
                 .description = "The account starts unverified; a mail with a link goes to its address.",
                 .tag = "auth",
                 .access = Access::nobody,
                 .rate = Rate::auth,
                 .success = 201,
                 .idempotent = true,
                 .no_store = true,
                 .problems = {users::k_email_taken, users::k_username_taken}},
                [&service](Call& call, Body<Register> body) -> Task<Reply<User>> {
                    co_return co_await service.register_user(std::move(body.value), call.origin(), call.language());
                });
    routes.post("/api/auth/verify-email",
                {.id = "verifyEmail",
                 .summary = "Confirm the address with the mailed token",
                 .tag = "auth",
                 .access = Access::nobody,
                 .rate = Rate::refresh,
                 .problems = {k_invalid_token, k_token_expired.described("it is older than 24 hours"), k_already_verified}},
                [&service](Call& call, Body<Token> body) -> Task<Reply<Message>> {
                    co_await service.verify_email(std::move(body.value), call.origin());
                    co_return say(call, {"Email verified. Welcome!", "E-mail vérifié. Bienvenue !"});
                });
    routes.post("/api/auth/resend-verification",
                {.id = "resendVerification",
                 .summary = "Mail the verification link again",
                 .description = "Answers the same, in the same time, whether or not the address has an account.",
                 .tag = "auth",
                 .access = Access::nobody,
                 .rate = Rate::auth},
                [&service](Call& call, Body<Address> body) -> Task<Reply<Message>> {
                    co_await service.resend_verification(std::move(body.value), call.origin());
                    co_return say(call, {"If this address has an unverified account, a verification e-mail has been sent.",
                                         "Si cette adresse a un compte non vérifié, un e-mail de vérification a été envoyé."});
                });
}

void add_tokens(http::Routes& routes, Service& service) {
    routes.post(
        "/api/auth/login",
        {.id = "login",
         .summary = "Sign in with a password",
         .description = "An unverified user may sign in. Unknown addresses and wrong passwords get the same answer in the same time.",
         .tag = "auth",
         .access = Access::nobody,
         .rate = Rate::auth,
         .no_store = true,
         .problems = {k_invalid_credentials, k_account_inactive}},
        [&service](Call& call, Body<Login> body) -> Task<Reply<SignedIn>> {
            co_return co_await service.login(std::move(body.value), call.origin());
        });
    routes.post("/api/auth/refresh",
                {.id = "refresh",
                 .summary = "Exchange the refresh token for new tokens",
                 .description = "Spends the token. Each further presentation within 30 s of the first, by another tab or after a lost "
                                "answer, gives the same refresh token; so does a later one while that is unused. Any other use of "
                                "a spent token ends the session.",
                 .tag = "auth",
                 .access = Access::nobody,
                 .rate = Rate::refresh,
                 .no_store = true,
                 .problems = {k_token_reused, k_invalid_refresh_token}},
                [&service](Call& call, Body<Refresh> body) -> Task<Reply<Tokens>> {
                    co_return co_await service.refresh(std::move(body.value), call.origin());
                });
    routes.post("/api/auth/logout",
                {.id = "logout",
                 .summary = "End the refresh token's session",
                 .description = "With `all` every session of its user ends. An unknown token is no error.",
                 .tag = "auth",
                 .access = Access::nobody,
                 .rate = Rate::refresh,
                 .success = 204},
                [&service](Call& call, Body<Logout> body) -> Task<Reply<NoContent>> {
                    co_await service.logout(std::move(body.value), call.origin());
                    co_return NoContent{};
                });
}

void add_sessions(http::Routes& routes, Service& service) {
    routes.get("/api/auth/sessions",
               {.id = "listSessions",
                .summary = "The live sessions of the signed-in user",
                .tag = "auth",
                .access = Access::signed_in,
                .no_store = true},
               [&service](Call& call) -> Task<Reply<std::vector<Session>>> { co_return co_await service.sessions(call.user()); });
    routes.del("/api/auth/sessions/{id}",
               {.id = "endSession",
                .summary = "End one of the own sessions",
                .tag = "auth",
                .access = Access::signed_in,
                .success = 204,
                .problems = {k_not_found.described("no live session of the caller has this id")}},
               [&service](Call& call, Path<http::IdPath> path) -> Task<Reply<NoContent>> {
                   co_await service.end_session(call.user(), call.origin(), path->id);
                   co_return NoContent{};
               });
}

void add_passwords(http::Routes& routes, Service& service) {
    routes.post("/api/auth/forgot-password",
                {.id = "forgotPassword",
                 .summary = "Mail a link to set a new password",
                 .description = "Answers the same, in the same time, whether or not the address has an account.",
                 .tag = "auth",
                 .access = Access::nobody,
                 .rate = Rate::auth},
                [&service](Call& call, Body<Address> body) -> Task<Reply<Message>> {
                    co_await service.forgot_password(std::move(body.value), call.origin());
                    co_return say(call, {"If this address has an account, a password reset e-mail has been sent.",
                                         "Si cette adresse a un compte, un e-mail de réinitialisation a été envoyé."});
                });
    routes.post("/api/auth/reset-password",
                {.id = "resetPassword",
                 .summary = "Set a new password with the mailed token",
                 .description = "The token works once, for one hour. Every session of the user ends. Identities at providers stay, unless "
                                "drop_identities says otherwise.",
                 .tag = "auth",
                 .access = Access::nobody,
                 .rate = Rate::refresh,
                 .problems = {k_invalid_token.described("unknown or used"), k_token_expired.described("it is older than an hour")}},
                [&service](Call& call, Body<ResetPassword> body) -> Task<Reply<ResetDone>> {
                    auto reset = co_await service.reset_password(std::move(body.value), call.origin());
                    auto said = say(call, {"Password reset. Please sign in with the new one.",
                                           "Mot de passe réinitialisé. Veuillez vous connecter avec le nouveau."});
                    co_return ResetDone{std::move(said.message), std::move(reset.identities)};
                });
    const auto change = [&service](Call& call, Body<ChangePassword> body) -> Task<Reply<Message>> {
        co_await service.change_password(call.user(), std::move(body.value), call.origin());
        co_return say(call,
                      {"Password changed. Your other sessions were ended.", "Mot de passe modifié. Vos autres sessions ont été fermées."});
    };
    routes.put("/api/users/me/password",
               {.id = "changePassword",
                .summary = "Change the password",
                .description = "Every other session of the user ends.",
                .tag = "users",
                .access = Access::signed_in,
                .rate = Rate::auth,
                .problems = {k_wrong_password}},
               change);
    routes.post("/api/users/me/change-password",
                {.id = "changePasswordPost",
                 .summary = "Change the password (as PUT /users/me/password)",
                 .tag = "users",
                 .access = Access::signed_in,
                 .rate = Rate::auth,
                 .problems = {k_wrong_password}},
                change);
}

void add_links(http::Routes& routes, Service& service) {
    routes.post(
        "/api/auth/mailed-link",
        {.id = "describeLink",
         .summary = "What a mailed link would do",
         .description = "For the page that a mailed link opens: it names the account and asks before it acts. Changes nothing.",
         .tag = "auth",
         .access = Access::nobody,
         .rate = Rate::refresh,
         .no_store = true,
         .problems = {k_invalid_token.described("the token is not one of ours, or has served"), k_token_expired, k_already_verified}},
        [&service](Call&, Body<Token> body) -> Task<Reply<MailedLink>> {
            co_return co_await service.describe_link(std::move(body.value));
        });
    routes.post("/api/auth/not-me",
                {.id = "notMe",
                 .summary = "This was not me: remove the unverified account",
                 .description = "With the token of the verification mail, for who owns the address and did not register.",
                 .tag = "auth",
                 .access = Access::nobody,
                 .rate = Rate::refresh,
                 .problems = {k_invalid_token.described("the token is not one of ours, or the account is gone"), k_already_verified}},
                [&service](Call& call, Body<Token> body) -> Task<Reply<Message>> {
                    co_await service.not_me(std::move(body.value), call.origin());
                    co_return say(call, {"The account was removed. You will get no more mails about it.",
                                         "Le compte a été supprimé. Vous ne recevrez plus d'e-mails à son sujet."});
                });
}

void add_proofs(http::Routes& routes, Service& service) {
    routes.post("/api/auth/reauthenticate",
                {.id = "reauthenticate",
                 .summary = "Enter the password again",
                 .description = "Makes the session's sign-in recent for ten minutes, as deleting the account and changing its identities "
                                "need it. Without a password, sign in again with the provider.",
                 .tag = "auth",
                 .access = Access::signed_in,
                 .rate = Rate::auth,
                 .success = 204,
                 .problems = {k_wrong_password.described("the password is not right")}},
                [&service](Call& call, Body<Reauthenticate> body) -> Task<Reply<NoContent>> {
                    co_await service.reauthenticate(call.user(), std::move(body.value), call.origin());
                    co_return NoContent{};
                });
    routes.del("/api/users/me",
               {.id = "deleteMe",
                .summary = "Delete the account",
                .description = "Everything that names the person is gone at once; the address can register again. Not undoable.",
                .tag = "users",
                .access = Access::signed_in,
                .problems = {k_reauthentication_required, users::k_last_admin}},
               [&service](Call& call) -> Task<Reply<Message>> {
                   co_await service.delete_account(call.user(), call.origin());
                   co_return say(call, {"Account deleted. Goodbye!", "Compte supprimé. Au revoir !"});
               });
}

} // namespace

void add_routes(http::Routes& routes, Service& service) {
    add_sign_up(routes, service);
    add_tokens(routes, service);
    add_sessions(routes, service);
    add_passwords(routes, service);
    add_links(routes, service);
    add_proofs(routes, service);
}

} // namespace focus::auth
