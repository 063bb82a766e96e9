// ID tokens of OpenID providers (OpenID Connect Core 1.0 §3.1.3.7): JWTs signed with RS256, ES256 or EdDSA. The signature
// is checked with the algorithm of the provider's key; a token that names another one is refused.
#pragma once

#include "core/base/clock.hpp"
#include "core/crypto/jwks.hpp"

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace focus::crypto {

/// How far the provider's clock may be from ours.
inline constexpr EpochMs k_id_token_skew_ms = 60 * k_second_ms;

/// The claims of a provider about a user. Texts are as they came (valid UTF-8); empty: not given.
struct Person {
    std::string subject; // 1–255 visible ASCII characters
    std::string email;
    bool email_verified = false;
    std::string name;
    std::string preferred_username;
    std::string picture;
    EpochMs expires_at_ms = 0; // from then on the token is refused, the skew included
};

/// What a token must contain to be accepted.
struct IdExpectation {
    std::vector<std::string> issuers;   // one of them
    std::vector<std::string> audiences; // our client ids: one of them
    std::string nonce;                  // empty: the token must not have one
    EpochMs now = 0;
};

enum class IdTokenFault {
    malformed,
    wrong_algorithm,
    unknown_key, // perhaps a new one: fetch the keys again
    bad_signature,
    wrong_issuer,
    wrong_audience,
    wrong_nonce,
    expired,
    not_yet_valid,
};
[[nodiscard]] std::string_view to_string(IdTokenFault fault) noexcept;

[[nodiscard]] std::expected<Person, IdTokenFault> verify_id_token(const KeySet& keys, std::string_view token,
                                                                  const IdExpectation& expected);

/// SHA-256 of what the provider signed: identifies a token whatever its signature's encoding.
[[nodiscard]] std::string id_token_hash(std::string_view token);

/// The answer of a UserInfo endpoint (§5.3.2); nothing when it is not one.
[[nodiscard]] std::optional<Person> parse_userinfo(std::string_view json);

} // namespace focus::crypto
