#include "core/db/url.hpp"

#include "core/base/url.hpp"

#include <optional>
#include <stdexcept>

namespace focus::db {

namespace {

[[noreturn]] void refuse(const std::string& why) { throw std::invalid_argument{why}; }

SqliteUrl parse_sqlite(const UrlParts& parts) {
    if (parts.user || parts.port || !parts.host.empty() || parts.path.empty())
        refuse("a SQLite URL looks like sqlite:///relative/path or sqlite:////absolute/path");
    const auto path = parts.path.substr(1);
    if (path.empty() || path == ":memory:")
        refuse(
            "SQLite needs a file (sqlite:///focus.db): an in-memory database is not supported, since its connections could not share it");
    if (parts.has_query || path.find('\0') != std::string::npos || path.find('?') != std::string::npos)
        refuse("a SQLite URL takes no parameters");
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

void read_parameters(const UrlParts& parts, MysqlUrl& url) {
    TlsParameters tls;
    for (const auto& [name, text] : parts.parameters) {
        if (name.empty() && text.empty()) continue; // "?" or a trailing '&'
        const auto take = [&name, &text](std::string& into) {
            if (text.empty()) refuse(name + " needs a value");
            into = text;
        };
        if (name == "ssl-mode" || name == "ssl_mode") {
            take(tls.mode);
            tls.mode = mode_name(tls.mode);
        } else if (name == "ssl-verify" || name == "ssl_verify") {
            tls.verify = parse_verify(text);
        } else if (name == "ssl-ca" || name == "ssl_ca") {
            take(url.ssl_ca);
        } else if (name == "ssl-cert" || name == "ssl_cert") {
            take(url.ssl_cert);
        } else if (name == "ssl-key" || name == "ssl_key") {
            take(url.ssl_key);
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

MysqlUrl parse_mysql(const UrlParts& parts) {
    MysqlUrl url;
    url.user = parts.user.value_or("");
    url.password = parts.password.value_or("");
    if (!parts.host.empty()) url.host = parts.host;
    url.port = parts.port.value_or(url.port);
    if (url.port == 0) refuse("the port is a number from 1 to 65535");
    if (!parts.path.empty()) url.database = parts.path.substr(1);
    read_parameters(parts, url);
    if (url.user.empty()) refuse("the user is missing");
    return url;
}

} // namespace

std::variant<SqliteUrl, MysqlUrl> parse_url(std::string_view url) {
    const auto scheme = url.substr(0, url.find(':'));
    const bool has_authority = url.substr(scheme.size()).starts_with("://");
    if (scheme == "sqlite" || scheme == "sqlite+aiosqlite") {
        if (!has_authority) refuse("a SQLite URL looks like sqlite:///relative/path or sqlite:////absolute/path");
        return parse_sqlite(split_configured_url(url));
    }
    if (scheme == "mysql" || scheme == "mariadb" || scheme == "mysql+pymysql" || scheme == "mysql+aiomysql") {
        if (!has_authority) refuse("a MySQL URL looks like mysql://user:password@host:3306/database");
        return parse_mysql(split_configured_url(url));
    }
    refuse("it begins with sqlite: or mysql:");
}

} // namespace focus::db
