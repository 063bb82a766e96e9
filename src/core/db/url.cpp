#include "core/db/url.hpp"

#include <charconv>
#include <optional>
#include <stdexcept>

namespace focus::db {

namespace {

[[noreturn]] void refuse(const std::string& why) { throw std::invalid_argument{why}; }

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    refuse("a percent sign must be followed by two hexadecimal digits");
}

std::string percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        if (text.size() - i < 3) refuse("a percent sign must be followed by two hexadecimal digits");
        out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
        i += 2;
    }
    return out;
}

/// Splits at the first `separator`; the second half is empty when there is none.
std::pair<std::string_view, std::optional<std::string_view>> split(std::string_view text, char separator) {
    const auto at = text.find(separator);
    if (at == std::string_view::npos) return {text, std::nullopt};
    return {text.substr(0, at), text.substr(at + 1)};
}

SqliteUrl parse_sqlite(std::string_view rest) {
    if (!rest.starts_with('/')) refuse("a SQLite URL looks like sqlite:///relative/path or sqlite:////absolute/path");
    const auto path = percent_decode(rest.substr(1));
    if (path.empty() || path == ":memory:")
        refuse(
            "SQLite needs a file (sqlite:///focus.db): an in-memory database is not supported, since its connections could not share it");
    if (path.find('\0') != std::string::npos || path.find('?') != std::string::npos) refuse("a SQLite URL takes no parameters");
    return {path};
}

struct TlsParameters {
    std::string mode; // empty: not given
    std::optional<bool> verify;
};

/// MySQL's names of the modes, in small letters with either separator.
std::string mode_name(std::string text) {
    for (auto& c : text) c = c == '_' ? '-' : static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    return text;
}

void apply(const TlsParameters& tls, MysqlUrl& url) {
    const bool has_files = !url.ssl_ca.empty() || !url.ssl_cert.empty();
    if (url.ssl_cert.empty() != url.ssl_key.empty()) refuse("ssl-cert and ssl-key go together");
    const auto mode = tls.mode.empty() && (has_files || tls.verify) ? std::string{"required"} : tls.mode;
    if (mode == "required" || mode == "verify-identity" || mode == "verify-ca") {
        url.ssl_mode = SslMode::required;
        url.ssl_verify = mode == "verify-ca" ? SslVerify::chain : SslVerify::chain_and_name;
        if (tls.verify.value_or(true)) return;
        if (mode != "required") refuse("ssl-verify=false contradicts ssl-mode=" + mode);
        if (!url.ssl_ca.empty()) refuse("ssl-verify=false contradicts ssl-ca");
        url.ssl_verify = SslVerify::nothing;
        return;
    }
    if (has_files || tls.verify) refuse("ssl-ca, ssl-cert, ssl-key and ssl-verify need ssl-mode=required, verify-ca or verify-identity");
    if (mode == "preferred")
        url.ssl_mode = SslMode::preferred;
    else if (mode == "disabled")
        url.ssl_mode = SslMode::disabled;
    else if (!mode.empty())
        refuse("ssl-mode is disabled, preferred, required, verify-ca or verify-identity");
}

bool parse_verify(std::string_view text) {
    if (text != "true" && text != "false") refuse("ssl-verify is true or false");
    return text == "true";
}

void parse_query(std::string_view query, MysqlUrl& url) {
    TlsParameters tls;
    while (!query.empty()) {
        auto [pair, more] = split(query, '&');
        query = more.value_or("");
        auto [name, value] = split(pair, '=');
        const auto text = percent_decode(value.value_or(""));
        const auto take = [&text](std::string& into, std::string_view what) {
            if (text.empty()) refuse(std::string{what} + " needs a value");
            into = text;
        };
        if (name == "ssl-mode" || name == "ssl_mode") {
            take(tls.mode, name);
            tls.mode = mode_name(tls.mode);
        } else if (name == "ssl-verify" || name == "ssl_verify") {
            tls.verify = parse_verify(text);
        } else if (name == "ssl-ca" || name == "ssl_ca") {
            take(url.ssl_ca, name);
        } else if (name == "ssl-cert" || name == "ssl_cert") {
            take(url.ssl_cert, name);
        } else if (name == "ssl-key" || name == "ssl_key") {
            take(url.ssl_key, name);
        } else if (name == "galera") {
            if (text != "single-writer") refuse("galera is single-writer");
            url.galera_single_writer = true;
        } else if (name == "unix_socket") {
            url.unix_socket = text;
        } else if (name == "charset") { // always utf8mb4; deployments that moved here often name it
            if (text != "utf8mb4") refuse("the character set is always utf8mb4");
        } else {
            refuse("unknown parameter; known are ssl-mode, ssl-verify, ssl-ca, ssl-cert, ssl-key, galera, unix_socket and charset");
        }
    }
    apply(tls, url);
}

void parse_host(std::string_view host, MysqlUrl& url) {
    std::optional<std::string_view> port;
    if (host.starts_with('[')) { // IPv6
        const auto end = host.find(']');
        if (end == std::string_view::npos) refuse("an IPv6 address ends with ]");
        url.host = host.substr(1, end - 1);
        const auto after = host.substr(end + 1);
        if (!after.empty() && after[0] != ':') refuse("after ] there is :port or nothing");
        if (!after.empty()) port = after.substr(1);
    } else {
        const auto [name, after] = split(host, ':');
        if (!name.empty()) url.host = percent_decode(name);
        port = after;
    }
    if (!port) return;
    const auto [end, error] = std::from_chars(port->data(), port->data() + port->size(), url.port);
    if (error != std::errc{} || end != port->data() + port->size() || url.port == 0) refuse("the port is a number from 1 to 65535");
}

MysqlUrl parse_mysql(std::string_view rest) {
    if (!rest.starts_with("//")) refuse("a MySQL URL looks like mysql://user:password@host:3306/database");
    MysqlUrl url;
    auto [address, query] = split(rest.substr(2), '?');
    auto [authority, database] = split(address, '/');
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
        const auto [user, password] = split(authority.substr(0, at), ':');
        url.user = percent_decode(user);
        url.password = percent_decode(password.value_or(""));
        authority = authority.substr(at + 1);
    }
    parse_host(authority, url);
    url.database = percent_decode(database.value_or(""));
    parse_query(query.value_or(""), url);
    if (url.user.empty()) refuse("the user is missing");
    return url;
}

} // namespace

std::variant<SqliteUrl, MysqlUrl> parse_url(std::string_view url) {
    const auto colon = url.find(':');
    const auto scheme = url.substr(0, colon);
    const auto rest = colon == std::string_view::npos ? std::string_view{} : url.substr(colon + 1);
    if (scheme == "sqlite" || scheme == "sqlite+aiosqlite") {
        if (!rest.starts_with("//")) refuse("a SQLite URL looks like sqlite:///relative/path or sqlite:////absolute/path");
        return parse_sqlite(rest.substr(2));
    }
    if (scheme == "mysql" || scheme == "mariadb" || scheme == "mysql+pymysql" || scheme == "mysql+aiomysql") return parse_mysql(rest);
    refuse("it begins with sqlite: or mysql:");
}

} // namespace focus::db
