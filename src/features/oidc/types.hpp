// The types of sign-in through OpenID providers (docs/api-guide.md).
// Always holds: no type here contains a client secret, and only answers to their owner contain tokens.
#pragma once

#include "core/json/json.hpp"
#include "features/auth/types.hpp"
#include "features/oidc/settings.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace focus::oidc {

using auth::Identity;
using auth::SignedIn;

/// How many characters of `state` name a flow's cookie and begin its exchange code.
inline constexpr std::size_t k_flow_id_size = 8;

/// A provider as the sign-in page shows it.
struct ProviderInfo {
    std::string name;
    std::string title;
    std::string url;

    static constexpr json::FieldDoc k_docs[] = {{"title", "For people"},
                                                {"url", "Where a sign-in link leads; takes redirect_to as a parameter"}};
};

/// The address at the provider.
struct AuthorizationStart {
    std::string authorization_url;
    std::string state;

    static constexpr json::FieldDoc k_docs[] = {
        {"authorization_url", "Where the user agent goes; the cookie of this answer binds the way back to it"},
        {"state", "Comes back in the callback; works once, for ten minutes"}};
};

struct BeginQuery {
    std::optional<json::Text<0, 1024>> redirect_to;

    static constexpr json::FieldDoc k_docs[] = {{"redirect_to", "A path of the web page, or an address within it"}};
};

/// The parameters that the provider sends (RFC 6749 §4.1.2, RFC 9207).
struct CallbackQuery {
    std::optional<json::Text<1, 2048>> code;
    std::optional<json::Text<1, 512>> state;
    std::optional<json::Text<0, 200>> error;
    std::optional<json::Text<0, 2048>> iss;

    static constexpr json::FieldDoc k_docs[] = {{"code", "The authorization code; required unless there is an error"},
                                                {"state", "As it was sent; required"},
                                                {"error", "Why there is no code"},
                                                {"iss", "The issuer, from providers that say it"}};
};

struct ProviderPath {
    std::string provider;

    static constexpr json::FieldDoc k_docs[] = {{"provider", "The provider's name, as GET /api/auth/providers gives it"}};
};

struct ExchangeCode {
    json::Text<1, 200> code;
};

/// A native app's sign-in.
struct NativeToken {
    json::Text<1, 16384> id_token;
    std::optional<json::Text<0, 255>> nonce;

    static constexpr json::FieldDoc k_docs[] = {{"id_token", "As the provider gave it to the app"},
                                                {"nonce", "The one that the app gave to the provider, if it gave one"}};
};

struct LinkWish {
    std::string provider;
    std::optional<json::Text<0, 1024>> redirect_to;

    static constexpr json::FieldDoc k_docs[] = {{"provider", "The provider's name, as GET /api/auth/providers gives it"},
                                                {"redirect_to", "A path of the web page, or an address within it"}};
};

struct LinkToken {
    std::string provider;
    json::Text<1, 16384> id_token;
    std::optional<json::Text<0, 255>> nonce;

    static constexpr json::FieldDoc k_docs[] = {{"provider", "The provider's name, as GET /api/auth/providers gives it"},
                                                {"id_token", "As the provider gave it to the app"},
                                                {"nonce", "The one that the app gave to the provider, if it gave one"}};
};

/// The password of the account that an identity is to be linked to.
struct ConfirmLink {
    json::Text<1, 200> link_token;
    std::string password;

    static constexpr json::FieldDoc k_docs[] = {{"link_token", "Of the 409 link_confirmation_required; good once, for ten minutes"},
                                                {"password", "Of the account with this address"}};
};

} // namespace focus::oidc
