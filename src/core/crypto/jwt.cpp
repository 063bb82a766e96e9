#include "core/crypto/jwt.hpp"

#include <jwt/jwt.hpp>

#include <charconv>
#include <exception>
#include <limits>
#include <system_error>

namespace focus::crypto {

namespace {

constexpr std::string_view k_type = "access";
constexpr std::size_t k_max_token_bytes = 2048;

/// cpp-jwt takes well-formed input for granted (bytes outside base64url make it read out of bounds, a missing dot
/// fails an assertion), so a token's form is checked before it gets there.
bool has_compact_form(std::string_view token) {
    static constexpr std::string_view k_characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    if (token.size() > k_max_token_bytes || token.find_first_not_of(k_characters) != std::string_view::npos) return false;
    const std::size_t first = token.find('.');
    const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
    return second != std::string_view::npos && token.find('.', second + 1) == std::string_view::npos && first > 0 && second > first + 1 &&
           second + 1 < token.size();
}

AccessClaims claims_of(const jwt::jwt_payload& payload) {
    const auto& json = payload.create_json_obj();
    const std::string& subject = json.at("sub").get_ref<const std::string&>();
    AccessClaims claims;
    const auto [end, error] = std::from_chars(subject.data(), subject.data() + subject.size(), claims.user_id);
    if (error != std::errc{} || end != subject.data() + subject.size()) throw std::invalid_argument{"sub"};
    if (json.at("type").get_ref<const std::string&>() != k_type) throw std::invalid_argument{"type"};
    claims.session_id = json.at("sid").get<std::int64_t>();
    claims.role = json.at("role").get<std::string>();
    claims.issued_at_ms = json.at("iat").get<std::int64_t>() * k_second_ms;
    claims.expires_at_ms = json.at("exp").get<std::int64_t>() * k_second_ms;
    claims.id = json.at("jti").get<std::string>();
    return claims;
}

} // namespace

std::string sign_access_token(std::string_view secret, const AccessClaims& claims) {
    jwt::jwt_object token{jwt::params::algorithm("HS256"), jwt::params::secret(secret)};
    token.add_claim("sub", std::to_string(claims.user_id))
        .add_claim("sid", claims.session_id)
        .add_claim("role", claims.role)
        .add_claim("type", std::string{k_type})
        .add_claim("iat", claims.issued_at_ms / k_second_ms)
        .add_claim("exp", claims.expires_at_ms / k_second_ms)
        .add_claim("jti", claims.id);
    return token.signature();
}

std::optional<AccessClaims> verify_access_token(std::string_view secret, std::string_view token, EpochMs now) {
    if (secret.empty() || !has_compact_form(token)) return std::nullopt;
    try {
        // The signature is checked here and the expiry below, by our clock: the leeway switches cpp-jwt's own check off.
        std::error_code error;
        const auto decoded = jwt::decode(token, jwt::params::algorithms({"HS256"}), error, jwt::params::secret(secret),
                                         jwt::params::leeway(std::numeric_limits<std::uint32_t>::max()));
        if (error) return std::nullopt;
        AccessClaims claims = claims_of(decoded.payload());
        if (claims.expires_at_ms <= now) return std::nullopt;
        return claims;
    } catch (const std::exception&) {
        return std::nullopt; // JSON of another shape than ours
    }
}

} // namespace focus::crypto
