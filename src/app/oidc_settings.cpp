#include "app/oidc_settings.hpp"

#include "app/settings.hpp"
#include "features/oidc/rules.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <format>
#include <stdexcept>

namespace focus::app {

namespace {

using oidc::ProviderSettings;

constexpr std::string_view k_prefix = "OIDC_";
constexpr std::string_view k_file = "_FILE";

struct Field {
    std::string_view suffix;
    std::string_view help;
    bool secret;
    void (*set)(ProviderSettings& provider, const std::string& value);
    std::string (*get)(const ProviderSettings& provider);
};

std::string join(const std::vector<std::string>& items) {
    std::string text;
    for (const auto& item : items) text += (text.empty() ? "" : ",") + item;
    return text;
}

constexpr std::array<Field, 5> k_fields{{
    {"_ISSUER", "Another OpenID provider, /api/auth/oidc/<name>: its issuer (https)", false,
     [](ProviderSettings& p, const std::string& v) { p.issuer = v; }, [](const ProviderSettings& p) { return p.issuer; }},
    {"_CLIENT_ID", "Our client id there; several with commas: the first is the web client's", false,
     [](ProviderSettings& p, const std::string& v) { p.client_ids = split_list(v); },
     [](const ProviderSettings& p) { return join(p.client_ids); }},
    {"_CLIENT_SECRET", "Our client secret there; empty: a public client", true,
     [](ProviderSettings& p, const std::string& v) { p.client_secret = v; }, [](const ProviderSettings& p) { return p.client_secret; }},
    {"_REDIRECT_URI", "Where it sends browsers back; empty: FRONTEND_URL/api/auth/oidc/<name>/callback", false,
     [](ProviderSettings& p, const std::string& v) { p.redirect_uri = v; }, [](const ProviderSettings& p) { return p.redirect_uri; }},
    {"_SCOPES", "What is asked for", false, [](ProviderSettings& p, const std::string& v) { p.scopes = v; },
     [](const ProviderSettings& p) { return p.scopes; }},
}};

std::string lower(std::string_view text) {
    std::string out{text};
    std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}
std::string upper(std::string_view text) {
    std::string out{text};
    std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return out;
}

void check_one(const ProviderSettings& provider, const std::string& prefix, bool is_development) {
    const auto refuse = [&](std::string_view field, std::string_view why) {
        throw std::invalid_argument{std::format("{}{} {}", prefix, field, why)};
    };
    if (provider.issuer.empty()) refuse("_ISSUER", "is required");
    if (!oidc::rules::is_acceptable_endpoint(provider.issuer, is_development))
        refuse("_ISSUER", "must be https (plain http only in development, on the loopback)");
    if (provider.client_ids.empty()) refuse("_CLIENT_ID", "is required");
    if (!(" " + provider.scopes + " ").contains(" openid ")) refuse("_SCOPES", "must contain openid");
}

} // namespace

bool set_oidc(OidcProviders& providers, std::string_view setting, const std::string& value) {
    const auto name = upper(setting);
    if (!name.starts_with(k_prefix)) return false;
    for (const auto& field : k_fields) {
        if (!name.ends_with(field.suffix) || name.size() <= k_prefix.size() + field.suffix.size()) continue;
        const auto key = lower(name.substr(k_prefix.size(), name.size() - k_prefix.size() - field.suffix.size()));
        if (!oidc::rules::is_provider_name(key)) return false;
        auto& provider = providers[key];
        provider.name = key;
        field.set(provider, value);
        return true;
    }
    return false;
}

void apply_oidc_environment(OidcProviders& providers) {
    for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text{*entry};
        const auto name = text.substr(0, text.find('='));
        if (!name.starts_with(k_prefix) || name.size() == text.size()) continue;
        const std::string value{text.substr(name.size() + 1)};
        if (name.ends_with(k_file)) {
            const std::string setting{name.substr(0, name.size() - k_file.size())};
            if (std::getenv(setting.c_str()) != nullptr) throw std::invalid_argument{std::format("{0} and {0}_FILE are both set", setting)};
            set_oidc(providers, setting, read_setting_file(value, setting));
        } else {
            set_oidc(providers, name, value);
        }
    }
}

void check_oidc(const Settings& settings) {
    const bool is_development = settings.is_development();
    if (!settings.google.client_ids.empty())
        check_one(settings.google, "GOOGLE", is_development);
    else if (!settings.google.client_secret.empty())
        throw std::invalid_argument{"GOOGLE_CLIENT_SECRET needs GOOGLE_CLIENT_ID"};
    for (const auto& [name, provider] : settings.oidc) {
        if (name == oidc::k_google) throw std::invalid_argument{"OIDC_GOOGLE_*: the settings of Google are GOOGLE_CLIENT_ID and so on"};
        check_one(provider, std::string{k_prefix} + upper(name), is_development);
    }
}

std::vector<ProviderSettings> configured_providers(const Settings& settings) {
    std::vector<ProviderSettings> providers;
    const auto add = [&](ProviderSettings provider, const std::string& path) {
        if (provider.redirect_uri.empty()) provider.redirect_uri = settings.frontend_url + path;
        providers.push_back(std::move(provider));
    };
    if (!settings.google.client_ids.empty()) add(settings.google, "/api/auth/google/callback");
    for (const auto& [name, provider] : settings.oidc) add(provider, "/api/auth/oidc/" + name + "/callback");
    return providers;
}

std::vector<SettingInfo> describe_oidc(const OidcProviders& providers) {
    std::vector<SettingInfo> infos;
    const auto add = [&](const std::string& name, const ProviderSettings& provider) {
        const ProviderSettings defaults;
        for (const auto& field : k_fields) {
            auto value = field.get(provider);
            if (field.secret && !value.empty()) value = "***";
            infos.push_back({std::string{k_prefix} + name + std::string{field.suffix}, std::string{field.help}, field.get(defaults),
                             std::move(value), field.secret});
        }
    };
    for (const auto& [name, provider] : providers) add(upper(name), provider);
    if (providers.empty()) add("<NAME>", {});
    return infos;
}

} // namespace focus::app
