#include "core/redis/url.hpp"

#include "core/base/url.hpp"

#include <charconv>
#include <stdexcept>

namespace focus::redis {

namespace {

constexpr int k_max_database = 9999;

[[noreturn]] void refuse(const std::string& why) { throw std::invalid_argument{"Redis URL: " + why}; }

int database_number(std::string_view text) {
    int number = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < 0 || number > k_max_database)
        refuse("the database is a number");
    return number;
}

UrlParts split(std::string_view text) {
    try {
        return split_configured_url(text);
    } catch (const std::invalid_argument& error) {
        refuse(error.what());
    }
}

} // namespace

Url parse_url(std::string_view text) {
    Url url;
    constexpr std::string_view k_plain = "redis://";
    constexpr std::string_view k_tls = "rediss://";
    for (const auto scheme : {"redis+cluster://", "rediss+cluster://", "redis+sentinel://", "rediss+sentinel://", "redis-sentinel://"}) {
        if (text.starts_with(scheme)) refuse("Redis Cluster and Sentinel are not supported: name a single server, redis://host:6379/0");
    }
    url.tls = text.starts_with(k_tls);
    if (!url.tls && !text.starts_with(k_plain)) refuse("it looks like redis://:password@host:6379/0, or rediss:// for TLS");
    const auto parts = split(text);
    if (parts.has_query) refuse("it takes no parameters");
    if (parts.path.size() > 1) url.database = database_number(std::string_view{parts.path}.substr(1));
    if (parts.password) { // "user:password", ":password"
        if (!parts.user.value_or("").empty()) url.user = *parts.user;
        url.password = *parts.password;
    } else { // a password alone
        url.password = parts.user.value_or("");
    }
    if (!parts.host.empty()) url.host = parts.host;
    if (parts.port) url.port = std::to_string(*parts.port);
    return url;
}

} // namespace focus::redis
