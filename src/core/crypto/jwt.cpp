#include "core/crypto/jwt.hpp"

#include "core/crypto/jws.hpp"
#include "core/json/json.hpp"

#include <charconv>
#include <system_error>

namespace focus::crypto {

namespace {

constexpr std::string_view k_type = "access";
constexpr std::size_t k_max_token_bytes = 2048;
constexpr std::int64_t k_max_seconds = 253'402'300'799; // the end of the year 9999

using Seconds = json::Integer<0, k_max_seconds>; // NumericDate (RFC 7519 §2)

struct Claims {
    Seconds exp;
    Seconds iat;
    std::string jti;
    std::string role;
    std::int64_t sid = 0;
    std::string sub;
    std::string type;
};

/// Nothing when it is not a decimal number.
std::optional<std::int64_t> number_of(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::optional<Claims> read_claims(std::string_view json) {
    try {
        return json::parse<Claims>(json);
    } catch (const Error&) {
        return std::nullopt; // signed by this key, but for another purpose
    }
}

} // namespace

std::string sign_access_token(std::string_view secret, const AccessClaims& claims) {
    return sign_jwt(JwsKey::hmac(secret), json::write(Claims{.exp = {claims.expires_at_ms / k_second_ms},
                                                             .iat = {claims.issued_at_ms / k_second_ms},
                                                             .jti = claims.id,
                                                             .role = claims.role,
                                                             .sid = claims.session_id,
                                                             .sub = std::to_string(claims.user_id),
                                                             .type = std::string{k_type}}));
}

std::optional<AccessClaims> verify_access_token(std::string_view secret, std::string_view token, EpochMs now) {
    if (secret.empty()) return std::nullopt;
    const auto jws = Jws::parse(token, k_max_token_bytes);
    if (!jws || !is_jwt(jws->header())) return std::nullopt;
    const auto payload = jws->payload(JwsKey::hmac(secret));
    if (!payload) return std::nullopt;
    auto claims = read_claims(*payload);
    const auto user_id = claims ? number_of(claims->sub) : std::nullopt;
    if (!user_id || claims->type != k_type || claims->exp.value * k_second_ms <= now) return std::nullopt;
    return AccessClaims{.user_id = *user_id,
                        .session_id = claims->sid,
                        .role = std::move(claims->role),
                        .issued_at_ms = claims->iat.value * k_second_ms,
                        .expires_at_ms = claims->exp.value * k_second_ms,
                        .id = std::move(claims->jti)};
}

} // namespace focus::crypto
