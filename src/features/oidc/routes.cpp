#include "features/oidc/module.hpp"

#include "core/http/headers.hpp"
#include "core/http/routes.hpp"
#include "features/oidc/errors.hpp"
#include "features/oidc/service.hpp"

#include <algorithm>

namespace focus::oidc {

namespace {

using http::Access;
using http::Body;
using http::Call;
using http::NoContent;
using http::Path;
using http::Query;
using http::Rate;
using http::Reply;
using http::Task;

constexpr auto k_no_provider = k_not_found.described("there is no provider of this name");
constexpr auto k_unverified = k_email_not_verified.described("the account's own e-mail address is not verified yet");
constexpr auto k_provider_down = k_unavailable.described("the provider does not answer");

// --- the flow's cookie -----------------------------------------------------------------------------------------------

constexpr std::string_view k_cookie_seconds = "600";

/// One per flow, so that two tabs do not interfere. The prefix prevents other hosts of the domain from setting it.
std::string cookie_name(const Call& call, std::string_view flow) {
    return (call.is_secure() ? "__Host-focus_oauth_" : "focus_oauth_") + std::string{flow.substr(0, k_flow_id_size)};
}

std::string cookie_line(const Call& call, std::string_view flow, std::string_view value, std::string_view seconds) {
    auto line =
        cookie_name(call, flow) + "=" + std::string{value} + "; Path=/; Max-Age=" + std::string{seconds} + "; HttpOnly; SameSite=Lax";
    return call.is_secure() ? line + "; Secure" : line;
}

/// The browser's secret of a flow; empty without a cookie.
std::string cookie_of(const Call& call, std::string_view flow) {
    const auto name = cookie_name(call, flow) + "=";
    auto cookies = call.header("Cookie");
    while (!cookies.empty()) {
        const auto end = std::min(cookies.find(';'), cookies.size());
        const auto cookie = http::trim(cookies.substr(0, end));
        if (cookie.starts_with(name)) return std::string{cookie.substr(name.size())};
        cookies.remove_prefix(std::min(end + 1, cookies.size()));
    }
    return {};
}

/// A browser that follows a link, as opposed to a program (or a page's script) that expects JSON.
bool is_browser(const Call& call) {
    const auto accept = call.header("Accept");
    return http::accept_weight(accept, "text/html") > http::accept_weight(accept, http::k_json);
}

// --- handlers --------------------------------------------------------------------------------------------------------

std::string text_of(const auto& optional_text) { return optional_text ? optional_text->value : std::string{}; }

/// Redirects a browser that follows a link to a page that shows the error (only browsers send that they navigate); for
/// all other clients the error is thrown on.
http::Headers page_or_throw(const Call& call, const Service& service, Error failure) {
    const bool is_for_people = failure.is(k_invalid_state) || failure.is(k_unavailable);
    if (!is_for_people || call.header("Sec-Fetch-Mode") != "navigate") throw std::move(failure);
    return {{"Location", service.error_page(failure.code())}};
}

Task<Reply<AuthorizationStart>> begin(Call& call, Service& service, std::string provider, BeginQuery query) {
    const bool in_browser = is_browser(call);
    std::optional<Error> failure;
    try {
        auto begun = co_await service.begin(std::move(provider), text_of(query.redirect_to), in_browser);
        http::Headers headers{{"Set-Cookie", cookie_line(call, begun.start.state, begun.browser_secret, k_cookie_seconds)}};
        if (!in_browser) co_return Reply<AuthorizationStart>{std::move(begun.start), std::move(headers)};
        headers.emplace_back("Location", begun.start.authorization_url);
        co_return Reply<AuthorizationStart>{std::move(begun.start), std::move(headers), 302};
    } catch (const Error& error) {
        failure = error;
    }
    auto headers = page_or_throw(call, service, std::move(*failure));
    co_return Reply<AuthorizationStart>{AuthorizationStart{}, std::move(headers), 302};
}

/// The required parameters of a callback; all faults are reported at once.
void require_parameters(const CallbackQuery& query) {
    std::vector<Fault> faults;
    const auto miss = [&](std::string name) {
        faults.push_back({.loc = {"query", std::move(name)}, .message = {"Is required.", "Est obligatoire."}, .type = "missing"});
    };
    if (!query.code && !query.error) miss("code");
    if (!query.state) miss("state");
    if (!faults.empty()) throw invalid_input(std::move(faults));
}

Task<Reply<SignedIn>> finish(Call& call, Service& service, std::string provider, CallbackQuery query) {
    service.require_provider(provider);
    require_parameters(query);
    const auto state = query.state->value;
    Service::Returned returned{.state = state,
                               .code = text_of(query.code),
                               .error = text_of(query.error),
                               .issuer = text_of(query.iss),
                               .browser_secret = cookie_of(call, state)};
    std::optional<Error> failure;
    std::string link_token;
    try {
        auto ended = co_await service.finish(std::move(provider), std::move(returned), call.origin(), call.language());
        http::Headers headers;
        if (!ended.awaits_exchange) headers.emplace_back("Set-Cookie", cookie_line(call, state, "", "0"));
        if (ended.signed_in) co_return Reply<SignedIn>{std::move(*ended.signed_in), std::move(headers)};
        if (!ended.location.empty()) {
            headers.emplace_back("Location", std::move(ended.location));
            co_return Reply<SignedIn>{SignedIn{}, std::move(headers), 302};
        }
        link_token = std::move(ended.link_token);
    } catch (const Error& error) {
        failure = error;
    }
    if (!failure) throw link_confirmation_required(std::move(link_token));
    auto headers = page_or_throw(call, service, std::move(*failure)); // the user pressed "back", or reloaded
    co_return Reply<SignedIn>{SignedIn{}, std::move(headers), 302};
}

http::Meta begin_meta(std::string_view id, std::string_view summary, std::vector<ErrorCode> more) {
    http::Meta meta{.id = id,
                    .summary = summary,
                    .description = "A browser (its Accept prefers text/html) is sent to the provider; a program gets the address. Both get "
                                   "the HttpOnly cookie that binds the flow to them.",
                    .tag = "auth",
                    .access = Access::nobody,
                    .rate = Rate::auth,
                    .no_store = true,
                    .problems = {k_provider_down},
                    .redirect = "To the provider, for a browser."};
    meta.problems.insert(meta.problems.end(), more.begin(), more.end());
    return meta;
}

http::Meta callback_meta(std::string_view id, std::string_view summary, std::vector<ErrorCode> more) {
    http::Meta meta{.id = id,
                    .summary = summary,
                    .description = "A flow begun by a program ends like a login. One begun by a browser ends at the web page "
                                   "(/oauth/callback), with an exchange code or an error in the fragment.",
                    .tag = "auth",
                    .access = Access::nobody,
                    .rate = Rate::auth,
                    .no_store = true,
                    .problems = {k_invalid_state, k_oauth_failed, k_account_inactive, k_link_confirmation_required, k_provider_down},
                    .redirect = "To the web page, for a flow begun by a browser."};
    meta.problems.insert(meta.problems.end(), more.begin(), more.end());
    return meta;
}

http::Meta token_meta(std::string_view id, std::string_view summary, std::vector<ErrorCode> more) {
    http::Meta meta{.id = id,
                    .summary = summary,
                    .description =
                        "The token must be for one of the configured client ids; its nonce must be the one given. One without a nonce "
                        "is good once.",
                    .tag = "auth",
                    .access = Access::nobody,
                    .rate = Rate::auth,
                    .no_store = true,
                    .body_limit = std::size_t{32} << 10, // ID tokens with many groups are long
                    .problems = {k_oauth_failed, k_account_inactive, k_link_confirmation_required, k_provider_down}};
    meta.problems.insert(meta.problems.end(), more.begin(), more.end());
    return meta;
}

// --- routes ----------------------------------------------------------------------------------------------------------

void add_google(http::Routes& routes, Service& service) {
    routes.get("/api/auth/google", begin_meta("startGoogle", "Sign in with Google", {k_oauth_not_configured}),
               [&service](Call& call, Query<BeginQuery> query) -> Task<Reply<AuthorizationStart>> {
                   co_return co_await begin(call, service, std::string{k_google}, std::move(query.value));
               });
    routes.get("/api/auth/google/callback", callback_meta("finishGoogle", "Where Google sends the browser back", {k_oauth_not_configured}),
               [&service](Call& call, Query<CallbackQuery> query) -> Task<Reply<SignedIn>> {
                   co_return co_await finish(call, service, std::string{k_google}, std::move(query.value));
               });
    routes.post("/api/auth/google/token",
                token_meta("googleToken", "Sign in with a Google ID token (native apps)", {k_oauth_not_configured}),
                [&service](Call& call, Body<NativeToken> body) -> Task<Reply<SignedIn>> {
                    co_return co_await service.sign_in_natively(std::string{k_google}, std::move(body->id_token.value),
                                                                text_of(body->nonce), call.origin(), call.language());
                });
}

void add_others(http::Routes& routes, Service& service) {
    routes.get("/api/auth/oidc/{provider}",
               begin_meta("startOidc", "Sign in with an OpenID provider", {k_no_provider, k_oauth_not_configured}),
               [&service](Call& call, Path<ProviderPath> path, Query<BeginQuery> query) -> Task<Reply<AuthorizationStart>> {
                   co_return co_await begin(call, service, std::move(path.value.provider), std::move(query.value));
               });
    routes.get("/api/auth/oidc/{provider}/callback",
               callback_meta("finishOidc", "Where the provider sends the browser back", {k_no_provider, k_oauth_not_configured}),
               [&service](Call& call, Path<ProviderPath> path, Query<CallbackQuery> query) -> Task<Reply<SignedIn>> {
                   co_return co_await finish(call, service, std::move(path.value.provider), std::move(query.value));
               });
    routes.post("/api/auth/oidc/{provider}/token",
                token_meta("oidcToken", "Sign in with an ID token (native apps)", {k_no_provider, k_oauth_not_configured}),
                [&service](Call& call, Path<ProviderPath> path, Body<NativeToken> body) -> Task<Reply<SignedIn>> {
                    co_return co_await service.sign_in_natively(std::move(path.value.provider), std::move(body->id_token.value),
                                                                text_of(body->nonce), call.origin(), call.language());
                });
    routes.get("/api/auth/providers",
               {.id = "listProviders",
                .summary = "The OpenID providers that one can sign in with",
                .tag = "auth",
                .access = Access::nobody,
                .etag = true},
               [&service](Call&) -> Task<Reply<std::vector<ProviderInfo>>> { co_return service.providers(); });
    routes.post("/api/auth/oauth/exchange",
                {.id = "exchangeOauthCode",
                 .summary = "Tokens for the code that the web page got",
                 .description = "The code works once, for one minute, together with the cookie of the flow.",
                 .tag = "auth",
                 .access = Access::nobody,
                 .rate = Rate::auth,
                 .no_store = true,
                 .problems = {k_oauth_failed.described("the code is unknown, used, expired, or of another browser"), k_account_inactive}},
                [&service](Call& call, Body<ExchangeCode> body) -> Task<Reply<SignedIn>> {
                    const auto code = std::move(body->code.value);
                    auto signed_in = co_await service.exchange(code, cookie_of(call, code), call.origin());
                    http::Headers headers{{"Set-Cookie", cookie_line(call, code, "", "0")}};
                    co_return Reply<SignedIn>{std::move(signed_in), std::move(headers)};
                });
}

void add_link(http::Routes& routes, Service& service) {
    routes.post("/api/auth/oidc/link",
                {.id = "confirmLink",
                 .summary = "Link a provider to the account with its address, and sign in",
                 .description =
                     "The link_token comes with the 409 of the sign-in; a wrong password does not spend it. Resetting the password "
                     "and signing in with the provider again within ten minutes does the same.",
                 .tag = "auth",
                 .access = Access::nobody,
                 .rate = Rate::auth,
                 .no_store = true,
                 .problems = {k_invalid_token.described("the link_token is unknown, used, or older than ten minutes"),
                              auth::k_invalid_credentials.described("the password is not that of the account"), k_identity_taken,
                              k_account_inactive}},
                [&service](Call& call, Body<ConfirmLink> body) -> Task<Reply<SignedIn>> {
                    co_return co_await service.confirm_link(std::move(body.value), call.origin());
                });
}

void add_identities(http::Routes& routes, Service& service) {
    routes.get("/api/users/me/identities",
               {.id = "listIdentities",
                .summary = "The caller's identities at OpenID providers",
                .tag = "users",
                .access = Access::signed_in,
                .no_store = true},
               [&service](Call& call) -> Task<Reply<std::vector<Identity>>> { co_return co_await service.identities(call.user()); });
    routes.post("/api/users/me/identities",
                {.id = "beginLink",
                 .summary = "Begin to link an identity",
                 .description = "The page navigates to the address; the flow ends at the web page (/oauth/callback).",
                 .tag = "users",
                 .access = Access::signed_in,
                 .rate = Rate::auth,
                 .no_store = true,
                 .problems = {k_unverified, k_reauthentication_required, k_no_provider, k_oauth_not_configured, k_provider_down}},
                [&service](Call& call, Body<LinkWish> body) -> Task<Reply<AuthorizationStart>> {
                    auto begun = co_await service.begin_link(std::move(body->provider), text_of(body->redirect_to), call.user());
                    http::Headers headers{{"Set-Cookie", cookie_line(call, begun.start.state, begun.browser_secret, k_cookie_seconds)}};
                    co_return Reply<AuthorizationStart>{std::move(begun.start), std::move(headers)};
                });
    routes.post("/api/users/me/identities/token",
                {.id = "linkToken",
                 .summary = "Link an identity by its ID token (native apps)",
                 .tag = "users",
                 .access = Access::signed_in,
                 .rate = Rate::auth,
                 .success = 201,
                 .no_store = true,
                 .problems = {k_oauth_failed, k_identity_taken, k_unverified, k_reauthentication_required, k_account_inactive,
                              k_no_provider, k_oauth_not_configured, k_provider_down}},
                [&service](Call& call, Body<LinkToken> body) -> Task<Reply<Identity>> {
                    co_return co_await service.link_natively(std::move(body->provider), std::move(body->id_token.value),
                                                             text_of(body->nonce), call.user(), call.origin());
                });
    routes.del("/api/users/me/identities/{id}",
               {.id = "unlinkIdentity",
                .summary = "Unlink an identity",
                .tag = "users",
                .access = Access::signed_in,
                .success = 204,
                .problems = {k_last_sign_in_method, k_reauthentication_required}},
               [&service](Call& call, Path<http::IdPath> path) -> Task<Reply<NoContent>> {
                   co_await service.unlink(call.user(), call.origin(), path->id);
                   co_return NoContent{};
               });
}

} // namespace

void add_routes(http::Routes& routes, Service& service) {
    add_google(routes, service);
    add_others(routes, service);
    add_link(routes, service);
    add_identities(routes, service);
}

} // namespace focus::oidc
