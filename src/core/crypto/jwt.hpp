// Access tokens: JWT (RFC 7519) signed with HS256. No other algorithm is accepted.
#pragma once

#include "core/base/clock.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace focus::crypto {

struct AccessClaims {
    std::int64_t user_id = 0;    // sub
    std::int64_t session_id = 0; // sid
    std::string role;            // "user" or "admin"
    EpochMs issued_at_ms = 0;    // iat
    EpochMs expires_at_ms = 0;   // exp
    std::string id;              // jti
};

/// `type` is "access". Times are cut to seconds, as NumericDate requires.
[[nodiscard]] std::string sign_access_token(std::string_view secret, const AccessClaims& claims);
/// Nothing for a token that is malformed, signed otherwise, of another type or expired at `now`.
[[nodiscard]] std::optional<AccessClaims> verify_access_token(std::string_view secret, std::string_view token, EpochMs now);

} // namespace focus::crypto
