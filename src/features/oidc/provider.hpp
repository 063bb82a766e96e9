// Client of one OpenID provider: discovery, keys, code exchange, user info (OpenID Connect Core 1.0, Discovery 1.0).
// Always holds: a Person is made only after the signature, issuer, audience, time and nonce of the ID token were
// checked; endpoints are https (or on the loopback, in development); a provider's errors are logged, never sent to a client.
#pragma once

#include "core/crypto/id_token.hpp"
#include "core/net/http_client.hpp"
#include "features/oidc/cached.hpp"
#include "features/oidc/types.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace focus::oidc {

/// The secrets of a flow, known to its two ends only.
struct FlowSecrets {
    std::string nonce;
    std::string verifier; // PKCE (RFC 7636)
};

class Provider {
  public:
    Provider(ProviderSettings settings, bool allow_plain_http, net::HttpClient& http, const Clock& clock);

    [[nodiscard]] const ProviderSettings& settings() const noexcept { return settings_; }

    /// The address to which the browser is sent. Throws `unavailable` when the provider does not answer.
    boost::asio::awaitable<std::string> authorization_url(std::string state, FlowSecrets secrets);
    /// The person of an authorization code. Throws oauth_failed(), `unavailable`.
    boost::asio::awaitable<crypto::Person> redeem(std::string code, FlowSecrets secrets);
    /// The person of an ID token. Throws oauth_failed(), `unavailable`.
    boost::asio::awaitable<crypto::Person> recognise(std::string id_token, std::string nonce);
    /// Whether the `iss` parameter of an answer (RFC 9207) names this provider.
    [[nodiscard]] bool is_issuer(std::string_view issuer) const;

  private:
    struct Discovery {
        std::string issuer;
        std::string authorization_endpoint;
        std::string token_endpoint;
        std::string userinfo_endpoint; // empty: none
        std::string jwks_uri;
        bool takes_basic = true; // the client secret as Basic credentials, else in the body
    };
    boost::asio::awaitable<Discovery> fetch_discovery();
    boost::asio::awaitable<crypto::KeySet> fetch_keys();
    /// Throws out_of_order() when there is no answer, or a server error.
    boost::asio::awaitable<net::Response> ask(net::Request request, std::string_view what);
    boost::asio::awaitable<std::string> document(std::string url, std::string_view what);
    [[nodiscard]] Error out_of_order(std::string cause) const;
    boost::asio::awaitable<crypto::Person> check(std::string id_token, std::vector<std::string> audiences, std::string nonce);
    [[nodiscard]] net::Request token_request(const Discovery& discovery, std::string_view code, const FlowSecrets& secrets) const;

    ProviderSettings settings_;
    bool allow_plain_http_;
    net::HttpClient& http_;
    const Clock& clock_;
    Cached<Discovery> discovery_;
    Cached<crypto::KeySet> keys_;
};

} // namespace focus::oidc
