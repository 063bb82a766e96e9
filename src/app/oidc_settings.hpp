// Settings of OpenID providers: Google's by name, any other one's as OIDC_<NAME>_<FIELD>.
#pragma once

#include "features/oidc/settings.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace focus::app {

struct Settings;
struct SettingInfo;

/// Providers by name in lower case, with what was set of each.
using OidcProviders = std::map<std::string, oidc::ProviderSettings, std::less<>>;

/// Takes a setting like OIDC_KEYCLOAK_ISSUER; false for any other name.
bool set_oidc(OidcProviders& providers, std::string_view name, const std::string& value);
/// Takes those of the environment. Throws std::invalid_argument for a secret's file that cannot be read.
void apply_oidc_environment(OidcProviders& providers);
/// Throws std::invalid_argument with one line for what is missing or wrong.
void check_oidc(const Settings& settings);

/// Every configured provider, Google first, with the defaults filled in.
[[nodiscard]] std::vector<oidc::ProviderSettings> configured_providers(const Settings& settings);
/// One entry per field of each provider; with no provider the fields of <NAME>, for the documentation.
[[nodiscard]] std::vector<SettingInfo> describe_oidc(const OidcProviders& providers);

} // namespace focus::app
