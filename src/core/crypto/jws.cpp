#include "core/crypto/jws.hpp"

#include "core/crypto/crypto.hpp"
#include "core/crypto/evp.hpp"
#include "core/crypto/foreign_json.hpp"

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>
#include <vector>

namespace focus::crypto {

namespace {

constexpr std::size_t k_max_header_bytes = 8 * 1024; // encoded
constexpr int k_min_rsa_bits = 2048;
constexpr int k_max_rsa_bits = 8192;
constexpr std::size_t k_p256_bytes = 32;

constexpr std::array<std::pair<JwsAlgorithm, std::string_view>, 4> k_names{
    {{JwsAlgorithm::hs256, "HS256"}, {JwsAlgorithm::rs256, "RS256"}, {JwsAlgorithm::es256, "ES256"}, {JwsAlgorithm::eddsa, "EdDSA"}}};

using DigestContext = std::unique_ptr<EVP_MD_CTX, Deleter<&EVP_MD_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Deleter<&BN_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Deleter<&ECDSA_SIG_free>>;

void require(bool succeeded, const char* what) {
    if (!succeeded) throw std::runtime_error{std::string{"jws: "} + what + " failed"};
}

DigestContext new_context() {
    DigestContext context{EVP_MD_CTX_new()};
    require(context != nullptr, "EVP_MD_CTX_new");
    return context;
}

/// Ed25519 hashes by itself.
const char* digest_of(JwsAlgorithm algorithm) noexcept { return algorithm == JwsAlgorithm::eddsa ? nullptr : "SHA256"; }

bool is_p256(const EVP_PKEY* key) {
    std::array<char, 32> name{};
    std::size_t size = 0;
    return EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) == 1 &&
           std::string_view{name.data(), size} == "prime256v1";
}

// OpenSSL takes and gives ECDSA signatures in DER, a JWS has r and s one after the other, 32 bytes each (RFC 7518 §3.4).

std::string raw_of(std::string_view der) {
    const auto* at = bytes_of(der);
    const EcdsaSignature parsed{d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()))};
    require(parsed != nullptr, "d2i_ECDSA_SIG");
    std::string raw(2 * k_p256_bytes, '\0');
    require(BN_bn2binpad(ECDSA_SIG_get0_r(parsed.get()), bytes_of(raw), k_p256_bytes) >= 0 &&
                BN_bn2binpad(ECDSA_SIG_get0_s(parsed.get()), bytes_of(raw) + k_p256_bytes, k_p256_bytes) >= 0,
            "BN_bn2binpad");
    return raw;
}

/// Nothing when it is not 64 bytes long.
std::optional<std::string> der_of(std::string_view raw) {
    if (raw.size() != 2 * k_p256_bytes) return std::nullopt;
    Number r{BN_bin2bn(bytes_of(raw), k_p256_bytes, nullptr)};
    Number s{BN_bin2bn(bytes_of(raw) + k_p256_bytes, k_p256_bytes, nullptr)};
    const EcdsaSignature signature{ECDSA_SIG_new()};
    require(r && s && signature, "ECDSA_SIG_new");
    require(ECDSA_SIG_set0(signature.get(), r.release(), s.release()) == 1, "ECDSA_SIG_set0"); // fails for null pointers only
    const int size = i2d_ECDSA_SIG(signature.get(), nullptr);
    require(size > 0, "i2d_ECDSA_SIG");
    std::string der(static_cast<std::size_t>(size), '\0');
    auto* at = bytes_of(der);
    require(i2d_ECDSA_SIG(signature.get(), &at) == size, "i2d_ECDSA_SIG");
    return der;
}

std::optional<JwsHeader> read_header(std::string_view encoded) {
    if (encoded.size() > k_max_header_bytes) return std::nullopt;
    const auto text = base64url_decode(encoded);
    if (!text) return std::nullopt;
    JwsHeader header;
    std::vector<std::string> names;
    bool is_acceptable = true;
    const auto take = [&](std::optional<std::string>& field, const json::Reader& value) {
        is_acceptable = is_acceptable && value.is_string();
        field = text_of(value);
    };
    const bool is_object = visit_object(*text, [&](std::string_view name, const json::Reader& value) {
        names.emplace_back(name);
        if (name == "alg") header.alg = text_of(value);
        if (name == "kid") take(header.kid, value);
        if (name == "typ") take(header.typ, value);
        if (name == "crit") is_acceptable = false;
    });
    std::ranges::sort(names);
    if (!is_object || !is_acceptable || std::ranges::adjacent_find(names) != names.end()) return std::nullopt;
    return header;
}

} // namespace

std::string_view to_string(JwsAlgorithm algorithm) noexcept {
    return std::ranges::find(k_names, algorithm, &std::pair<JwsAlgorithm, std::string_view>::first)->second;
}

std::optional<JwsAlgorithm> parse_jws_algorithm(std::string_view name) noexcept {
    const auto* const found = std::ranges::find(k_names, name, &std::pair<JwsAlgorithm, std::string_view>::second);
    if (found == k_names.end()) return std::nullopt;
    return found->first;
}

JwsKey JwsKey::hmac(std::string_view secret) {
    if (secret.empty()) throw std::invalid_argument{"jws: the secret is empty"};
    JwsKey key{JwsAlgorithm::hs256};
    key.secret_ = secret;
    return key;
}

std::optional<JwsKey> JwsKey::asymmetric(std::shared_ptr<EVP_PKEY> key) {
    if (key == nullptr) return std::nullopt;
    std::optional<JwsKey> made;
    const int bits = EVP_PKEY_get_bits(key.get());
    if (EVP_PKEY_is_a(key.get(), "RSA") == 1 && bits >= k_min_rsa_bits && bits <= k_max_rsa_bits)
        made = JwsKey{JwsAlgorithm::rs256};
    else if (is_p256(key.get()))
        made = JwsKey{JwsAlgorithm::es256};
    else if (EVP_PKEY_is_a(key.get(), "ED25519") == 1)
        made = JwsKey{JwsAlgorithm::eddsa};
    if (made) made->key_ = std::move(key);
    return made;
}

std::string JwsKey::sign(std::string_view text) const {
    if (algorithm_ == JwsAlgorithm::hs256) return hmac_sha256(secret_, text);
    const auto context = new_context();
    std::size_t size = 0;
    require(EVP_DigestSignInit_ex(context.get(), nullptr, digest_of(algorithm_), nullptr, nullptr, key_.get(), nullptr) == 1 &&
                EVP_DigestSign(context.get(), nullptr, &size, bytes_of(text), text.size()) == 1,
            "EVP_DigestSign");
    std::string signature(size, '\0');
    require(EVP_DigestSign(context.get(), bytes_of(signature), &size, bytes_of(text), text.size()) == 1, "EVP_DigestSign");
    signature.resize(size);
    return algorithm_ == JwsAlgorithm::es256 ? raw_of(signature) : signature;
}

bool JwsKey::verify(std::string_view text, std::string_view signature) const {
    if (algorithm_ == JwsAlgorithm::hs256) return equal_constant_time(hmac_sha256(secret_, text), signature);
    std::optional<std::string> der;
    if (algorithm_ == JwsAlgorithm::es256) {
        der = der_of(signature);
        if (!der) return false;
        signature = *der;
    }
    const auto context = new_context();
    require(EVP_DigestVerifyInit_ex(context.get(), nullptr, digest_of(algorithm_), nullptr, nullptr, key_.get(), nullptr) == 1,
            "EVP_DigestVerifyInit");
    return EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text), text.size()) == 1;
}

std::optional<Jws> Jws::parse(std::string_view token, std::size_t max_bytes) {
    if (token.size() > max_bytes || std::ranges::count(token, '.') != 2) return std::nullopt;
    const auto first = token.find('.');
    const auto second = token.find('.', first + 1);
    auto header = read_header(token.substr(0, first));
    if (!header) return std::nullopt;
    Jws jws;
    jws.header_ = std::move(*header);
    jws.signed_text_ = token.substr(0, second);
    jws.payload_ = token.substr(first + 1, second - first - 1);
    jws.signature_ = token.substr(second + 1);
    return jws;
}

std::optional<std::string> Jws::payload(const JwsKey& key) const {
    if (header_.alg != to_string(key.algorithm())) return std::nullopt;
    const auto signature = base64url_decode(signature_);
    if (!signature || !key.verify(signed_text_, *signature)) return std::nullopt;
    return base64url_decode(payload_);
}

bool is_jwt(const JwsHeader& header) noexcept {
    constexpr std::string_view k_jwt = "JWT";
    const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
    return !header.typ || std::ranges::equal(*header.typ, k_jwt, {}, upper);
}

std::string sign_jwt(const JwsKey& key, std::string_view claims) {
    auto text =
        base64url_encode(R"({"alg":")" + std::string{to_string(key.algorithm())} + R"(","typ":"JWT"})") + "." + base64url_encode(claims);
    const auto signature = key.sign(text);
    return text + "." + base64url_encode(signature);
}

} // namespace focus::crypto
