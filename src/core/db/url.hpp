// The database's address as a URL. Forms: sqlite:///relative, sqlite:////absolute,
// mysql://user:pass@host:port/database[?ssl-mode=required|preferred|disabled][&unix_socket=/path].
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

/// `automatic` is plain text to this machine (unless the account's authentication wants TLS) and `preferred` elsewhere.
enum class SslMode { automatic, disabled, preferred, required };

struct MysqlUrl {
    std::string user;
    std::string password;
    std::string host = "127.0.0.1";
    std::uint16_t port = 3306;
    std::string database;
    std::string unix_socket; // instead of host and port
    SslMode ssl_mode = SslMode::automatic;
};

/// Throws std::invalid_argument with one sentence that holds nothing of the user or password.
[[nodiscard]] std::variant<SqliteUrl, MysqlUrl> parse_url(std::string_view url);

} // namespace focus::db
