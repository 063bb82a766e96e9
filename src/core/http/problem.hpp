// Everything that goes wrong, as the client sees it: application/problem+json (RFC 9457) in his language. The one place
// where error kinds become statuses.
#pragma once

#include "core/base/error.hpp"
#include "core/http/message.hpp"

#include <string>
#include <string_view>

namespace focus::http {

/// The reason phrase of a status (RFC 9110 §15); empty when it has none.
[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

[[nodiscard]] int status_of(ErrorKind kind) noexcept;

/// What the protocol itself refuses; errors of the rooms have their own type.
struct Refusal {
    int status;
    std::string_view code;
    Text detail;
};

namespace refusals {
extern const Refusal bad_request;        // not HTTP, or ambiguous
extern const Refusal bad_encoding;       // of the path
extern const Refusal not_authenticated;  // 401 without a token
extern const Refusal invalid_token;      // 401 with one
extern const Refusal email_not_verified; // 403
extern const Refusal forbidden;          // 403
extern const Refusal not_found;
extern const Refusal method_not_allowed;
extern const Refusal request_timeout;
extern const Refusal too_large; // 413
extern const Refusal expectation_failed;
extern const Refusal wrong_host;        // 421
extern const Refusal upgrade_required;  // 426
extern const Refusal headers_too_large; // 431
extern const Refusal unsupported_encoding;
extern const Refusal rate_limited;
extern const Refusal internal_error;
extern const Refusal busy; // 503: no memory for the body
} // namespace refusals

/// 413, which names the limit.
[[nodiscard]] Error body_too_large(std::size_t limit);

[[nodiscard]] Response problem(const Refusal& refusal, Language language, std::string_view request_id);
/// `Retry-After` and the validation faults included; never the cause.
[[nodiscard]] Response problem(const Error& error, Language language, std::string_view request_id);

} // namespace focus::http
