#include "app/doctor/settings_checks.hpp"

#include "app/long_database.hpp"
#include "core/base/fold.hpp"
#include "core/http/forwarded.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <format>
#include <set>

namespace focus::app::doctor {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_fewest_characters = 10; // distinct characters in a random key
constexpr std::array<std::string_view, 5> k_typed{"secret", "change", "password", "example", "12345"};

bool is_local_url(std::string_view url) { return url.contains("://localhost") || url.contains("://127.") || url.contains("://[::1]"); }

/// Adds a finding when other users of this machine may read the file.
void check_private(std::string_view name, const fs::path& path, Findings& findings) {
    std::error_code error;
    const auto status = fs::status(path, error);
    if (error || !fs::exists(status)) {
        findings.fail(name, std::format("{} cannot be read", path.string()));
        return;
    }
    constexpr auto k_others = fs::perms::group_all | fs::perms::others_all;
    constexpr auto k_world = fs::perms::others_read | fs::perms::others_write;
    const auto mode = std::format("{:o}", static_cast<unsigned>(status.permissions()));
    if ((status.permissions() & k_world) != fs::perms::none)
        findings.fail(name, std::format("{} has mode {}: all users of this machine may read it; chmod 600", path.string(), mode));
    else if ((status.permissions() & k_others) != fs::perms::none)
        findings.warn(name, std::format("{} has mode {}: its group may read it; chmod 600 unless that is wanted", path.string(), mode));
    else
        findings.ok(name, std::format("{} has mode {}", path.string(), mode));
}

} // namespace

void check_secret_key(const Settings& settings, Findings& findings) {
    constexpr std::string_view k_name = "settings.secret_key";
    const auto& key = settings.secret_key;
    if (key.empty()) return findings.ok(k_name, "made at the first start, beside the database (development)");
    const auto folded = fold_case(key);
    const bool is_typed = std::ranges::any_of(k_typed, [&folded](std::string_view word) { return folded.contains(word); });
    if (is_typed || std::set<char>(key.begin(), key.end()).size() < k_fewest_characters)
        findings.warn(k_name, "SECRET_KEY looks typed, not random: take one from `openssl rand -base64 48`");
    else
        findings.ok(k_name, std::format("set, {} characters", key.size()));
}

void check_addresses(const Settings& settings, Findings& findings) {
    const auto& url = settings.frontend_url;
    if (settings.is_development())
        findings.ok("settings.frontend_url", url.empty() ? "the server's own address (development)" : url);
    else if (is_local_url(url))
        findings.warn("settings.frontend_url", url + ": links in mails lead to the reader's own machine");
    else if (!url.starts_with("https://"))
        findings.warn("settings.frontend_url", url + ": links in mails lead to a page without TLS");
    else
        findings.ok("settings.frontend_url", url);
    if (!settings.tls_cert_file.empty())
        findings.ok("settings.https", "TLS is spoken here");
    else if (settings.is_development())
        findings.ok("settings.https", "none (development)");
    else if (settings.trusted_proxies.empty())
        findings.warn("settings.https",
                      "neither TLS_CERT_FILE nor TRUSTED_PROXIES: passwords travel in plain text, cookies are not marked Secure");
    else
        findings.ok("settings.https", "ends at a proxy, which must send X-Forwarded-Proto: cookies are marked Secure by it");
}

void check_proxies(const Settings& settings, Findings& findings) {
    constexpr std::string_view k_name = "settings.trusted_proxies";
    const http::TrustedProxies proxies{settings.trusted_proxies};
    const auto is_trusted = [&proxies](std::string_view address) {
        const auto bytes = http::parse_address(address);
        return bytes && proxies.contains(*bytes);
    };
    // Addresses for documentation (RFC 5737, RFC 3849): no real proxy has one.
    if (is_trusted("198.51.100.7") || is_trusted("203.0.113.7") || is_trusted("2001:db8::7"))
        findings.warn(k_name, "TRUSTED_PROXIES covers the Internet: every client may claim any address");
    else if (settings.trusted_proxies.empty())
        findings.ok(k_name, "none: clients are who connects");
    else
        findings.ok(k_name, std::format("{} named", settings.trusted_proxies.size()));
}

void check_limits(const Settings& settings, Findings& findings) {
    if (settings.rate_limit_enabled)
        findings.ok("settings.rate_limits", "on");
    else if (settings.is_development())
        findings.ok("settings.rate_limits", "off (development)");
    else
        findings.warn("settings.rate_limits", "RATE_LIMIT_ENABLED=false: passwords and codes may be guessed without a pause");
    if (settings.is_development() || !settings.metrics_enabled)
        findings.ok("settings.metrics", settings.metrics_enabled ? "open (development)" : "off");
    else if (!settings.metrics_address.empty() || !settings.metrics_token.empty())
        findings.ok("settings.metrics", settings.metrics_address.empty() ? "with METRICS_TOKEN" : "at METRICS_ADDRESS");
    else if (settings.metrics_public)
        findings.warn("settings.metrics", "METRICS_PUBLIC=true: /metrics answers every client of the API");
    else
        findings.ok("settings.metrics", "closed: METRICS_TOKEN or METRICS_ADDRESS opens it");
}

void check_files(const Settings& settings, Findings& findings) {
    const fs::path database = sqlite_file_of(settings.database_url);
    if (!database.empty() && fs::exists(database)) check_private("files.database", database, findings);
    if (settings.secret_key.empty()) {
        const auto key = (database.empty() ? fs::path{"data"} : database.parent_path()) / "secret.key";
        if (fs::exists(key)) check_private("files.secret_key", key, findings);
    } else if (const auto* path = std::getenv("SECRET_KEY_FILE"); path != nullptr) {
        check_private("files.secret_key", path, findings);
    }
    if (!settings.tls_key_file.empty()) check_private("files.tls_key", settings.tls_key_file, findings);
}

} // namespace focus::app::doctor
