#include "core/crypto/jwks.hpp"

#include "core/crypto/crypto.hpp"

#include <nlohmann/json.hpp>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include <algorithm>
#include <memory>

namespace focus::crypto {

namespace {

using Json = nlohmann::json;

constexpr std::size_t k_max_keys = 100;
constexpr std::size_t k_max_id = 255;
constexpr std::size_t k_min_modulus = 2048 / 8;
constexpr std::size_t k_max_modulus = 8192 / 8;
constexpr std::size_t k_max_exponent = 8;
constexpr std::size_t k_coordinate = 256 / 8;

template <auto Free>
struct Deleter {
    template <class T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};
using Number = std::unique_ptr<BIGNUM, Deleter<&BN_free>>;
using Key = std::unique_ptr<EVP_PKEY, Deleter<&EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Deleter<&EVP_PKEY_CTX_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Deleter<&OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Deleter<&OSSL_PARAM_free>>;
using Memory = std::unique_ptr<BIO, Deleter<&BIO_free_all>>;

/// A member that is a string; empty when it is not there or something else.
std::string text_of(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::string bytes_of(const Json& jwk, const char* name) { return base64url_decode(text_of(jwk, name)).value_or(""); }

Number number_of(std::string_view bytes) {
    return Number{BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), nullptr)};
}

/// The key as PEM; empty when OpenSSL does not take it for a sound one.
std::string to_pem(const char* type, const Builder& builder) {
    const Params params{OSSL_PARAM_BLD_to_param(builder.get())};
    const KeyContext making{EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr)};
    EVP_PKEY* made = nullptr;
    if (!params || !making || EVP_PKEY_fromdata_init(making.get()) != 1 ||
        EVP_PKEY_fromdata(making.get(), &made, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
        return {};
    const Key key{made};
    const KeyContext checking{EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr)};
    if (!checking || EVP_PKEY_public_check(checking.get()) != 1) return {};
    const Memory memory{BIO_new(BIO_s_mem())};
    if (!memory || PEM_write_bio_PUBKEY(memory.get(), key.get()) != 1) return {};
    char* text = nullptr;
    const long size = BIO_get_mem_data(memory.get(), &text); // NOLINT: OpenSSL's macro casts
    return {text, static_cast<std::size_t>(size)};
}

std::string rsa_pem(const Json& jwk) {
    const auto modulus = bytes_of(jwk, "n");
    const auto exponent = bytes_of(jwk, "e");
    if (modulus.size() < k_min_modulus || modulus.size() > k_max_modulus || modulus.front() == 0) return {};
    if (exponent.empty() || exponent.size() > k_max_exponent) return {};
    const Number n = number_of(modulus);
    const Number e = number_of(exponent);
    const Builder builder{OSSL_PARAM_BLD_new()};
    if (!n || !e || !builder || BN_is_odd(e.get()) == 0 || BN_is_one(e.get()) != 0 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
        return {};
    return to_pem("RSA", builder);
}

std::string p256_pem(const Json& jwk) {
    const auto x = bytes_of(jwk, "x");
    const auto y = bytes_of(jwk, "y");
    if (text_of(jwk, "crv") != "P-256" || x.size() != k_coordinate || y.size() != k_coordinate) return {};
    const std::string point = '\x04' + x + y; // SEC 1 §2.3.3, uncompressed
    const Builder builder{OSSL_PARAM_BLD_new()};
    if (!builder || OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
        return {};
    return to_pem("EC", builder);
}

/// A member that, if it is there, must have this value.
bool fits(const Json& jwk, const char* name, std::string_view value) { return !jwk.contains(name) || text_of(jwk, name) == value; }

std::optional<PublicKey> key_of(const Json& jwk) {
    if (!jwk.is_object() || !fits(jwk, "use", "sig")) return std::nullopt;
    const auto type = text_of(jwk, "kty");
    PublicKey key{.id = text_of(jwk, "kid")};
    if (type == "RSA" && fits(jwk, "alg", "RS256")) {
        key.algorithm = PublicKey::Algorithm::rs256;
        key.pem = rsa_pem(jwk);
    } else if (type == "EC" && fits(jwk, "alg", "ES256")) {
        key.algorithm = PublicKey::Algorithm::es256;
        key.pem = p256_pem(jwk);
    }
    if (key.pem.empty() || key.id.size() > k_max_id) return std::nullopt;
    return key;
}

} // namespace

std::optional<KeySet> KeySet::parse(std::string_view json) {
    const auto document = Json::parse(json, nullptr, false);
    if (!document.is_object()) return std::nullopt;
    const auto keys = document.find("keys");
    if (keys == document.end() || !keys->is_array() || keys->size() > k_max_keys) return std::nullopt;
    KeySet set;
    for (const auto& jwk : *keys)
        if (auto key = key_of(jwk)) set.keys_.push_back(std::move(*key));
    return set;
}

const PublicKey* KeySet::find(PublicKey::Algorithm algorithm, std::string_view id) const noexcept {
    const PublicKey* found = nullptr;
    for (const auto& key : keys_) {
        if (key.algorithm != algorithm || (!id.empty() && key.id != id)) continue;
        if (found != nullptr) return nullptr; // several would do: it is not clear which one signed
        found = &key;
    }
    return found;
}

} // namespace focus::crypto
