#include "core/base/url.hpp"

#include <boost/url/grammar/lut_chars.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/rfc/pchars.hpp>
#include <boost/url/rfc/sub_delim_chars.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <charconv>
#include <format>
#include <stdexcept>
#include <system_error>

namespace focus {

namespace {

namespace urls = boost::urls;

constexpr auto k_user_chars = urls::unreserved_chars + urls::sub_delim_chars;
constexpr auto k_password_chars = k_user_chars + ':';
constexpr auto k_host_chars = k_user_chars + ':' + '[' + ']';
constexpr auto k_path_chars = urls::pchars + '/';
constexpr auto k_query_chars = k_path_chars + '?';

/// Nothing when the port is beyond 65535.
std::optional<UrlParts> parts_of(const urls::url_view& url) {
    UrlParts parts{.scheme = url.scheme(),
                   .host = url.host_address(),
                   .path = url.path(),
                   .has_query = url.has_query(),
                   .has_fragment = url.has_fragment()};
    if (url.has_userinfo()) parts.user = url.user();
    if (url.has_password()) parts.password = url.password();
    if (const std::string_view digits = url.port(); !digits.empty()) {
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), parts.port.emplace());
        if (error != std::errc{}) return std::nullopt;
    }
    for (const auto& [name, value, has_value] : url.params(urls::encoding_opts{false})) // a '+' is not a space
        parts.parameters.emplace_back(name, value);
    return parts;
}

/// Keeps '%': what is escaped already stays so.
std::string escape(std::string_view text, const urls::grammar::lut_chars& allowed) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        if (c == '%' || allowed(c))
            out += c;
        else
            out += std::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

/// Splits at the first `separator`; the second half has it, or is empty.
std::pair<std::string_view, std::string_view> split_before(std::string_view text, char separator) {
    const auto at = std::min(text.find(separator), text.size());
    return {text.substr(0, at), text.substr(at)};
}

/// Escapes what RFC 3986 does not allow in the parts of the URL.
std::string escaped(std::string_view scheme, std::string_view rest) {
    const auto authority_end = std::min(rest.find_first_of("/?"), rest.size());
    auto authority = rest.substr(0, authority_end);
    const auto [path, query] = split_before(rest.substr(authority_end), '?');
    std::string url = std::string{scheme} + "://";
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
        const auto [user, password] = split_before(authority.substr(0, at), ':');
        url += escape(user, k_user_chars) + escape(password, k_password_chars) + '@';
        authority.remove_prefix(at + 1);
    }
    return url + escape(authority, k_host_chars) + escape(path, k_path_chars) + escape(query, k_query_chars);
}

} // namespace

std::optional<UrlParts> split_url(std::string_view text) {
    const auto url = urls::parse_uri(text);
    if (!url || !url->has_authority()) return std::nullopt;
    return parts_of(*url);
}

UrlParts split_configured_url(std::string_view text) {
    constexpr std::string_view k_separator = "://";
    const auto scheme = text.find(k_separator);
    if (scheme == std::string_view::npos) throw std::invalid_argument{"a URL looks like scheme://host"};
    auto parts = split_url(escaped(text.substr(0, scheme), text.substr(scheme + k_separator.size())));
    if (!parts)
        throw std::invalid_argument{"it is not a URL: a port is a number up to 65535, an IPv6 address is between [ and ], "
                                    "and a percent sign is followed by two hexadecimal digits"};
    return std::move(*parts);
}

} // namespace focus
