#include "core/crypto/id_token.hpp"

#include "core/crypto/crypto.hpp"
#include "support/cpp/signing_key.hpp"

#include <gtest/gtest.h>

namespace focus::crypto {
namespace {

using testing::SigningKey;

constexpr EpochMs k_now = 1'900'000'000'000;
constexpr std::string_view k_good =
    R"({"iss":"https://id.example","sub":"s-1","aud":"web","exp":1900000600,"iat":1900000000,"nonce":"n-1",)"
    R"("email":"zoe@example.org","email_verified":true,"name":"Zoé","picture":"https://id.example/zoe.png"})";

/// k_good with one text replaced by another.
std::string changed(std::string_view from, std::string_view to) {
    std::string text{k_good};
    const auto at = text.find(from);
    if (at == std::string::npos) throw std::logic_error{"no " + std::string{from}};
    return text.replace(at, from.size(), to);
}

class IdToken : public ::testing::Test {
  protected:
    // Generated once, since an RSA key is slow to generate.
    static const SigningKey& rsa() {
        static const auto key = SigningKey::rsa();
        return key;
    }
    static const SigningKey& p256() {
        static const auto key = SigningKey::p256();
        return key;
    }
    static KeySet keys(const std::string& jwks) { return KeySet::parse(R"({"keys":[)" + jwks + "]}").value(); }
    static KeySet both() { return keys(rsa().jwk("r") + "," + p256().jwk("e")); }

    std::expected<Person, IdTokenFault> verify(const KeySet& set, std::string_view token) { return verify_id_token(set, token, expected_); }
    /// What is wrong with a token like k_good, correctly signed with RS256.
    std::string fault(std::string_view payload) { return outcome(verify(both_, rsa().token(rsa().header("r"), payload))); }
    static std::string outcome(const std::expected<Person, IdTokenFault>& result) {
        return result ? "ok" : std::string{to_string(result.error())};
    }

    KeySet both_ = both();
    IdExpectation expected_{.issuers = {"https://id.example"}, .audiences = {"web", "app"}, .nonce = "n-1", .now = k_now};
};

TEST_F(IdToken, SaysWhenItEnds) {
    const auto person = verify(both_, rsa().token(rsa().header("r"), k_good));
    ASSERT_TRUE(person) << outcome(person);
    EXPECT_EQ(person->expires_at_ms, 1'900'000'600'000 + k_id_token_skew_ms);
}

TEST_F(IdToken, IsNamedByWhatWasSigned) {
    EXPECT_EQ(id_token_hash("head.claims.signature"), id_token_hash("head.claims.other"));
    EXPECT_NE(id_token_hash("head.claims.signature"), id_token_hash("head.claim.signature"));
}

TEST_F(IdToken, TakesAllThreeAlgorithms) {
    const auto ed25519 = SigningKey::ed25519();
    const auto all = keys(rsa().jwk("r") + "," + p256().jwk("e") + "," + ed25519.jwk("d", R"("use":"sig","alg":"EdDSA",)"));
    for (const auto& token :
         {rsa().token(rsa().header("r"), k_good), p256().token(p256().header("e"), k_good), ed25519.token(ed25519.header("d"), k_good)}) {
        const auto person = verify(all, token);
        ASSERT_TRUE(person) << outcome(person);
        EXPECT_EQ(person->subject, "s-1");
        EXPECT_EQ(person->email, "zoe@example.org");
        EXPECT_TRUE(person->email_verified);
        EXPECT_EQ(person->name, "Zoé");
        EXPECT_EQ(person->picture, "https://id.example/zoe.png");
        EXPECT_EQ(person->preferred_username, "");
    }
}

TEST_F(IdToken, TheKeyDecidesTheAlgorithm) {
    const auto text = [&](std::string_view header) { return rsa().token(header, k_good); };
    EXPECT_EQ(outcome(verify(both_, text(R"({"alg":"none","kid":"r"})"))), "wrong algorithm");
    EXPECT_EQ(outcome(verify(both_, text(R"({"alg":"RS512","kid":"r"})"))), "wrong algorithm");
    EXPECT_EQ(outcome(verify(both_, text(R"({"alg":"rs256","kid":"r"})"))), "wrong algorithm");
    EXPECT_EQ(outcome(verify(both_, text(R"({"alg":7,"kid":"r"})"))), "wrong algorithm");
    EXPECT_EQ(outcome(verify(both_, text(R"({"kid":"r"})"))), "wrong algorithm");
    EXPECT_EQ(outcome(verify(both_, text(R"({"alg":"ES256","kid":"r"})"))), "unknown key");
    EXPECT_EQ(outcome(verify(both_, text(R"({"alg":"ES256","kid":"e"})"))), "bad signature");

    // HS256 "signed" with a secret that is none: the public key.
    const auto body = base64url_encode(R"({"alg":"HS256","kid":"r"})") + "." + base64url_encode(k_good);
    EXPECT_EQ(outcome(verify(both_, body + "." + base64url_encode(hmac_sha256(rsa().public_pem(), body)))), "wrong algorithm");
    const auto none = base64url_encode(R"({"alg":"none"})") + "." + base64url_encode(k_good) + ".";
    EXPECT_EQ(outcome(verify(both_, none)), "wrong algorithm");
}

TEST_F(IdToken, RefusesOtherSignatures) {
    const auto other = SigningKey::p256();
    EXPECT_EQ(outcome(verify(both_, other.token(other.header("e"), k_good))), "bad signature");
    EXPECT_EQ(outcome(verify(both_, other.token(other.header("new"), k_good))), "unknown key");
    const auto token = p256().token(p256().header("e"), k_good);
    for (std::size_t i = 0; i < token.size(); ++i) {
        auto tampered = token;
        tampered[i] = tampered[i] == 'A' ? 'Q' : 'A';
        EXPECT_FALSE(verify(both_, tampered)) << i;
    }
    EXPECT_EQ(outcome(verify(both_, token.substr(0, token.rfind('.') + 1))), "bad signature");
    EXPECT_EQ(outcome(verify(both_, token + "A")), "bad signature");
}

TEST_F(IdToken, FindsTheKey) {
    const auto nameless = rsa().token(R"({"alg":"RS256"})", k_good);
    EXPECT_EQ(outcome(verify(both_, nameless)), "ok") << "only one RSA key: it must be this one";
    const auto second = SigningKey::rsa();
    const auto two = keys(rsa().jwk("r") + "," + second.jwk("s"));
    EXPECT_EQ(outcome(verify(two, nameless)), "unknown key") << "which one?";
    EXPECT_EQ(outcome(verify(two, rsa().token(rsa().header("r"), k_good))), "ok");
    EXPECT_EQ(outcome(verify(both_, rsa().token(R"({"alg":"RS256","kid":""})", k_good))), "malformed");
    EXPECT_EQ(outcome(verify(both_, rsa().token(R"({"alg":"RS256","kid":5})", k_good))), "malformed");
}

TEST_F(IdToken, RefusesOtherKindsOfJwt) {
    EXPECT_EQ(outcome(verify(both_, rsa().token(R"({"alg":"RS256","kid":"r","typ":"jwt"})", k_good))), "ok");
    EXPECT_EQ(outcome(verify(both_, rsa().token(R"({"alg":"RS256","kid":"r","typ":"at+jwt"})", k_good))), "malformed");
    EXPECT_EQ(outcome(verify(both_, rsa().token(R"({"alg":"RS256","kid":"r","crit":["b64"],"b64":false})", k_good))), "malformed");
}

TEST_F(IdToken, ChecksWhoItIsFrom) {
    EXPECT_EQ(fault(changed("https://id.example", "https://evil.example")), "wrong issuer");
    EXPECT_EQ(fault(changed("https://id.example", "https://id.example/")), "wrong issuer");
    EXPECT_EQ(fault(changed(R"("iss":"https://id.example",)", "")), "wrong issuer");
}

TEST_F(IdToken, ChecksWhoItIsFor) {
    EXPECT_EQ(fault(changed(R"("web")", R"("app")")), "ok");
    EXPECT_EQ(fault(changed(R"("web")", R"(["web"])")), "ok");
    EXPECT_EQ(fault(changed(R"("web")", R"("webb")")), "wrong audience");
    EXPECT_EQ(fault(changed(R"("web")", "[]")), "wrong audience");
    EXPECT_EQ(fault(changed(R"("web")", "7")), "wrong audience");
    EXPECT_EQ(fault(changed(R"("aud":"web",)", "")), "wrong audience");
    EXPECT_EQ(fault(changed(R"("web")", R"(["web","others"])")), "wrong audience") << "of several, azp must say who";
    EXPECT_EQ(fault(changed(R"("web")", R"(["web","others"],"azp":"web")")), "ok");
    EXPECT_EQ(fault(changed(R"("web")", R"(["web","others"],"azp":"others")")), "wrong audience");
    EXPECT_EQ(fault(changed(R"("web")", R"("web","azp":"others")")), "wrong audience");
    EXPECT_EQ(fault(changed(R"("web")", R"("web","azp":null)")), "wrong audience");
    EXPECT_EQ(fault(changed(R"("web")", R"("others","aud":"web")")), "ok") << "of a repeated claim the last one counts";
    EXPECT_EQ(fault(changed(R"("web")", R"("web","aud":"others")")), "wrong audience");
}

TEST_F(IdToken, ChecksTheTimeWithAMinuteOfSkew) {
    const auto at = [&](EpochMs now) {
        expected_.now = now;
        return fault(k_good);
    };
    EXPECT_EQ(at(k_now + 659'999), "ok");
    EXPECT_EQ(at(k_now + 660'000), "expired");
    EXPECT_EQ(at(k_now - 60'000), "ok");
    EXPECT_EQ(at(k_now - 60'001), "not yet valid");
    expected_.now = k_now;
    EXPECT_EQ(fault(changed(R"("iat":1900000000)", R"("iat":1900000000,"nbf":1900000060)")), "ok");
    EXPECT_EQ(fault(changed(R"("iat":1900000000)", R"("iat":1900000000,"nbf":1900000061)")), "not yet valid");
    EXPECT_EQ(fault(changed(R"("iat":1900000000)", R"("iat":1900000000.5)")), "ok") << "a NumericDate may have a fraction";
    EXPECT_EQ(fault(changed(R"("iat":1900000000,)", "")), "malformed");
    EXPECT_EQ(fault(changed(R"("exp":1900000600,)", "")), "malformed");
    EXPECT_EQ(fault(changed("1900000600", R"("1900000600")")), "malformed");
    EXPECT_EQ(fault(changed("1900000600", "1e300")), "malformed");
}

TEST_F(IdToken, ChecksTheNonce) {
    EXPECT_EQ(fault(changed("n-1", "n-2")), "wrong nonce");
    EXPECT_EQ(fault(changed(R"("nonce":"n-1",)", "")), "wrong nonce");
    EXPECT_EQ(fault(changed(R"("n-1")", "1")), "wrong nonce");
    expected_.nonce.clear();
    EXPECT_EQ(fault(k_good), "wrong nonce") << "a token of another flow";
    EXPECT_EQ(fault(changed(R"("nonce":"n-1",)", "")), "ok");
}

TEST_F(IdToken, ReadsOddPersons) {
    EXPECT_EQ(fault(changed("s-1", "")), "malformed");
    EXPECT_EQ(fault(changed("s-1", "s 1")), "malformed");
    EXPECT_EQ(fault(changed("s-1", std::string(256, 's'))), "malformed");
    EXPECT_EQ(fault(changed(R"("s-1")", "1")), "malformed");
    const auto person = [&](std::string_view payload) { return verify(both_, rsa().token(rsa().header("r"), payload)).value(); };
    EXPECT_TRUE(person(changed(R"("email_verified":true)", R"("email_verified":"true")")).email_verified);
    EXPECT_FALSE(person(changed(R"("email_verified":true)", R"("email_verified":"false")")).email_verified);
    EXPECT_FALSE(person(changed(R"("email_verified":true)", R"("email_verified":1)")).email_verified);
    EXPECT_FALSE(person(changed(R"(,"email_verified":true)", "")).email_verified);
    EXPECT_EQ(person(changed(R"("zoe@example.org")", "[]")).email, "");
}

TEST_F(IdToken, SurvivesAnyText) {
    for (const std::string text : {"", ".", "..", "a.b.c", "e30.e30.e30", "e30.e30", "e30.e30.e30.e30", "W10.e30.AAAA", "\xff.\xff.\xff"})
        EXPECT_FALSE(verify(both_, text)) << text;
    EXPECT_FALSE(verify(both_, std::string(20'000, 'A') + ".e30.AAAA"));
    EXPECT_EQ(fault("[]"), "malformed");
    EXPECT_EQ(fault("\xff"), "malformed");
    EXPECT_EQ(fault(std::string(5000, '[')), "malformed");
}

TEST_F(IdToken, LeavesOutKeysThatAreNotForUs) {
    const auto count = [](const std::string& jwk) { return keys(jwk).keys().size(); };
    EXPECT_EQ(count(rsa().jwk("r", R"("use":"sig","alg":"RS256",)")), 1U);
    EXPECT_EQ(count(rsa().jwk("r", R"("use":"enc",)")), 0U);
    EXPECT_EQ(count(rsa().jwk("r", R"("alg":"RS512",)")), 0U);
    EXPECT_EQ(count(SigningKey::rsa(1024).jwk("weak")), 0U);
    EXPECT_EQ(count(p256().jwk("e", R"("alg":"ES256",)")), 1U);
    EXPECT_EQ(count(p256().jwk("e", R"("alg":"RS256",)")), 0U);
    EXPECT_EQ(count(SigningKey::ed25519().jwk("d", R"("alg":"EdDSA",)")), 1U);
    EXPECT_EQ(count(SigningKey::ed25519().jwk("d", R"("alg":"ES256",)")), 0U);
    EXPECT_EQ(count(R"({"kty":"OKP","crv":"Ed25519","x":"AAAA"},{"kty":"OKP","crv":"X25519","x":")" + std::string(43, 'A') + "\"}"), 0U);
    EXPECT_EQ(count(rsa().jwk(std::string(256, 'k'))), 0U) << "the kid is too long";
    EXPECT_EQ(count(R"({"kty":"oct","k":"AAAA"},7,{},{"kty":"RSA"},{"kty":"RSA","n":"AQAB","e":"AQAB"})"), 0U);
    const std::string zeros(43, 'A');
    EXPECT_EQ(count(R"({"kty":"EC","crv":"P-256","x":")" + zeros + R"(","y":")" + zeros + "\"}"), 0U) << "not on the curve";
    for (const char* text : {"", "7", "[]", "{}", R"({"keys":{}})", "{\"keys\":["}) EXPECT_FALSE(KeySet::parse(text)) << text;
}

TEST(UserInfo, IsAnObjectWithASubject) {
    EXPECT_EQ(parse_userinfo(R"({"sub":"s","email":"a@example.org","email_verified":true})")->email, "a@example.org");
    for (const char* text : {"", "[]", "{}", R"({"sub":7})", R"({"sub":""})", "eyJhbGciOiJub25lIn0.e30."})
        EXPECT_FALSE(parse_userinfo(text)) << text;
}

} // namespace
} // namespace focus::crypto
