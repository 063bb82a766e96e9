#include "features/oidc/service.hpp"

#include "core/base/log.hpp"
#include "core/crypto/crypto.hpp"
#include "features/oidc/errors.hpp"
#include "features/oidc/rules.hpp"

#include <algorithm>

namespace focus::oidc {

namespace {

constexpr EpochMs k_flow_ms = 10 * k_minute_ms;

Error bad_redirect() {
    return invalid_field({"query", "redirect_to"}, "redirect_elsewhere",
                         {"Must be a path of the web page.", "Doit être un chemin de la page web."});
}

// PKCE verifier and nonce derive from the browser's secret, so that the flow's row does not suffice to sign in.
FlowSecrets secrets_of(std::string_view browser_secret, std::string_view state) {
    const auto derive = [&](std::string_view purpose) {
        return crypto::base64url_encode(crypto::hmac_sha256(browser_secret, std::string{purpose} + ":" + std::string{state}));
    };
    return {.nonce = derive("nonce"), .verifier = derive("pkce")};
}

} // namespace

Service::Service(const Core& core, Settings settings, users::Service& users, auth::Service& auth)
    : db_{core.database}, clock_{core.clock}, settings_{std::move(settings)}, frontend_url_{core.frontend_url}, users_{users}, auth_{auth},
      outbox_{core.outbox} {
    if (!settings_.providers.empty())
        http_ = std::make_unique<net::HttpClient>(net::HttpClient::Options{.allow_plain_http = settings_.allow_plain_http});
    for (const auto& one : settings_.providers)
        providers_.emplace(one.name, std::make_unique<Provider>(one, settings_.allow_plain_http, *http_, clock_));
}

Provider& Service::provider(const std::string& name) {
    const auto found = providers_.find(name);
    if (found != providers_.end()) return *found->second;
    if (name == k_google) throw Error{k_oauth_not_configured};
    throw not_found();
}

std::vector<ProviderInfo> Service::providers() const {
    std::vector<ProviderInfo> infos;
    for (const auto& one : settings_.providers)
        infos.push_back({one.name, rules::title_of(one.name), (one.name == k_google ? "/api/auth/" : "/api/auth/oidc/") + one.name});
    return infos;
}

// --- a flow ----------------------------------------------------------------------------------------------------------

db::Task<Service::Begun> Service::begin(std::string name, std::string redirect_to, bool in_browser) {
    co_return co_await begin_flow(std::move(name), std::move(redirect_to), repository::Flow{.in_browser = in_browser});
}

db::Task<Service::Begun> Service::begin_link(std::string name, std::string redirect_to, Caller caller) {
    if (!caller.is_verified) throw Error{k_email_not_verified};
    co_await auth_.require_fresh(db_, caller);
    repository::Flow flow{.in_browser = true, .user_id = caller.user_id, .session_id = caller.session_id};
    co_return co_await begin_flow(std::move(name), std::move(redirect_to), std::move(flow));
}

db::Task<Service::Begun> Service::begin_flow(std::string name, std::string redirect_to, repository::Flow flow) {
    auto& there = provider(name);
    auto path = rules::local_path(redirect_to, frontend_url_);
    if (!path) throw bad_redirect();
    Begun begun{.start = {.state = crypto::random_token()}, .browser_secret = crypto::random_token()};
    begun.start.authorization_url =
        co_await there.authorization_url(begun.start.state, secrets_of(begun.browser_secret, begun.start.state));
    flow.provider = std::move(name);
    flow.redirect_to = std::move(*path);
    flow.expires_at_ms = clock_.now_ms() + k_flow_ms;
    co_await db_.get(
        repository::insert_flow(crypto::sha256_hex(begun.start.state), crypto::sha256_hex(begun.browser_secret), std::move(flow)));
    co_return begun;
}

db::Task<Service::Ended> Service::finish(std::string name, Returned returned, Origin origin, Language language) {
    require_provider(name);
    const auto flow = co_await db_.transaction([&](db::Transaction& tx) -> db::Task<std::optional<repository::Flow>> {
        co_return co_await repository::take_flow(tx, crypto::sha256_hex(returned.state), crypto::sha256_hex(returned.browser_secret));
    });
    if (!flow || flow->provider != name || clock_.now_ms() >= flow->expires_at_ms) throw Error{k_invalid_state};
    std::optional<Error> failure;
    try {
        auto task = complete(*flow, std::move(returned), origin, language);
        co_return co_await std::move(task);
    } catch (const Error& error) {
        failure = error;
    }
    if (failure->is(k_oauth_failed)) co_await record_failure(name, failure->cause(), origin);
    if (!flow->in_browser) throw std::move(*failure);
    if (!failure->cause().empty()) log::warning("sign-in failed", {{"cause", failure->cause()}, {"request_id", origin.request_id}});
    co_return Ended{.location = page("error", failure->code(), flow->redirect_to)};
}

db::Task<Service::Ended> Service::complete(repository::Flow flow, Returned returned, Origin origin, Language language) {
    auto& there = provider(flow.provider);
    if (returned.error == "access_denied" && flow.in_browser) co_return Ended{.location = page("error", "access_denied", flow.redirect_to)};
    // Of the provider's error, only the codes of RFC 6749 §4.1.2.1 are logged as sent.
    const bool is_word = std::ranges::all_of(returned.error, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
    if (!returned.error.empty()) throw oauth_failed("the provider said " + (is_word ? returned.error : std::string{"something odd"}));
    if (!returned.issuer.empty() && !there.is_issuer(returned.issuer)) throw oauth_failed("the answer is of another issuer");
    auto person = co_await there.redeem(std::move(returned.code), secrets_of(returned.browser_secret, returned.state));
    rules::require_vouched_for(person);
    if (flow.user_id) {
        if (!co_await auth_.has_session(*flow.user_id, flow.session_id.value_or(0)))
            throw oauth_failed("the session that began the link has ended");
        co_await link(flow.provider, std::move(person), *flow.user_id, origin);
        co_return Ended{.location = page("linked", flow.provider, flow.redirect_to)};
    }
    co_return co_await settle<Ended>([&](db::Transaction& tx) -> db::Task<Ended> {
        auto arrival = co_await account_of(tx, flow.provider, person, origin, language);
        if (!arrival.user) {
            auto asking = flow.in_browser ? page("link_token", arrival.link_token, flow.redirect_to, flow.provider) : std::string{};
            co_return Ended{.location = std::move(asking), .link_token = std::move(arrival.link_token)};
        }
        if (!flow.in_browser) {
            auto signed_in = co_await auth_.sign_in(tx, std::move(*arrival.user), origin);
            co_return Ended{.signed_in = std::move(signed_in)};
        }
        // Tokens are made when the page requests them: the code in its address is useless in another browser or later.
        const auto code = returned.state.substr(0, k_flow_id_size) + crypto::random_token();
        auth_.add_exchange_code(tx, arrival.user->id, code + returned.browser_secret);
        co_return Ended{.location = page("code", code, flow.redirect_to), .awaits_exchange = true};
    });
}

db::Task<SignedIn> Service::exchange(std::string code, std::string browser_secret, Origin origin) {
    auto signed_in = co_await auth_.use_exchange_code(code + browser_secret, origin);
    if (!signed_in) throw oauth_failed("the exchange code is unknown, used, expired, or of another browser");
    co_return std::move(*signed_in);
}

std::string Service::page(std::string_view what, std::string_view value, std::string_view redirect_to,
                          std::string_view provider_name) const {
    return frontend_url_ + "/oauth/callback#" +
           rules::encode_form({{what, value}, {"provider", provider_name}, {"redirect_to", redirect_to}});
}

std::string Service::error_page(std::string_view code) const { return page("error", code, "/"); }

db::Task<SignedIn> Service::sign_in_natively(std::string name, std::string id_token, std::string nonce, Origin origin, Language language) {
    auto& there = provider(name);
    crypto::Person person;
    std::optional<Error> failure;
    try {
        person = co_await there.recognise(id_token, nonce);
        rules::require_vouched_for(person);
    } catch (const Error& error) {
        failure = error;
    }
    if (failure) {
        if (failure->is(k_oauth_failed)) co_await record_failure(name, failure->cause(), origin);
        throw std::move(*failure);
    }
    auto ended = co_await settle<Ended>([&](db::Transaction& tx) -> db::Task<Ended> {
        auto arrival = co_await account_of(tx, name, person, origin, language);
        if (!arrival.user) co_return Ended{.link_token = std::move(arrival.link_token)};
        if (nonce.empty()) co_await spend(tx, id_token, person.expires_at_ms);
        auto signed_in = co_await auth_.sign_in(tx, std::move(*arrival.user), origin);
        co_return Ended{.signed_in = std::move(signed_in)};
    });
    if (!ended.signed_in) throw link_confirmation_required(std::move(ended.link_token));
    co_return std::move(*ended.signed_in);
}

db::Task<std::uint64_t> Service::delete_expired() {
    const auto before = clock_.now_ms() - k_day_ms;
    const auto flows = co_await repository::delete_expired_flows(db_, before);
    co_return flows + co_await repository::delete_expired_proofs(db_, before);
}

db::Task<void> Service::record_failure(std::string name, std::string cause, Origin origin) {
    co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
        audit(tx, origin, "login_failed", cause, 0, name, audit::Level::warning);
        co_return;
    });
}

void Service::audit(db::Transaction& tx, const Origin& origin, std::string_view action, std::string message, std::int64_t user_id,
                    std::string_view provider_name, audit::Level level) const {
    audit::record(tx, origin,
                  {.action = action,
                   .message = std::move(message),
                   .level = level,
                   .user_id = user_id,
                   .resource_type = user_id != 0 ? "user" : "",
                   .resource_id = user_id,
                   .details = json::write(std::map<std::string, std::string>{{"provider", std::string{provider_name}}})},
                  clock_.now_ms());
}

} // namespace focus::oidc
