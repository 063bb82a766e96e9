#include "core/redis/url.hpp"

#include <charconv>
#include <stdexcept>

namespace focus::redis {

namespace {

[[noreturn]] void refuse(const std::string& why) { throw std::invalid_argument{"Redis URL: " + why}; }

std::string percent_decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned char decoded = 0;
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const auto digits = text.substr(i + 1, 2);
        if (digits.size() != 2 || std::from_chars(digits.data(), digits.data() + 2, decoded, 16).ptr != digits.data() + 2)
            refuse("a percent sign must be followed by two hexadecimal digits");
        out += static_cast<char>(decoded);
        i += 2;
    }
    return out;
}

int number(std::string_view text, int most, const char* what) {
    int value = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < 0 || value > most) refuse(what);
    return value;
}

void parse_host(std::string_view host, Url& url) {
    std::string_view port;
    if (host.starts_with('[')) { // IPv6
        const auto end = host.find(']');
        if (end == std::string_view::npos) refuse("an IPv6 address ends with ]");
        port = host.substr(end + 1);
        host = host.substr(1, end - 1);
        if (!port.empty() && port[0] != ':') refuse("after ] there is :port or nothing");
    } else if (const auto colon = host.find(':'); colon != std::string_view::npos) {
        port = host.substr(colon);
        host = host.substr(0, colon);
    }
    if (!host.empty()) url.host = host;
    if (port.size() > 1) url.port = std::to_string(number(port.substr(1), 65535, "the port is a number up to 65535"));
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
    text.remove_prefix(url.tls ? k_tls.size() : k_plain.size());
    if (text.contains('?')) refuse("it takes no parameters");
    if (const auto slash = text.find('/'); slash != std::string_view::npos) {
        const auto database = text.substr(slash + 1);
        if (!database.empty()) url.database = number(database, 9999, "the database is a number");
        text = text.substr(0, slash);
    }
    if (const auto at = text.rfind('@'); at != std::string_view::npos) {
        const auto who = text.substr(0, at);
        const auto colon = who.find(':');
        if (colon != 0 && colon != std::string_view::npos) url.user = percent_decode(who.substr(0, colon));
        url.password = percent_decode(colon == std::string_view::npos ? who : who.substr(colon + 1));
        text.remove_prefix(at + 1);
    }
    parse_host(text, url);
    return url;
}

} // namespace focus::redis
