// URLs of settings and of documents that others publish, taken apart by Boost.URL (RFC 3986). The targets of requests are
// read by core/http/target, more leniently.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace focus {

/// All but the scheme with percent escapes decoded.
struct UrlParts {
    std::string scheme;
    std::optional<std::string> user;
    std::optional<std::string> password;
    std::string host; // an IPv6 address without its brackets
    std::optional<std::uint16_t> port;
    std::string path; // with its leading slash
    std::vector<std::pair<std::string, std::string>> parameters;
    bool has_query = false;
    bool has_fragment = false;
};

/// An absolute URL with an authority ("scheme://…"); nothing for any other text.
[[nodiscard]] std::optional<UrlParts> split_url(std::string_view text);

/// The URL of a server as it is written in settings: characters that must be escaped may stand there unescaped, like a
/// '#' or '@' in a password. The user ends at the last '@' before the path; there is no fragment. Throws
/// std::invalid_argument with one sentence that quotes nothing of the text.
[[nodiscard]] UrlParts split_configured_url(std::string_view text);

} // namespace focus
