// Where Redis is: redis://[[user:]password@]host[:port][/database], rediss:// for TLS.
#pragma once

#include <string>
#include <string_view>

namespace focus::redis {

struct Url {
    std::string host = "127.0.0.1";
    std::string port = "6379";
    std::string user = "default";
    std::string password;
    int database = 0; // also separates the channels of several services on one server
    bool tls = false;
};

/// Throws std::invalid_argument; the message holds no password.
[[nodiscard]] Url parse_url(std::string_view url);

} // namespace focus::redis
