#include "core/crypto/jwks.hpp"

#include "core/crypto/crypto.hpp"
#include "core/crypto/evp.hpp"
#include "core/crypto/foreign_json.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include <array>
#include <utility>

namespace focus::crypto {

namespace {

constexpr std::size_t k_max_keys = 100;
constexpr std::size_t k_max_id = 255;
constexpr std::size_t k_min_modulus = 2048 / 8;
constexpr std::size_t k_max_modulus = 8192 / 8;
constexpr std::size_t k_max_exponent = 8;
constexpr std::size_t k_coordinate = 256 / 8;

using Number = std::unique_ptr<BIGNUM, Deleter<&BN_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Deleter<&EVP_PKEY_CTX_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Deleter<&OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Deleter<&OSSL_PARAM_free>>;

/// A JSON Web Key as it came. Members that are not strings are empty.
struct Jwk {
    std::string kty;
    std::optional<std::string> use;
    std::optional<std::string> alg;
    std::string kid;
    std::string n; // of RSA (RFC 7518 §6.3.1)
    std::string e;
    std::string crv; // of EC (RFC 7518 §6.2.1) and OKP (RFC 8037 §2)
    std::string x;
    std::string y;
};

Jwk read_jwk(const json::Reader& object) {
    Jwk jwk;
    const std::array<std::pair<std::string_view, std::string*>, 7> texts{
        {{"kty", &jwk.kty}, {"kid", &jwk.kid}, {"n", &jwk.n}, {"e", &jwk.e}, {"crv", &jwk.crv}, {"x", &jwk.x}, {"y", &jwk.y}}};
    object.each_member([&](std::string_view name, const json::Reader& value) {
        if (name == "use") jwk.use = text_of(value);
        if (name == "alg") jwk.alg = text_of(value);
        for (const auto& [known, into] : texts)
            if (name == known) *into = text_of(value);
    });
    return jwk;
}

std::string decoded(std::string_view text) { return base64url_decode(text).value_or(""); }

Number number_of(std::string_view bytes) { return Number{BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr)}; }

/// Null when OpenSSL does not accept it as a valid key.
KeyHandle key_from(const char* type, const Builder& builder) {
    const Params params{OSSL_PARAM_BLD_to_param(builder.get())};
    const KeyContext making{EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr)};
    EVP_PKEY* made = nullptr;
    if (!params || !making || EVP_PKEY_fromdata_init(making.get()) != 1 ||
        EVP_PKEY_fromdata(making.get(), &made, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
        return nullptr;
    KeyHandle key{made};
    const KeyContext checking{EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr)};
    if (!checking || EVP_PKEY_public_check(checking.get()) != 1) return nullptr;
    return key;
}

KeyHandle rsa_key(const Jwk& jwk) {
    const auto modulus = decoded(jwk.n);
    const auto exponent = decoded(jwk.e);
    if (modulus.size() < k_min_modulus || modulus.size() > k_max_modulus || modulus.front() == 0) return nullptr;
    if (exponent.empty() || exponent.size() > k_max_exponent) return nullptr;
    const Number n = number_of(modulus);
    const Number e = number_of(exponent);
    const Builder builder{OSSL_PARAM_BLD_new()};
    if (!n || !e || !builder || BN_is_odd(e.get()) == 0 || BN_is_one(e.get()) != 0 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
        return nullptr;
    return key_from("RSA", builder);
}

KeyHandle p256_key(const Jwk& jwk) {
    const auto x = decoded(jwk.x);
    const auto y = decoded(jwk.y);
    if (jwk.crv != "P-256" || x.size() != k_coordinate || y.size() != k_coordinate) return nullptr;
    const std::string point = '\x04' + x + y; // SEC 1 §2.3.3, uncompressed
    const Builder builder{OSSL_PARAM_BLD_new()};
    if (!builder || OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
        return nullptr;
    return key_from("EC", builder);
}

KeyHandle ed25519_key(const Jwk& jwk) {
    const auto x = decoded(jwk.x);
    if (jwk.crv != "Ed25519") return nullptr;
    return KeyHandle{EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, bytes_of(x), x.size())}; // null unless 32 bytes
}

std::optional<JwsKey> jws_key(const Jwk& jwk) {
    if (jwk.kty == "RSA") return JwsKey::asymmetric(rsa_key(jwk));
    if (jwk.kty == "EC") return JwsKey::asymmetric(p256_key(jwk));
    if (jwk.kty == "OKP") return JwsKey::asymmetric(ed25519_key(jwk));
    return std::nullopt;
}

std::optional<PublicKey> key_of(const json::Reader& value) {
    if (!value.is_object()) return std::nullopt;
    auto jwk = read_jwk(value);
    if (jwk.use.value_or("sig") != "sig" || jwk.kid.size() > k_max_id) return std::nullopt;
    auto key = jws_key(jwk);
    if (!key || (jwk.alg && *jwk.alg != to_string(key->algorithm()))) return std::nullopt;
    return PublicKey{.id = std::move(jwk.kid), .key = std::move(*key)};
}

} // namespace

std::optional<KeySet> KeySet::parse(std::string_view json) {
    std::optional<KeySet> set;
    const bool is_object = visit_object(json, [&set](std::string_view name, const json::Reader& value) {
        if (name != "keys") return;
        set.reset(); // of a repeated member the last one counts
        json::Elements elements{value};
        if (!value.is_array() || elements.left() > k_max_keys) return;
        set.emplace();
        while (const auto jwk = elements.next())
            if (auto key = key_of(*jwk)) set->keys_.push_back(std::move(*key));
    });
    return is_object ? set : std::nullopt;
}

const JwsKey* KeySet::find(JwsAlgorithm algorithm, std::string_view id) const noexcept {
    const JwsKey* found = nullptr;
    for (const auto& [key_id, key] : keys_) {
        if (key.algorithm() != algorithm || (!id.empty() && key_id != id)) continue;
        if (found != nullptr) return nullptr; // several would do: it is not clear which one signed
        found = &key;
    }
    return found;
}

} // namespace focus::crypto
