// All settings. Flags override environment variables, these override the TOML file, and that overrides the defaults.
// Always holds: an unknown name or a wrong value stops the start with one line that names its source;
// secrets may come from files (NAME_FILE) and never appear in a dump, a log or an error.
#pragma once

#include "app/oidc_settings.hpp"
#include "core/base/log.hpp"
#include "core/http/rate_policy.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace focus::app {

struct Settings {
    std::string file; // the TOML file that was read; empty: none
    // Listening
    std::string host = "127.0.0.1";
    int port = 8000;
    int workers = 0; // 0: one per core
    std::string tls_cert_file;
    std::string tls_key_file;
    std::vector<std::string> trusted_proxies;
    std::vector<std::string> cors_origins;
    int drain_seconds = 0; // at a stop: requests are still served while "not ready"
    std::vector<std::string> allowed_hosts;
    int max_connections = 20'000;
    int max_connections_per_ip = 1'000;
    int max_body_memory = 64; // MiB
    std::string environment;  // development or production; empty: by the host
    // Storage
    std::string database_url = "sqlite:///data/focus.db";
    std::string database_replica_urls; // not used: accepted because the older service had it
    int database_pool_size = 16;
    std::string redis_url; // empty: cache, bus and rate limits are local to this process
    bool cache_enabled = true;
    int cache_ttl_seconds = 300;
    // Access
    std::string secret_key;
    int access_token_minutes = 30;
    int refresh_token_days = 7;
    int session_max_days = 90;
    int unverified_account_days = 30; // 0: for ever
    int bcrypt_cost = 12;
    std::string admin_email;
    std::string admin_password;
    std::string admin_username = "admin";
    oidc::ProviderSettings google{.name = std::string{oidc::k_google}, .issuer = "https://accounts.google.com"};
    OidcProviders oidc;    // other OpenID providers
    int max_sessions = 50; // per user
    bool rate_limit_enabled = true;
    http::RatePolicy rate_limits;
    // Mail
    std::string mail_server;
    int mail_port = 587;
    std::string mail_username;
    std::string mail_password;
    std::string mail_from = "focus@localhost";
    std::string mail_from_name = "Focus";
    bool mail_tls = true;  // STARTTLS
    bool mail_ssl = false; // TLS from the start
    std::string mail_ca_file;
    int mail_retry_seconds = 60;
    double mail_rate_per_second = 20;
    std::string mail_template_dir;
    std::string frontend_url; // empty: the server's own address
    // Defaults of new users
    int default_daily_limit = 120; // minutes; 0: none
    std::string reminder_time = "20:00";
    // Notification sockets
    int websocket_heartbeat_seconds = 30;
    // Observability
    bool metrics_enabled = true;
    std::string metrics_address;  // host:port; empty: at the address of the API
    std::string metrics_token;    // empty: no token is required
    bool metrics_public = false;  // in production, allowed without either of them
    int log_retention_days = 365; // of the audit trail; 0: for ever
    log::Level log_level = log::Level::info;
    log::Format log_format = log::Format::text;

    [[nodiscard]] bool is_development() const { return environment == "development"; }
};

struct Address {
    std::string host;
    std::uint16_t port = 0;
};
/// "127.0.0.1:9100", "[::1]:9100"; nothing for anything else.
[[nodiscard]] std::optional<Address> split_address(std::string_view text);

/// One setting as the documentation shows it.
struct SettingInfo {
    std::string name; // the environment variable; the flag is --name in lower case with dashes
    std::string help;
    std::string default_value;
    std::string value; // "***" for a secret that is set
    bool secret = false;
};

/// The values given on the command line, by setting name ("PORT").
using Overrides = std::map<std::string, std::string, std::less<>>;

/// The names of all settings, for the flags.
[[nodiscard]] std::vector<SettingInfo> describe(const Settings& settings);

/// Reads a list in either of the formats in use: a,b or ["a","b"].
[[nodiscard]] std::vector<std::string> split_list(const std::string& text);
/// The content of the file of NAME_FILE, without the line break at its end. Throws std::invalid_argument.
[[nodiscard]] std::string read_setting_file(const std::string& path, std::string_view name);

/// Merges the sources and checks the result. `config_file` may be empty. Throws std::invalid_argument with one line.
[[nodiscard]] Settings load_settings(const Overrides& flags, const std::string& config_file);

} // namespace focus::app
