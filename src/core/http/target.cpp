#include "core/http/target.hpp"

#include "core/base/utf8.hpp"
#include "core/http/headers.hpp"

#include <algorithm>
#include <array>

namespace focus::http {
namespace {

int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::optional<std::string> decode(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            if (i + 2 >= text.size()) return std::nullopt;
            const int high = hex_value(text[i + 1]);
            const int low = hex_value(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            c = static_cast<char>(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        if (c == '\0') return std::nullopt;
        out.push_back(c);
    }
    if (!utf8::is_valid(out)) return std::nullopt;
    return out;
}

/// Characters of a path or query (RFC 3986 §3.3, §3.4), plus those that clients send unencoded although they should
/// not: | ^ ` { } [ ] " \ in queries are common and harmless here.
bool is_target_char(char c) noexcept { return c > 0x20 && c < 0x7f && c != '#' && c != '<' && c != '>'; }

} // namespace

std::optional<Target> split_target(std::string_view target) noexcept {
    if (target == "*") return Target{target, {}, {}};
    if (!std::ranges::all_of(target, is_target_char)) return std::nullopt;
    std::string_view host;
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (target.size() > scheme.size() && equal_ignoring_case(target.substr(0, scheme.size()), scheme)) {
            target.remove_prefix(scheme.size());
            const auto end = target.find_first_of("/?");
            host = target.substr(0, end);
            if (host.empty() || host.contains('@')) return std::nullopt; // RFC 9110 §4.2.4: user information is an error
            target = end == std::string_view::npos ? std::string_view{"/"} : target.substr(end);
            if (target.front() == '?') return Target{"/", target.substr(1), host};
            break;
        }
    }
    if (target.empty() || target.front() != '/') return std::nullopt;
    const auto question = target.find('?');
    if (question == std::string_view::npos) return Target{target, {}, host};
    return Target{target.substr(0, question), target.substr(question + 1), host};
}

std::optional<std::string> decode_segment(std::string_view segment) { return decode(segment, false); }

std::optional<Params> decode_pairs(std::string_view query) {
    Params pairs;
    while (!query.empty()) {
        const auto end = query.find('&');
        const auto pair = query.substr(0, end);
        query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
        if (pair.empty()) continue;
        const auto equals = pair.find('=');
        auto name = decode(pair.substr(0, equals), true);
        auto value = decode(equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1), true);
        if (!name || !value) return std::nullopt;
        pairs.emplace_back(std::move(*name), std::move(*value));
    }
    return pairs;
}

void append_encoded(std::string& out, std::string_view text) {
    constexpr std::string_view k_hex = "0123456789ABCDEF";
    for (const char c : text) {
        const bool unreserved =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
        if (unreserved) {
            out.push_back(c);
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out.push_back('%');
            out.push_back(k_hex[byte >> 4]);
            out.push_back(k_hex[byte & 15]);
        }
    }
}

} // namespace focus::http
