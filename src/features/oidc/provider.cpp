#include "features/oidc/provider.hpp"

#include "core/base/log.hpp"
#include "core/crypto/crypto.hpp"
#include "core/http/target.hpp"
#include "features/oidc/errors.hpp"
#include "features/oidc/rules.hpp"

#include <algorithm>

namespace focus::oidc {

namespace {

constexpr std::chrono::seconds k_patience{8};
constexpr std::size_t k_max_answer = 512 * 1024;

// The fields that are read of the provider's documents; all others are ignored.
struct DiscoveryDocument {
    std::string issuer;
    std::string authorization_endpoint;
    std::string token_endpoint;
    std::optional<std::string> userinfo_endpoint;
    std::string jwks_uri;
    std::optional<std::vector<std::string>> token_endpoint_auth_methods_supported;
};
struct TokenAnswer {
    std::string id_token;
    std::optional<std::string> access_token;
};

std::string_view without_slash(std::string_view url) {
    while (url.ends_with('/')) url.remove_suffix(1);
    return url;
}

/// Reads a document; nothing when it is malformed.
template <class T>
std::optional<T> read(std::string_view text) {
    try {
        return json::parse<T>(text);
    } catch (const Error&) {
        return std::nullopt;
    }
}

} // namespace

Provider::Provider(ProviderSettings settings, bool allow_plain_http, net::HttpClient& http, const Clock& clock)
    : settings_{std::move(settings)}, allow_plain_http_{allow_plain_http}, http_{http}, clock_{clock},
      discovery_{[this] { return fetch_discovery(); }, {}}, keys_{[this] { return fetch_keys(); }, {}} {}

bool Provider::is_issuer(std::string_view issuer) const { return without_slash(issuer) == without_slash(settings_.issuer); }

boost::asio::awaitable<net::Response> Provider::ask(net::Request request, std::string_view what) {
    request.max_response_bytes = k_max_answer;
    request.timeout = k_patience;
    std::string failure;
    try {
        auto answer = co_await http_.fetch(std::move(request));
        if (answer.status < 500) co_return answer;
        failure = "status " + std::to_string(answer.status);
    } catch (const net::TransferError& error) {
        failure = error.what();
    }
    throw out_of_order(std::string{what} + ": " + failure);
}

Error Provider::out_of_order(std::string cause) const { return unavailable("oauth: " + settings_.name + ": " + std::move(cause), 5); }

boost::asio::awaitable<std::string> Provider::document(std::string url, std::string_view what) {
    net::Request request{.url = std::move(url)};
    auto answer = co_await ask(std::move(request), what);
    if (answer.status != 200) throw out_of_order(std::string{what} + ": status " + std::to_string(answer.status));
    co_return std::move(answer.body);
}

boost::asio::awaitable<Provider::Discovery> Provider::fetch_discovery() {
    auto url = std::string{without_slash(settings_.issuer)} + "/.well-known/openid-configuration";
    const auto text = co_await document(std::move(url), "discovery");
    auto read_from = read<DiscoveryDocument>(text);
    if (!read_from) throw out_of_order("discovery: not a discovery document");
    if (!is_issuer(read_from->issuer)) throw out_of_order("discovery: names another issuer");
    Discovery found{.issuer = std::move(read_from->issuer),
                    .authorization_endpoint = std::move(read_from->authorization_endpoint),
                    .token_endpoint = std::move(read_from->token_endpoint),
                    .userinfo_endpoint = read_from->userinfo_endpoint.value_or(""),
                    .jwks_uri = std::move(read_from->jwks_uri)};
    for (const auto* endpoint : {&found.authorization_endpoint, &found.token_endpoint, &found.userinfo_endpoint, &found.jwks_uri}) {
        const bool is_left_out = endpoint == &found.userinfo_endpoint && endpoint->empty();
        if (!is_left_out && !rules::is_acceptable_endpoint(*endpoint, allow_plain_http_))
            throw out_of_order("discovery: an endpoint is not https");
    }
    // Basic is the default of OpenID Connect Discovery 1.0 §3.
    const auto& methods = read_from->token_endpoint_auth_methods_supported;
    found.takes_basic = !methods || std::ranges::contains(*methods, "client_secret_basic");
    co_return found;
}

boost::asio::awaitable<crypto::KeySet> Provider::fetch_keys() {
    const auto discovery = co_await discovery_.get();
    const auto text = co_await document(discovery->jwks_uri, "keys");
    auto keys = crypto::KeySet::parse(text);
    if (!keys) throw out_of_order("keys: not a JWK Set");
    log::info("keys of an OpenID provider fetched",
              {{"provider", std::string_view{settings_.name}}, {"keys", static_cast<std::int64_t>(keys->keys().size())}});
    co_return std::move(*keys);
}

boost::asio::awaitable<std::string> Provider::authorization_url(std::string state, FlowSecrets secrets) {
    const auto discovery = co_await discovery_.get();
    const auto challenge = crypto::base64url_encode(crypto::sha256(secrets.verifier));
    co_return rules::with_query(discovery->authorization_endpoint, {{"response_type", "code"},
                                                                    {"client_id", settings_.client_ids.front()},
                                                                    {"redirect_uri", settings_.redirect_uri},
                                                                    {"scope", settings_.scopes},
                                                                    {"state", state},
                                                                    {"nonce", secrets.nonce},
                                                                    {"code_challenge", challenge},
                                                                    {"code_challenge_method", "S256"}});
}

net::Request Provider::token_request(const Discovery& discovery, std::string_view code, const FlowSecrets& secrets) const {
    const auto& id = settings_.client_ids.front();
    const bool has_secret = !settings_.client_secret.empty();
    const bool in_body = !has_secret || !discovery.takes_basic;
    net::Request request{.url = discovery.token_endpoint, .method = "POST"};
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
    request.body = rules::encode_form({{"grant_type", "authorization_code"},
                                       {"code", code},
                                       {"redirect_uri", settings_.redirect_uri},
                                       {"code_verifier", secrets.verifier},
                                       {"client_id", in_body ? std::string_view{id} : std::string_view{}},
                                       {"client_secret", in_body ? std::string_view{settings_.client_secret} : std::string_view{}}});
    if (!in_body) { // both are form-encoded first (RFC 6749 §2.3.1)
        std::string credentials;
        http::append_encoded(credentials, id);
        credentials += ':';
        http::append_encoded(credentials, settings_.client_secret);
        request.headers.emplace_back("Authorization", "Basic " + crypto::base64_encode(credentials));
    }
    return request;
}

boost::asio::awaitable<crypto::Person> Provider::redeem(std::string code, FlowSecrets secrets) {
    const auto discovery = co_await discovery_.get();
    const auto told = co_await ask(token_request(*discovery, code, secrets), "token endpoint");
    if (told.status != 200) throw oauth_failed("the token endpoint said " + std::to_string(told.status));
    const auto answer = read<TokenAnswer>(told.body);
    if (!answer) throw oauth_failed("the token endpoint's answer has no ID token");
    std::vector<std::string> audiences{settings_.client_ids.front()};
    auto person = co_await check(answer->id_token, std::move(audiences), secrets.nonce);
    if (!person.email.empty() || discovery->userinfo_endpoint.empty() || !answer->access_token) co_return person;
    net::Request request{.url = discovery->userinfo_endpoint};
    request.headers = {{"Authorization", "Bearer " + *answer->access_token}, {"Accept", "application/json"}};
    const auto userinfo = co_await ask(std::move(request), "user info");
    auto more = userinfo.status == 200 ? crypto::parse_userinfo(userinfo.body) : std::nullopt;
    if (!more || more->subject != person.subject) throw oauth_failed("the user info is missing, or of another subject");
    co_return std::move(*more);
}

boost::asio::awaitable<crypto::Person> Provider::recognise(std::string id_token, std::string nonce) {
    co_return co_await check(std::move(id_token), settings_.client_ids, std::move(nonce));
}

boost::asio::awaitable<crypto::Person> Provider::check(std::string id_token, std::vector<std::string> audiences, std::string nonce) {
    const auto discovery = co_await discovery_.get();
    crypto::IdExpectation expected{
        .issuers = {discovery->issuer}, .audiences = std::move(audiences), .nonce = std::move(nonce), .now = clock_.now_ms()};
    // Google's tokens may name it without the scheme (its documentation, "Validating an ID token").
    if (discovery->issuer == "https://accounts.google.com") expected.issuers.emplace_back("accounts.google.com");
    auto keys = co_await keys_.get();
    auto person = crypto::verify_id_token(*keys, id_token, expected);
    if (!person && person.error() == crypto::IdTokenFault::unknown_key) {
        keys = co_await keys_.get(keys); // may be signed with a key that is newer than the cached ones
        person = crypto::verify_id_token(*keys, id_token, expected);
    }
    if (!person) throw oauth_failed("ID token: " + std::string{crypto::to_string(person.error())});
    co_return std::move(*person);
}

} // namespace focus::oidc
