// Parses and checks single header values, by the RFCs that define them. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace focus::http {

/// Equality that ignores the case of ASCII letters.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;
/// Without spaces and tabs at both ends.
[[nodiscard]] std::string_view trim(std::string_view text) noexcept;
/// Takes the next element off a comma-separated list (RFC 9110 §5.6.1), quoted strings kept whole; empty at the end.
[[nodiscard]] std::string_view next_element(std::string_view& list) noexcept;

/// Whether a client's request id may be used: 1–128 of [A-Za-z0-9._-].
[[nodiscard]] bool is_sane_request_id(std::string_view id) noexcept;
/// An Idempotency-Key: 1–255 visible ASCII characters.
[[nodiscard]] bool is_sane_idempotency_key(std::string_view key) noexcept;

/// Whether Accept-Encoding (RFC 9110 §12.5.3) accepts the content coding `coding`, `*` considered.
[[nodiscard]] bool accepts_coding(std::string_view accept_encoding, std::string_view coding) noexcept;
/// The weight (0–1000) that an Accept header (RFC 9110 §12.5.1) gives to a media type; 1000 without the header.
[[nodiscard]] int accept_weight(std::string_view accept, std::string_view type) noexcept;

/// Whether an If-None-Match value names `etag` (weak comparison, RFC 9110 §13.1.2); `*` names every ETag.
[[nodiscard]] bool matches_etag(std::string_view if_none_match, std::string_view etag) noexcept;

/// What an Authorization header holds (RFC 6750 §2.1).
struct Bearer {
    enum class Kind { none, malformed, token } kind = Kind::none; // none: no header, or another scheme
    std::string_view token;
};
[[nodiscard]] Bearer parse_bearer(std::string_view authorization) noexcept;

/// Whether a Host header (RFC 9110 §7.2), its port left out, is one of `allowed`: exact names, or "*.example.org" for every
/// name below it.
[[nodiscard]] bool is_allowed_host(std::string_view host, const std::vector<std::string>& allowed) noexcept;

} // namespace focus::http
