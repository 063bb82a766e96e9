#include "core/crypto/id_token.hpp"

#include "core/crypto/crypto.hpp"

#include <jwt/jwt.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace focus::crypto {

namespace {

using Json = nlohmann::json;

constexpr std::size_t k_max_token_bytes = 16 * 1024;
constexpr std::size_t k_max_subject = 255;

/// The three parts of a compact JWS (RFC 7515 §7.1), still encoded.
struct Parts {
    std::string_view header;
    std::string_view payload;
    std::string_view signature;
    std::string_view signed_text; // header.payload
};

std::optional<Parts> split(std::string_view token) {
    if (token.size() > k_max_token_bytes) return std::nullopt;
    const auto first = token.find('.');
    const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
    if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
    return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1), token.substr(0, second)};
}

/// The JSON object in a part; null when there is none.
Json object_of(std::string_view part) {
    const auto text = base64url_decode(part);
    auto json = text ? Json::parse(*text, nullptr, false) : Json{};
    return json.is_object() ? json : Json{};
}

std::string text_of(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

/// A NumericDate (RFC 7519 §2) in milliseconds; nothing when it is not there or out of this world.
std::optional<EpochMs> time_of(const Json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_number()) return std::nullopt;
    const auto seconds = found->get<double>();
    if (!std::isfinite(seconds) || std::abs(seconds) > 1e11) return std::nullopt;
    return static_cast<EpochMs>(seconds * 1000);
}

bool is_subject(std::string_view subject) {
    return !subject.empty() && subject.size() <= k_max_subject && std::ranges::all_of(subject, [](char c) { return c > ' ' && c <= '~'; });
}

Person person_of(const Json& claims) {
    Person person{.subject = text_of(claims, "sub"),
                  .email = text_of(claims, "email"),
                  .name = text_of(claims, "name"),
                  .preferred_username = text_of(claims, "preferred_username"),
                  .picture = text_of(claims, "picture")};
    const auto verified = claims.find("email_verified"); // some providers send it as a text
    if (verified != claims.end()) person.email_verified = *verified == Json(true) || *verified == Json("true");
    return person;
}

std::expected<const PublicKey*, IdTokenFault> key_for(const KeySet& keys, const Json& header) {
    const auto algorithm = text_of(header, "alg");
    if (algorithm != "RS256" && algorithm != "ES256") return std::unexpected{IdTokenFault::wrong_algorithm};
    // An extension that must be understood (RFC 7515 §4.1.11), or a JWT of another kind (RFC 8725 §3.11).
    auto type = text_of(header, "typ");
    std::ranges::transform(type, type.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    if (header.contains("crit") || (header.contains("typ") && type != "JWT")) return std::unexpected{IdTokenFault::malformed};
    if (header.contains("kid") && text_of(header, "kid").empty()) return std::unexpected{IdTokenFault::malformed};
    const auto* key = keys.find(algorithm == "RS256" ? PublicKey::Algorithm::rs256 : PublicKey::Algorithm::es256, text_of(header, "kid"));
    if (key == nullptr) return std::unexpected{IdTokenFault::unknown_key};
    return key;
}

bool is_signed_by(const PublicKey& key, const Parts& parts) {
    // cpp-jwt reads beyond the end of what is not base64url, so that is looked at first.
    const auto signature = base64url_decode(parts.signature);
    if (!signature || signature->empty()) return false;
    const bool is_rsa = key.algorithm == PublicKey::Algorithm::rs256;
    const auto verify = is_rsa ? &jwt::PEMSign<jwt::algo::RS256>::verify : &jwt::PEMSign<jwt::algo::ES256>::verify;
    return verify(key.pem, parts.signed_text, parts.signature).first;
}

/// `aud` names one of our client ids, and of several audiences `azp` says that we are the one it was issued to.
bool is_for_us(const Json& claims, const std::vector<std::string>& ours) {
    const auto is_ours = [&](const Json& id) { return id.is_string() && std::ranges::contains(ours, id.get_ref<const std::string&>()); };
    const auto audience = claims.find("aud");
    if (audience == claims.end()) return false;
    const bool is_list = audience->is_array();
    if (is_list ? std::ranges::none_of(*audience, is_ours) : !is_ours(*audience)) return false;
    const auto party = claims.find("azp");
    if (party == claims.end()) return !is_list || audience->size() == 1;
    return is_ours(*party);
}

std::optional<IdTokenFault> judge(const Json& claims, const IdExpectation& expected) {
    if (!is_subject(text_of(claims, "sub"))) return IdTokenFault::malformed;
    if (!std::ranges::contains(expected.issuers, text_of(claims, "iss"))) return IdTokenFault::wrong_issuer;
    if (!is_for_us(claims, expected.audiences)) return IdTokenFault::wrong_audience;
    const auto expires_at = time_of(claims, "exp");
    const auto issued_at = time_of(claims, "iat");
    if (!expires_at || !issued_at) return IdTokenFault::malformed;
    if (*expires_at + k_id_token_skew_ms <= expected.now) return IdTokenFault::expired;
    if (*issued_at - k_id_token_skew_ms > expected.now) return IdTokenFault::not_yet_valid;
    if (claims.contains("nbf")) {
        const auto not_before = time_of(claims, "nbf");
        if (!not_before) return IdTokenFault::malformed;
        if (*not_before - k_id_token_skew_ms > expected.now) return IdTokenFault::not_yet_valid;
    }
    const bool has_nonce = claims.contains("nonce");
    if (has_nonce == expected.nonce.empty() || !equal_constant_time(text_of(claims, "nonce"), expected.nonce))
        return IdTokenFault::wrong_nonce;
    return std::nullopt;
}

} // namespace

std::string_view to_string(IdTokenFault fault) noexcept {
    switch (fault) {
    case IdTokenFault::malformed:
        return "malformed";
    case IdTokenFault::wrong_algorithm:
        return "wrong algorithm";
    case IdTokenFault::unknown_key:
        return "unknown key";
    case IdTokenFault::bad_signature:
        return "bad signature";
    case IdTokenFault::wrong_issuer:
        return "wrong issuer";
    case IdTokenFault::wrong_audience:
        return "wrong audience";
    case IdTokenFault::wrong_nonce:
        return "wrong nonce";
    case IdTokenFault::expired:
        return "expired";
    case IdTokenFault::not_yet_valid:
        return "not yet valid";
    }
    return {};
}

std::expected<Person, IdTokenFault> verify_id_token(const KeySet& keys, std::string_view token, const IdExpectation& expected) {
    const auto parts = split(token);
    if (!parts) return std::unexpected{IdTokenFault::malformed};
    const auto header = object_of(parts->header);
    if (header.is_null()) return std::unexpected{IdTokenFault::malformed};
    const auto key = key_for(keys, header);
    if (!key) return std::unexpected{key.error()};
    if (!is_signed_by(**key, *parts)) return std::unexpected{IdTokenFault::bad_signature};
    const auto claims = object_of(parts->payload);
    if (claims.is_null()) return std::unexpected{IdTokenFault::malformed};
    if (const auto fault = judge(claims, expected)) return std::unexpected{*fault};
    auto person = person_of(claims);
    person.expires_at_ms = time_of(claims, "exp").value_or(0) + k_id_token_skew_ms;
    return person;
}

std::string id_token_hash(std::string_view token) {
    const auto parts = split(token);
    return sha256_hex(parts ? parts->signed_text : token);
}

std::optional<Person> parse_userinfo(std::string_view json) {
    const auto claims = Json::parse(json, nullptr, false);
    if (!claims.is_object()) return std::nullopt;
    auto person = person_of(claims);
    if (!is_subject(person.subject)) return std::nullopt;
    return person;
}

} // namespace focus::crypto
