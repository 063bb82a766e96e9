// The request target: strict percent-decoding, done once, and the split into path and query (RFC 3986, RFC 9112 §3.2).
#pragma once

#include "core/http/call.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace focus::http {

struct Target {
    std::string_view path; // still encoded, starts with '/'; "*" of OPTIONS
    std::string_view query;
    std::string_view host; // of an absolute-form target, with its port; empty otherwise
};

/// Splits an origin-form, absolute-form or asterisk-form target. Nothing for any other form, for a fragment and for a
/// byte that a URI must not have.
[[nodiscard]] std::optional<Target> split_target(std::string_view target) noexcept;

/// Decodes %XX, an encoded '/' too: it is part of the segment (RFC 3986 §2.2). Nothing for an invalid or truncated
/// sequence, or when the result has NUL or invalid UTF-8.
[[nodiscard]] std::optional<std::string> decode_segment(std::string_view segment);

/// application/x-www-form-urlencoded pairs ('+' is a space). Nothing for invalid sequences, NUL or invalid UTF-8.
[[nodiscard]] std::optional<Params> decode_pairs(std::string_view query);

/// Encodes everything but unreserved characters.
void append_encoded(std::string& out, std::string_view text);

} // namespace focus::http
