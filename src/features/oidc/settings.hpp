// The operator's settings of OpenID providers; app reads them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace focus::oidc {

inline constexpr std::string_view k_google = "google";

/// One provider as the operator has configured it.
struct ProviderSettings {
    std::string name;                    // "google", or <NAME> of OIDC_<NAME>_* in lower case
    std::string issuer;                  // exactly as in its tokens
    std::vector<std::string> client_ids; // the first is the web client's; ID tokens of apps may be for any
    std::string client_secret;           // empty: a public client
    std::string redirect_uri;
    std::string scopes = "openid email profile";
};

struct Settings {
    std::vector<ProviderSettings> providers;
    bool allow_plain_http = false; // of issuers on the loopback, in development
};

} // namespace focus::oidc
