// Settings of OpenID providers: Google's have names of their own, all others are OIDC_<NAME>_<FIELD>.
#pragma once

#include "features/oidc/settings.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace focus::app {

struct Settings;
struct SettingInfo;

/// The settings of each provider, by its name in lower case.
using OidcProviders = std::map<std::string, oidc::ProviderSettings, std::less<>>;

/// Applies a setting like OIDC_KEYCLOAK_ISSUER; returns false for any other name.
bool set_oidc(OidcProviders& providers, std::string_view name, const std::string& value);
/// Applies those of the environment. Throws std::invalid_argument for a secret's file that cannot be read.
void apply_oidc_environment(OidcProviders& providers);
/// Throws std::invalid_argument with one line that names what is missing or wrong.
void check_oidc(const Settings& settings);

/// Every configured provider, Google first, with the defaults filled in.
[[nodiscard]] std::vector<oidc::ProviderSettings> configured_providers(const Settings& settings);
/// One entry per field of each provider; with no provider the fields of <NAME>, for the documentation.
[[nodiscard]] std::vector<SettingInfo> describe_oidc(const OidcProviders& providers);

} // namespace focus::app
