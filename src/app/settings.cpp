#include "app/settings.hpp"

#include "core/base/days.hpp"
#include "core/base/url.hpp"
#include "core/db/url.hpp"
#include "core/http/forwarded.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <format>
#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace focus::app {

namespace {

using std::string;
using std::string_view;

/// The error in a value, for "NAME: … (from the environment)".
struct BadValue : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Setting {
    string_view name;
    string_view help;
    bool secret = false;
    std::function<void(Settings&, const string&)> set;
    std::function<string(const Settings&)> get;
};

template <class T>
T number(const string& text, T min, T max) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < min || value > max) {
        throw BadValue{std::format("\"{}\" is not a number from {} to {}", text, min, max)};
    }
    return value;
}

bool boolean(string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (text == "true" || text == "1" || text == "yes" || text == "on") return true;
    if (text == "false" || text == "0" || text == "no" || text == "off") return false;
    throw BadValue{std::format("\"{}\" is neither true nor false", text)};
}

string join(const std::vector<string>& items) {
    string text;
    for (const auto& item : items) text += (text.empty() ? "" : ",") + item;
    return text;
}

string one_of(const string& text, std::initializer_list<string_view> allowed) {
    if (std::ranges::find(allowed, text) != allowed.end()) return text;
    string names;
    for (const auto name : allowed) names += (names.empty() ? "" : ", ") + string{name};
    throw BadValue{std::format("\"{}\" is none of {}", text, names)};
}

Setting text(string_view name, string_view help, string Settings::* field) {
    return {name, help, false, [field](Settings& s, const string& v) { s.*field = v; }, [field](const Settings& s) { return s.*field; }};
}
Setting secret(string_view name, string_view help, string Settings::* field) {
    auto setting = text(name, help, field);
    setting.secret = true;
    return setting;
}
template <class T>
Setting number(string_view name, string_view help, T Settings::* field, T min, T max) {
    return {name, help, false, [=](Settings& s, const string& v) { s.*field = number<T>(v, min, max); },
            [field](const Settings& s) { return std::format("{}", s.*field); }};
}
Setting boolean(string_view name, string_view help, bool Settings::* field) {
    return {name, help, false, [field](Settings& s, const string& v) { s.*field = boolean(v); },
            [field](const Settings& s) { return string{s.*field ? "true" : "false"}; }};
}
Setting list(string_view name, string_view help, std::vector<string> Settings::* field) {
    return {name, help, false, [field](Settings& s, const string& v) { s.*field = split_list(v); },
            [field](const Settings& s) { return join(s.*field); }};
}

Setting rate_limit(string_view name, string_view help, http::RateLimit http::RatePolicy::* field) {
    return {name, help, false,
            [field](Settings& s, const string& v) {
                const auto slash = v.find('/');
                if (slash == string::npos) throw BadValue{std::format("\"{}\" is not like 20/60: requests/seconds", v)};
                s.rate_limits.*
                    field = {.count = number(v.substr(0, slash), 1, 1'000'000), .seconds = number(v.substr(slash + 1), 1, 86'400)};
            },
            [field](const Settings& s) { return std::format("{}/{}", (s.rate_limits.*field).count, (s.rate_limits.*field).seconds); }};
}

constexpr std::array<string_view, 6> k_levels{"trace", "debug", "info", "warning", "error", "critical"};

void set_log_level(Settings& settings, string value) {
    std::ranges::transform(value, value.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (value == "warn") value = "warning";
    const auto found = std::ranges::find(k_levels, value);
    if (found == k_levels.end()) throw BadValue{std::format("\"{}\" is none of trace, debug, info, warning, error, critical", value)};
    settings.log_level = static_cast<log::Level>(found - k_levels.begin());
}

void set_reminder_time(Settings& settings, const string& value) {
    if (!parse_hhmm(value)) throw BadValue{std::format("\"{}\" is not a time HH:MM", value)};
    settings.reminder_time = value;
}

void set_metrics_address(Settings& settings, const string& value) {
    if (!value.empty() && !split_address(value)) throw BadValue{std::format("\"{}\" is not host:port", value)};
    settings.metrics_address = value;
}

void set_database_url(Settings& settings, const string& value) {
    try {
        static_cast<void>(db::parse_url(value));
    } catch (const std::invalid_argument& error) { // the value is not quoted: it may contain a password
        throw BadValue{error.what()};
    }
    settings.database_url = value;
}

void set_trusted_proxies(Settings& settings, const string& value) {
    auto ranges = split_list(value);
    for (auto& range : ranges)
        if (range.starts_with('[') && range.ends_with(']')) range = range.substr(1, range.size() - 2); // [::1]
    try {
        static_cast<void>(http::TrustedProxies{ranges});
    } catch (const std::invalid_argument& error) {
        throw BadValue{error.what()};
    }
    settings.trusted_proxies = std::move(ranges);
}

void set_frontend_url(Settings& settings, string value) {
    while (value.ends_with('/')) value.pop_back();
    if (!value.empty()) {
        const auto refuse = [&value] { throw BadValue{std::format("\"{}\" is not an http or https URL", value)}; };
        try {
            const auto url = split_configured_url(value);
            if ((url.scheme != "http" && url.scheme != "https") || url.host.empty()) refuse();
        } catch (const std::invalid_argument&) {
            refuse();
        }
    }
    settings.frontend_url = std::move(value);
}

/// Browsers send an origin as scheme://host[:port], or null: any other text would never equal one.
void set_cors_origins(Settings& settings, const string& value) {
    auto origins = split_list(value);
    for (auto& origin : origins) {
        if (origin == "*" || origin == "null") continue;
        const auto url = split_url(origin);
        if (!url || url->user || url->has_query || url->has_fragment || (!url->path.empty() && url->path != "/"))
            throw BadValue{std::format("\"{}\" is not an origin like https://app.example", origin)};
        if (!url->path.empty()) origin.pop_back(); // https://app.example/
    }
    settings.cors_origins = std::move(origins);
}

const std::vector<Setting>& all_settings() {
    static const std::vector<Setting> settings{
        text("HOST", "Address to listen on; the container image sets 0.0.0.0", &Settings::host),
        number("PORT", "Port to listen on; 0 takes a free one", &Settings::port, 0, 65535),
        number("WORKERS", "I/O threads; 0: one per core", &Settings::workers, 0, 256),
        number("DRAIN_SECONDS", "At a stop, go on serving so long while /api/health/ready says no, until the balancer has seen it",
               &Settings::drain_seconds, 0, 600),
        {"ENVIRONMENT", "development (the default while listening on loopback) or production (the default otherwise)", false,
         [](Settings& s, const string& v) { s.environment = one_of(v, {"development", "production"}); },
         [](const Settings& s) { return s.environment; }},
        {"DATABASE_URL",
         "sqlite:///relative/path, sqlite:////absolute/path or mysql://user:password@host:port/database (parameters: docs/operations.md)",
         false, set_database_url, [](const Settings& s) { return s.database_url; }},
        {"DATABASE_REPLICA_URLS", "Taken from an existing deployment and not used: a read must see the write before it", true,
         [](Settings& s, const string& v) { s.database_replica_urls = v; }, [](const Settings& s) { return s.database_replica_urls; }},
        number("DATABASE_POOL_SIZE", "Connections to MySQL or MariaDB", &Settings::database_pool_size, 1, 1000),
        text("REDIS_URL",
             "redis://:password@host:6379/0, rediss:// for TLS: shared by all instances; empty: cache, bus and rate limits are of this "
             "process alone",
             &Settings::redis_url),
        boolean("CACHE_ENABLED", "Remember answers until what they were made of changes", &Settings::cache_enabled),
        number("CACHE_TTL", "Seconds after which a cached answer is made again, changed or not", &Settings::cache_ttl_seconds, 1, 86400),
        secret("SECRET_KEY", "Signs tokens and seals stored links; at least 32 characters; required in production", &Settings::secret_key),
        number("ACCESS_TOKEN_EXPIRE_MINUTES", "Life of an access token", &Settings::access_token_minutes, 1, 1440),
        number("REFRESH_TOKEN_EXPIRE_DAYS", "Life of a session that is not used", &Settings::refresh_token_days, 1, 365),
        number("SESSION_MAX_DAYS", "Life of a session however much it is used, from the sign-in", &Settings::session_max_days, 1, 3650),
        number("MAX_SESSIONS_PER_USER", "Sessions of one user; a further sign-in ends the one longest unused", &Settings::max_sessions, 1,
               1000),
        number("UNVERIFIED_ACCOUNT_DAYS", "Days after which an account whose address was never verified is deleted; 0: never",
               &Settings::unverified_account_days, 0, 3650),
        number("BCRYPT_COST", "Work factor of password hashes; below 12 in development only", &Settings::bcrypt_cost, 4, 16),
        text("ADMIN_EMAIL", "An administrator made at the start, together with ADMIN_PASSWORD", &Settings::admin_email),
        secret("ADMIN_PASSWORD", "Password of that administrator; without it none is made", &Settings::admin_password),
        text("ADMIN_USERNAME", "Username of that administrator", &Settings::admin_username),
        {"GOOGLE_CLIENT_ID", "Sign-in with Google: our client id; several with commas: the first is the web client's", false,
         [](Settings& s, const string& v) { s.google.client_ids = split_list(v); },
         [](const Settings& s) { return join(s.google.client_ids); }},
        {"GOOGLE_CLIENT_SECRET", "Our client secret at Google", true, [](Settings& s, const string& v) { s.google.client_secret = v; },
         [](const Settings& s) { return s.google.client_secret; }},
        {"GOOGLE_REDIRECT_URI", "Where Google sends browsers back; empty: FRONTEND_URL/api/auth/google/callback", false,
         [](Settings& s, const string& v) { s.google.redirect_uri = v; }, [](const Settings& s) { return s.google.redirect_uri; }},
        {"GOOGLE_ISSUER", "Google's issuer; another one for tests", false, [](Settings& s, const string& v) { s.google.issuer = v; },
         [](const Settings& s) { return s.google.issuer; }},
        boolean("RATE_LIMIT_ENABLED", "Refuse those who ask too often (429), and make who guesses passwords or codes wait",
                &Settings::rate_limit_enabled),
        rate_limit("RATE_LIMIT_AUTH", "Requests/seconds to sign in and the like, per address (IPv6: per /64, ten times as many per /48)",
                   &http::RatePolicy::auth),
        rate_limit("RATE_LIMIT_REFRESH", "Requests/seconds that refresh, sign out or bring a mailed token, per address",
                   &http::RatePolicy::refresh),
        rate_limit("RATE_LIMIT_REFRESH_SESSION", "Refreshes/seconds of one session", &http::RatePolicy::refresh_session),
        rate_limit("RATE_LIMIT_WRITE", "Requests/seconds that change something, per user", &http::RatePolicy::write),
        rate_limit("RATE_LIMIT_READ", "Requests/seconds that read, per user", &http::RatePolicy::read),
        rate_limit("RATE_LIMIT_EXPORT", "Exports and imports/seconds, per user", &http::RatePolicy::export_),
        rate_limit("RATE_LIMIT_WS", "New WebSocket connections/seconds, per user", &http::RatePolicy::websocket),
        {"BACKEND_CORS_ORIGINS", "Origins whose pages may call the API, separated by commas", false, set_cors_origins,
         [](const Settings& s) { return join(s.cors_origins); }},
        {"TRUSTED_PROXIES", "Addresses or networks whose Forwarded and X-Forwarded-* headers are believed", false, set_trusted_proxies,
         [](const Settings& s) { return join(s.trusted_proxies); }},
        list("ALLOWED_HOSTS", "Host names that requests may name, like focus.example or *.focus.example; empty: any",
             &Settings::allowed_hosts),
        number("MAX_CONNECTIONS", "Open connections in all; more are refused", &Settings::max_connections, 1, 1'000'000),
        number("MAX_CONNECTIONS_PER_IP",
               "Open connections of one address (IPv6: one /64, four times as many of a /48); those of TRUSTED_PROXIES and of this machine "
               "don't count",
               &Settings::max_connections_per_ip, 1, 1'000'000),
        number("MAX_BODY_MEMORY", "MiB of request bodies in memory, over all connections; a request beyond it gets 503",
               &Settings::max_body_memory, 32, 1'048'576),
        text("TLS_CERT_FILE", "Certificate chain (PEM); with TLS_KEY_FILE the server speaks TLS", &Settings::tls_cert_file),
        text("TLS_KEY_FILE", "Its private key (PEM)", &Settings::tls_key_file),
        text("MAIL_SERVER", "SMTP server; empty: nothing is sent, in development the mails are at /dev/mail", &Settings::mail_server),
        number("MAIL_PORT", "Its port", &Settings::mail_port, 1, 65535),
        text("MAIL_USERNAME", "User for AUTH; empty: none", &Settings::mail_username),
        secret("MAIL_PASSWORD", "Password for AUTH", &Settings::mail_password),
        text("MAIL_FROM", "Sender's address", &Settings::mail_from),
        text("MAIL_FROM_NAME", "Sender's name", &Settings::mail_from_name),
        boolean("MAIL_TLS", "Require STARTTLS", &Settings::mail_tls),
        boolean("MAIL_SSL", "TLS from the start (usually port 465)", &Settings::mail_ssl),
        text("MAIL_CA_FILE", "Certificates to trust instead of the system's", &Settings::mail_ca_file),
        number("MAIL_RETRY_SECONDS", "Wait before the first retry; doubles from try to try, up to a day", &Settings::mail_retry_seconds, 1,
               86400),
        number("MAIL_RATE_PER_SECOND", "Mails sent per second at most", &Settings::mail_rate_per_second, 0.01, 100000.0),
        text("MAIL_TEMPLATE_DIR", "Folder whose templates replace the built-in ones", &Settings::mail_template_dir),
        {"FRONTEND_URL", "Where the links in mails lead; empty: this server", false,
         [](Settings& s, const string& v) { set_frontend_url(s, v); }, [](const Settings& s) { return s.frontend_url; }},
        number("DEFAULT_DAILY_LIMIT", "Overall daily limit of new users in minutes; 0: none", &Settings::default_daily_limit, 0, 1440),
        {"REMINDER_TIME", "When new users get their daily reminder, HH:MM in their zone", false, set_reminder_time,
         [](const Settings& s) { return s.reminder_time; }},
        number("WEBSOCKET_HEARTBEAT_INTERVAL",
               "Seconds between heartbeats of notification sockets; a client that is silent for two is disconnected",
               &Settings::websocket_heartbeat_seconds, 1, 3600),
        boolean("METRICS_ENABLED", "Measure, and serve GET /metrics", &Settings::metrics_enabled),
        {"METRICS_ADDRESS", "host:port that serves /metrics instead of the API's address, without TLS; empty: the API's", false,
         set_metrics_address, [](const Settings& s) { return s.metrics_address; }},
        secret("METRICS_TOKEN", "What /metrics asks for as Authorization: Bearer; empty: nothing", &Settings::metrics_token),
        boolean("METRICS_PUBLIC", "In production, serve /metrics without METRICS_TOKEN or METRICS_ADDRESS, to all who reach the API",
                &Settings::metrics_public),
        number("LOG_RETENTION_DAYS", "Days after which entries of the audit trail are deleted; 0: never", &Settings::log_retention_days, 0,
               36500),
        {"LOG_LEVEL", "trace, debug, info, warning, error or critical", false, set_log_level,
         [](const Settings& s) { return string{k_levels.at(static_cast<std::size_t>(s.log_level))}; }},
        {"LOG_FORMAT", "text or json", false,
         [](Settings& s, const string& v) { s.log_format = one_of(v, {"text", "json"}) == "json" ? log::Format::json : log::Format::text; },
         [](const Settings& s) { return string{s.log_format == log::Format::json ? "json" : "text"}; }},
    };
    return settings;
}

const Setting* find_setting(string name) {
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return c == '-' ? '_' : static_cast<char>(std::toupper(c)); });
    const auto found = std::ranges::find(all_settings(), name, &Setting::name);
    return found == all_settings().end() ? nullptr : &*found;
}

void set(Settings& settings, const Setting& setting, const string& value, string_view origin) {
    try {
        setting.set(settings, value);
    } catch (const BadValue& bad) {
        // A secret is never quoted.
        throw std::invalid_argument{std::format("{}: {} (from {})", setting.name, setting.secret ? "not acceptable" : bad.what(), origin)};
    }
}

void apply_file(Settings& settings, const string& path) {
    if (!std::filesystem::is_regular_file(path)) throw std::invalid_argument{std::format("cannot read the settings file {}", path)};
    std::vector<CLI::ConfigItem> items;
    try {
        items = CLI::ConfigTOML{}.from_file(path);
    } catch (const CLI::Error& error) {
        throw std::invalid_argument{std::format("{}: {}", path, error.what())};
    }
    for (const auto& item : items) {
        if (item.name == "++" || item.name == "--") continue; // CLI11 marks sections so
        const auto* setting = find_setting(item.name);
        if (setting == nullptr && item.parents.empty() && set_oidc(settings.oidc, item.name, join(item.inputs))) continue;
        if (setting == nullptr || !item.parents.empty())
            throw std::invalid_argument{std::format("{}: unknown setting {}", path, item.fullname())};
        set(settings, *setting, join(item.inputs), path);
    }
}

void apply_environment(Settings& settings) {
    for (const auto& setting : all_settings()) {
        const string name{setting.name};
        if (const auto* path = std::getenv((name + "_FILE").c_str())) {
            if (std::getenv(name.c_str()) != nullptr) throw std::invalid_argument{std::format("{0} and {0}_FILE are both set", name)};
            set(settings, setting, read_setting_file(path, name), "the file that " + name + "_FILE names");
        } else if (const auto* value = std::getenv(name.c_str())) {
            set(settings, setting, value, "the environment");
        }
    }
    apply_oidc_environment(settings.oidc);
}

bool is_loopback(const string& host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

/// Checks settings that depend on each other.
void check(Settings& settings) {
    if (settings.environment.empty()) settings.environment = is_loopback(settings.host) ? "development" : "production";
    const auto refuse = [](const char* line) { throw std::invalid_argument{line}; };
    if (!settings.is_development()) {
        if (settings.secret_key.empty())
            refuse("SECRET_KEY is required in production: 32 or more random characters, e.g. from `openssl rand -base64 48`");
        if (settings.bcrypt_cost < 12) refuse("BCRYPT_COST must be at least 12 in production");
        if (settings.frontend_url.empty()) refuse("FRONTEND_URL is required in production: the links in mails lead there");
    }
    if (!settings.secret_key.empty() && settings.secret_key.size() < 32) refuse("SECRET_KEY must have at least 32 characters");
    if (settings.tls_cert_file.empty() != settings.tls_key_file.empty()) refuse("TLS_CERT_FILE and TLS_KEY_FILE go together");
    if (settings.admin_email.empty() && !settings.admin_password.empty()) refuse("ADMIN_PASSWORD needs ADMIN_EMAIL");
    if (std::ranges::contains(settings.cors_origins, "*"))
        refuse("BACKEND_CORS_ORIGINS must name origins: * does not go together with credentials");
    check_oidc(settings);
}

string_view strip(string_view text, string_view characters) {
    const auto first = text.find_first_not_of(characters);
    if (first == string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(characters) - first + 1);
}

/// Whether the first bracket is closed by the last character: "[a,b]", but not "[::1],[::2]".
bool is_bracketed(string_view text) {
    if (!text.starts_with('[')) return false;
    int depth = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '[') ++depth;
        if (text[i] == ']' && --depth == 0) return i + 1 == text.size();
    }
    return false;
}

/// "[::1]": its brackets are part of the item, not those of a list.
bool is_ipv6_literal(string_view text) { return std::ranges::count(text, ':') > 1 && http::parse_address(text).has_value(); }

} // namespace

std::vector<string> split_list(const string& text) {
    auto rest = strip(text, " \t");
    if (is_bracketed(rest) && !is_ipv6_literal(rest)) rest = rest.substr(1, rest.size() - 2);
    std::vector<string> items;
    while (!rest.empty()) {
        const auto comma = rest.find(',');
        const auto item = strip(rest.substr(0, comma), " \t\"'");
        if (!item.empty()) items.emplace_back(item);
        rest = comma == string_view::npos ? string_view{} : rest.substr(comma + 1);
    }
    return items;
}

string read_setting_file(const string& path, string_view name) {
    std::ifstream in{path};
    if (!in) throw std::invalid_argument{std::format("{}_FILE: cannot read {}", name, path)};
    std::ostringstream content;
    content << in.rdbuf();
    auto value = content.str();
    while (value.ends_with('\n') || value.ends_with('\r')) value.pop_back();
    return value;
}

std::optional<Address> split_address(string_view text) {
    const auto colon = text.rfind(':');
    if (colon == string_view::npos || colon == 0) return std::nullopt;
    auto host = text.substr(0, colon);
    const auto port = text.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    std::uint16_t number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc{} || end != port.data() + port.size() || host.empty()) return std::nullopt;
    return Address{string{host}, number};
}

std::vector<SettingInfo> describe(const Settings& settings) {
    const Settings defaults;
    std::vector<SettingInfo> infos;
    for (const auto& setting : all_settings()) {
        auto value = log::redact(setting.get(settings)); // a password within a URL
        if (setting.secret && !value.empty()) value = "***";
        infos.push_back({string{setting.name}, string{setting.help}, setting.get(defaults), std::move(value), setting.secret});
    }
    if (!settings.oidc.empty()) std::ranges::move(describe_oidc(settings.oidc), std::back_inserter(infos));
    return infos;
}

Settings load_settings(const Overrides& flags, const std::string& config_file) {
    Settings settings;
    if (!config_file.empty()) apply_file(settings, config_file);
    settings.file = config_file;
    apply_environment(settings);
    for (const auto& [name, value] : flags) {
        const auto* setting = find_setting(name);
        if (setting == nullptr) throw std::invalid_argument{std::format("unknown setting {}", name)};
        set(settings, *setting, value, "the command line");
    }
    check(settings);
    return settings;
}

} // namespace focus::app
