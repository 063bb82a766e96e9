// The database's address as a URL. Forms: sqlite:///relative, sqlite:////absolute,
// mysql://user:pass@host:port/database[?ssl-mode=verify-identity|verify-ca|required|preferred|disabled][&ssl-verify=false]
// [&ssl-ca=/ca.pem][&ssl-cert=/cert.pem&ssl-key=/key.pem][&galera=single-writer][&unix_socket=/path].
// "mysql+pymysql", "mysql+aiomysql" and "sqlite+aiosqlite" are taken as existing deployments write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace focus::db {

struct SqliteUrl {
    std::string path;
};

/// `automatic` is plain text to this machine (unless the account wants TLS) and `preferred` elsewhere, which takes TLS when the
/// server offers it and checks no certificate.
enum class SslMode { automatic, disabled, preferred, required };

/// What `required` checks of the server's certificate.
enum class SslVerify { nothing, chain, chain_and_name };

struct MysqlUrl {
    std::string user;
    std::string password;
    std::string host = "127.0.0.1";
    std::uint16_t port = 3306;
    std::string database;
    std::string unix_socket; // instead of host and port
    SslMode ssl_mode = SslMode::automatic;
    SslVerify ssl_verify = SslVerify::nothing;
    std::string ssl_ca; // PEM files; without ssl_ca the system's certificates count
    std::string ssl_cert;
    std::string ssl_key;
    bool galera_single_writer = false; // the operator states that one node of the Galera cluster at a time is written to
};

/// Throws std::invalid_argument with one sentence that holds nothing of the user or password.
[[nodiscard]] std::variant<SqliteUrl, MysqlUrl> parse_url(std::string_view url);

} // namespace focus::db
