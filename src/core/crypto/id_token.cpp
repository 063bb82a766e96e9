#include "core/crypto/id_token.hpp"

#include "core/crypto/crypto.hpp"
#include "core/crypto/foreign_json.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace focus::crypto {

namespace {

constexpr std::size_t k_max_token_bytes = 16 * 1024;
constexpr std::size_t k_max_subject = 255;

/// The claims of a provider, in an ID token or at its UserInfo endpoint. A text that is present but no string is "".
struct Claims {
    Person person;
    std::string issuer;
    std::vector<std::string> audiences;
    bool has_audience_list = false;
    std::optional<std::string> authorized_party;
    std::optional<std::string> nonce;
    std::optional<EpochMs> issued_at;
    std::optional<EpochMs> expires_at;
    bool has_not_before = false;
    std::optional<EpochMs> not_before;
};

/// A NumericDate (RFC 7519 §2) in milliseconds; nothing for another type and for what is thousands of years away.
std::optional<EpochMs> time_of(const json::Reader& value) {
    constexpr double k_max_seconds = 1e11;
    const auto seconds = value.number(-k_max_seconds, k_max_seconds);
    if (!seconds) return std::nullopt;
    return static_cast<EpochMs>(*seconds * 1000);
}

bool is_true(const json::Reader& value) {
    if (value.is_string()) return text_of(value) == "true"; // some providers send it as a text
    return value.boolean().value_or(false);
}

void read_audience(const json::Reader& value, Claims& claims) {
    claims.audiences.clear();
    claims.has_audience_list = value.is_array();
    if (!claims.has_audience_list) claims.audiences.push_back(text_of(value));
    json::Elements elements{value};
    while (const auto element = elements.next()) claims.audiences.push_back(text_of(*element));
}

std::optional<Claims> read_claims(std::string_view json) {
    Claims claims;
    auto& person = claims.person;
    const std::array<std::pair<std::string_view, std::string*>, 6> texts{{{"iss", &claims.issuer},
                                                                          {"sub", &person.subject},
                                                                          {"email", &person.email},
                                                                          {"name", &person.name},
                                                                          {"preferred_username", &person.preferred_username},
                                                                          {"picture", &person.picture}}};
    const bool is_object = visit_object(json, [&](std::string_view name, const json::Reader& value) {
        for (const auto& [known, into] : texts)
            if (name == known) *into = text_of(value);
        if (name == "email_verified") person.email_verified = is_true(value);
        if (name == "aud") read_audience(value, claims);
        if (name == "azp") claims.authorized_party = text_of(value);
        if (name == "nonce") claims.nonce = text_of(value);
        if (name == "iat") claims.issued_at = time_of(value);
        if (name == "exp") claims.expires_at = time_of(value);
        if (name == "nbf") {
            claims.has_not_before = true;
            claims.not_before = time_of(value);
        }
    });
    if (!is_object) return std::nullopt;
    return claims;
}

bool is_subject(std::string_view subject) {
    return !subject.empty() && subject.size() <= k_max_subject && std::ranges::all_of(subject, [](char c) { return c > ' ' && c <= '~'; });
}

std::expected<const JwsKey*, IdTokenFault> key_for(const KeySet& keys, const JwsHeader& header) {
    const auto algorithm = parse_jws_algorithm(header.alg);
    if (!algorithm || *algorithm == JwsAlgorithm::hs256) return std::unexpected{IdTokenFault::wrong_algorithm};
    if (!is_jwt(header) || (header.kid && header.kid->empty())) return std::unexpected{IdTokenFault::malformed};
    const auto* key = keys.find(*algorithm, header.kid.value_or(""));
    if (key == nullptr) return std::unexpected{IdTokenFault::unknown_key};
    return key;
}

/// `aud` contains one of our client ids, and of several audiences `azp` states that it was issued to us.
bool is_for_us(const Claims& claims, const std::vector<std::string>& ours) {
    const auto is_ours = [&](const std::string& id) { return std::ranges::contains(ours, id); };
    if (std::ranges::none_of(claims.audiences, is_ours)) return false;
    if (!claims.authorized_party) return !claims.has_audience_list || claims.audiences.size() == 1;
    return is_ours(*claims.authorized_party);
}

std::optional<IdTokenFault> judge(const Claims& claims, const IdExpectation& expected) {
    if (!is_subject(claims.person.subject)) return IdTokenFault::malformed;
    if (!std::ranges::contains(expected.issuers, claims.issuer)) return IdTokenFault::wrong_issuer;
    if (!is_for_us(claims, expected.audiences)) return IdTokenFault::wrong_audience;
    if (!claims.expires_at || !claims.issued_at) return IdTokenFault::malformed;
    if (*claims.expires_at + k_id_token_skew_ms <= expected.now) return IdTokenFault::expired;
    if (*claims.issued_at - k_id_token_skew_ms > expected.now) return IdTokenFault::not_yet_valid;
    if (claims.has_not_before) {
        if (!claims.not_before) return IdTokenFault::malformed;
        if (*claims.not_before - k_id_token_skew_ms > expected.now) return IdTokenFault::not_yet_valid;
    }
    if (claims.nonce.has_value() == expected.nonce.empty() || !equal_constant_time(claims.nonce.value_or(""), expected.nonce))
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
    const auto jws = Jws::parse(token, k_max_token_bytes);
    if (!jws) return std::unexpected{IdTokenFault::malformed};
    const auto key = key_for(keys, jws->header());
    if (!key) return std::unexpected{key.error()};
    const auto payload = jws->payload(**key);
    if (!payload) return std::unexpected{IdTokenFault::bad_signature};
    auto claims = read_claims(*payload);
    if (!claims) return std::unexpected{IdTokenFault::malformed};
    if (const auto fault = judge(*claims, expected)) return std::unexpected{*fault};
    claims->person.expires_at_ms = claims->expires_at.value_or(0) + k_id_token_skew_ms;
    return std::move(claims->person);
}

std::string id_token_hash(std::string_view token) { return sha256_hex(token.substr(0, token.rfind('.'))); }

std::optional<Person> parse_userinfo(std::string_view json) {
    auto claims = read_claims(json);
    if (!claims || !is_subject(claims->person.subject)) return std::nullopt;
    return std::move(claims->person);
}

} // namespace focus::crypto
