#include "core/crypto/jws.hpp"

#include "core/crypto/crypto.hpp"
#include "core/crypto/jwks.hpp"
#include "support/cpp/signing_key.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace focus::crypto {
namespace {

using testing::SigningKey;

constexpr std::size_t k_max = 4096;

// RFC 7515, appendices A.1 to A.3: the same claims three times.
const std::string k_claims = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
const std::string k_payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const std::string k_hs256 = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + k_payload + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
constexpr std::string_view k_hs256_secret = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
const std::string k_rs256 =
    "eyJhbGciOiJSUzI1NiJ9." + k_payload +
    ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAyn"
    "RFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh"
    "6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
constexpr std::string_view k_rs256_jwk =
    R"({"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-)"
    R"(pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxv)"
    R"(b3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"})";
const std::string k_es256 =
    "eyJhbGciOiJFUzI1NiJ9." + k_payload + ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
constexpr std::string_view k_es256_jwk =
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";

// RFC 8037, appendices A.1, A.2 and A.4.
constexpr std::string_view k_eddsa = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
                                     "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
constexpr std::string_view k_eddsa_jwk = R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";
constexpr std::string_view k_eddsa_secret = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";

std::string bytes(std::string_view text) { return base64url_decode(text).value(); }

JwsKey public_key(std::string_view jwk) { return KeySet::parse(R"({"keys":[)" + std::string{jwk} + "]}").value().keys().at(0).key; }

std::optional<std::string> payload(std::string_view token, const JwsKey& key) {
    const auto jws = Jws::parse(token, k_max);
    return jws ? jws->payload(key) : std::nullopt;
}

struct Vector {
    std::string token;
    std::string payload;
    JwsKey key;
};

std::vector<Vector> vectors() {
    return {{k_hs256, k_claims, JwsKey::hmac(bytes(k_hs256_secret))},
            {k_rs256, k_claims, public_key(k_rs256_jwk)},
            {k_es256, k_claims, public_key(k_es256_jwk)},
            {std::string{k_eddsa}, "Example of Ed25519 signing", public_key(k_eddsa_jwk)}};
}

TEST(Jws, VerifiesTheVectorsOfTheStandards) {
    for (const auto& [token, expected, key] : vectors()) EXPECT_EQ(payload(token, key), expected) << to_string(key.algorithm());
}

TEST(Jws, SignsAsTheStandardsDo) {
    const auto signature_of = [](std::string_view token) { return bytes(token.substr(token.rfind('.') + 1)); };
    const auto signed_text = [](std::string_view token) { return token.substr(0, token.rfind('.')); };
    EXPECT_EQ(JwsKey::hmac(bytes(k_hs256_secret)).sign(signed_text(k_hs256)), signature_of(k_hs256));
    const auto secret = bytes(k_eddsa_secret);
    const std::shared_ptr<EVP_PKEY> key{
        EVP_PKEY_new_raw_private_key_ex(nullptr, "ED25519", nullptr, reinterpret_cast<const unsigned char*>(secret.data()), secret.size()),
        &EVP_PKEY_free};
    EXPECT_EQ(JwsKey::asymmetric(key).value().sign(signed_text(k_eddsa)), signature_of(k_eddsa));
}

TEST(Jws, ReadsWhatItSigned) {
    const auto check = [](const JwsKey& signing, const JwsKey& verifying) {
        for (int i = 0; i < 20; ++i) { // r and s of ES256 are shorter than 32 bytes now and then
            const auto token = sign_jwt(signing, R"({"sub":"1"})");
            EXPECT_EQ(payload(token, verifying), R"({"sub":"1"})") << token;
        }
    };
    check(JwsKey::hmac("secret"), JwsKey::hmac("secret"));
    for (const auto& key : {SigningKey::rsa(), SigningKey::p256(), SigningKey::ed25519()}) check(key.signer(), public_key(key.jwk("k")));
}

TEST(Jws, APublicKeySignsNothing) { EXPECT_THROW((void)public_key(k_es256_jwk).sign("text"), std::runtime_error); }

TEST(Jws, RefusesATokenWithAnyByteChanged) {
    for (const auto& [token, expected, key] : vectors()) {
        for (std::size_t i = 0; i < token.size(); ++i) {
            for (const char other : {'A', 'B', '.', '=', '\0', '\xff'}) {
                auto changed = token;
                changed[i] = other;
                EXPECT_EQ(payload(changed, key).has_value(), changed == token) << to_string(key.algorithm()) << ' ' << i;
            }
        }
    }
}

TEST(Jws, RefusesTruncatedAndAddedParts) {
    for (const auto& [token, expected, key] : vectors()) {
        for (std::size_t size = 0; size < token.size(); ++size) EXPECT_FALSE(payload(token.substr(0, size), key)) << size;
        const auto first = token.find('.');
        const auto last = token.rfind('.');
        EXPECT_FALSE(payload(token + "A", key));
        EXPECT_FALSE(payload(token + "=", key));
        EXPECT_FALSE(payload(token + ".", key));
        EXPECT_FALSE(payload("." + token, key));
        EXPECT_FALSE(payload(token.substr(first + 1), key));
        EXPECT_FALSE(payload(token.substr(first), key));
        EXPECT_FALSE(payload(token.substr(0, first) + token.substr(last), key));
        EXPECT_FALSE(payload(token.substr(0, first + 1) + token.substr(last), key));
    }
}

TEST(Jws, TheLastCharacterHasNoSpareBits) { // 32 bytes leave two, of which only zeros are canonical (RFC 4648 §3.5)
    ASSERT_TRUE(k_hs256.ends_with('k'));
    EXPECT_FALSE(payload(k_hs256.substr(0, k_hs256.size() - 1) + "l", JwsKey::hmac(bytes(k_hs256_secret))));
}

TEST(Jws, RefusesOtherKeysAndAlgorithms) {
    const auto all = vectors();
    for (const auto& token : all)
        for (const auto& key : all)
            EXPECT_EQ(payload(token.token, key.key).has_value(), token.token == key.token) << token.token << to_string(key.key.algorithm());
    EXPECT_FALSE(payload(k_hs256, JwsKey::hmac("another secret")));
    EXPECT_FALSE(payload(k_rs256, public_key(SigningKey::rsa().jwk("k"))));
    EXPECT_FALSE(payload(k_es256, public_key(SigningKey::p256().jwk("k"))));
    EXPECT_FALSE(payload(k_eddsa, public_key(SigningKey::ed25519().jwk("k"))));
    const auto key = JwsKey::hmac("secret");
    const auto forged = [&key](std::string_view header) { // with a signature that is right
        const auto text = base64url_encode(header) + "." + base64url_encode("{}");
        return text + "." + base64url_encode(key.sign(text));
    };
    EXPECT_EQ(payload(forged(R"({"alg":"HS256"})"), key), "{}");
    for (const char* header : {R"({"alg":"none"})", R"({"alg":"hs256"})", R"({"alg":"HS384"})", R"({"alg":"RS256"})", R"({"alg":256})",
                               R"({"alg":["HS256"]})", R"({"alg":"HS256\u0000"})", "{}"})
        EXPECT_FALSE(payload(forged(header), key)) << header;
    EXPECT_FALSE(payload(base64url_encode(R"({"alg":"none"})") + "." + base64url_encode("{}") + ".", key));
}

TEST(Jws, ReadsHeadersStrictly) {
    const auto header = [](std::string_view text) { return Jws::parse(base64url_encode(text) + ".e30.AAAA", 64 * 1024); };
    const auto full = header(R"({"alg":"ES256","kid":"k-1","typ":"jwt","x5t":"AA","jwk":{"kty":"EC"}})");
    ASSERT_TRUE(full);
    EXPECT_EQ(full->header().alg, "ES256");
    EXPECT_EQ(full->header().kid, "k-1");
    EXPECT_EQ(full->header().typ, "jwt");
    EXPECT_FALSE(header("{}").value().header().kid);
    for (const char* bad : {"", "[]", "7", "\"HS256\"", "null", "{", "{}x", R"({"alg":"HS256",})", R"({"alg":"HS256","crit":["b64"]})",
                            R"({"crit":[]})", R"({"alg":"HS256","alg":"HS256"})", R"({"alg":"none","\u0061lg":"HS256"})",
                            R"({"alg":"HS256","x":1,"x":2})", R"({"alg":"HS256","kid":7})", R"({"alg":"HS256","typ":null})", "\xff{}"})
        EXPECT_FALSE(header(bad)) << bad;
    EXPECT_TRUE(header(R"({"x":")" + std::string(6000, 'x') + "\"}"));
    EXPECT_FALSE(header(R"({"x":")" + std::string(7000, 'x') + "\"}")) << "8 KiB at most";
    EXPECT_FALSE(header(std::string(40, '[') + std::string(40, ']')));
    EXPECT_FALSE(Jws::parse("e30=.e30.AAAA", k_max)) << "no padding";
    EXPECT_FALSE(Jws::parse(k_hs256, k_hs256.size() - 1));
}

TEST(Jws, TellsAJwtFromOtherUses) {
    EXPECT_TRUE(is_jwt({}));
    EXPECT_TRUE(is_jwt({.typ = "JWT"}));
    EXPECT_TRUE(is_jwt({.typ = "Jwt"}));
    for (const char* typ : {"", "JW", "JWTs", "at+jwt", "dpop+jwt"}) EXPECT_FALSE(is_jwt({.typ = typ})) << typ;
}

TEST(Jws, TakesOnlyKeysOfItsAlgorithms) {
    const auto algorithm_of = [](EVP_PKEY* made) {
        const auto key = JwsKey::asymmetric({made, &EVP_PKEY_free});
        return key ? std::string{to_string(key->algorithm())} : "none";
    };
    EXPECT_EQ(algorithm_of(EVP_RSA_gen(2048)), "RS256");
    EXPECT_EQ(algorithm_of(EVP_RSA_gen(1024)), "none");
    EXPECT_EQ(algorithm_of(EVP_EC_gen("P-256")), "ES256");
    EXPECT_EQ(algorithm_of(EVP_EC_gen("P-384")), "none");
    EXPECT_EQ(algorithm_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")), "EdDSA");
    EXPECT_EQ(algorithm_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED448")), "none");
    EXPECT_EQ(algorithm_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519")), "none");
    EXPECT_FALSE(JwsKey::asymmetric(nullptr));
    EXPECT_THROW((void)JwsKey::hmac(""), std::invalid_argument);
    for (const auto name : {"HS256", "RS256", "ES256", "EdDSA"}) EXPECT_EQ(to_string(parse_jws_algorithm(name).value()), name);
    EXPECT_FALSE(parse_jws_algorithm("none"));
}

} // namespace
} // namespace focus::crypto
