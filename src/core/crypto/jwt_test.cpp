#include "core/crypto/jwt.hpp"

#include "core/crypto/crypto.hpp"

#include <gtest/gtest.h>

namespace focus::crypto {
namespace {

constexpr EpochMs k_now = 1'900'000'000'000;
constexpr std::string_view k_secret = "0123456789abcdef0123456789abcdef";

AccessClaims some_claims() {
    return {.user_id = 9'007'199'254'740'993,
            .session_id = 42,
            .role = "user",
            .issued_at_ms = k_now,
            .expires_at_ms = k_now + 1'800'000,
            .id = "abc"};
}

/// A token with any header and payload, signed by us.
std::string forge(std::string_view header, std::string_view payload, std::string_view secret = k_secret) {
    const std::string data = base64url_encode(header) + "." + base64url_encode(payload);
    return data + "." + base64url_encode(hmac_sha256(secret, data));
}

constexpr std::string_view k_header = R"({"alg":"HS256","typ":"JWT"})";
constexpr std::string_view k_payload =
    R"({"sub":"7","sid":42,"role":"user","type":"access","iat":1900000000,"exp":1900001800,"jti":"abc"})";

TEST(Jwt, ReadsWhatItSigned) {
    const std::string token = sign_access_token(k_secret, some_claims());
    const auto claims = verify_access_token(k_secret, token, k_now);
    ASSERT_TRUE(claims);
    EXPECT_EQ(claims->user_id, 9'007'199'254'740'993);
    EXPECT_EQ(claims->session_id, 42);
    EXPECT_EQ(claims->role, "user");
    EXPECT_EQ(claims->issued_at_ms, k_now);
    EXPECT_EQ(claims->expires_at_ms, k_now + 1'800'000);
    EXPECT_EQ(claims->id, "abc");
    EXPECT_TRUE(verify_access_token(k_secret, forge(k_header, k_payload), k_now)) << "other implementations sign the same";
}

TEST(Jwt, ExpiresByTheGivenClockOnly) {
    const std::string token = sign_access_token(k_secret, some_claims());
    EXPECT_TRUE(verify_access_token(k_secret, token, k_now + 1'799'999));
    EXPECT_FALSE(verify_access_token(k_secret, token, k_now + 1'800'000));
    auto old = some_claims();
    old.expires_at_ms = 1'000'000'000'000; // long ago for the system's clock
    EXPECT_TRUE(verify_access_token(k_secret, sign_access_token(k_secret, old), 999'999'999'000));
}

TEST(Jwt, RefusesOtherSignaturesAndAlgorithms) {
    const std::string token = sign_access_token(k_secret, some_claims());
    EXPECT_FALSE(verify_access_token("another secret, as long as the first", token, k_now));
    EXPECT_FALSE(verify_access_token("", token, k_now));
    for (std::size_t i = 0; i < token.size(); ++i) {
        std::string tampered = token;
        tampered[i] = tampered[i] == 'A' ? 'Q' : 'A';
        EXPECT_FALSE(verify_access_token(k_secret, tampered, k_now)) << i;
    }
    for (const char* header :
         {R"({"alg":"none"})", R"({"alg":"NONE","typ":"JWT"})", R"({"alg":"HS384","typ":"JWT"})", R"({"alg":"RS256","typ":"JWT"})",
          R"({"alg":"XX"})", R"({"alg":5})", R"({"typ":"JWT"})", R"({"alg":"HS256","typ":7})", "[]", "7", "x", ""})
        EXPECT_FALSE(verify_access_token(k_secret, forge(header, k_payload), k_now)) << header;
    const std::string unsigned_token = base64url_encode(R"({"alg":"none"})") + "." + base64url_encode(k_payload) + ".";
    EXPECT_FALSE(verify_access_token(k_secret, unsigned_token, k_now));
}

TEST(Jwt, RefusesOtherPayloads) {
    for (const char* payload :
         {R"({"sub":"7","sid":42,"role":"user","type":"refresh","iat":1900000000,"exp":1900001800,"jti":"abc"})",
          R"({"sub":7,"sid":42,"role":"user","type":"access","iat":1900000000,"exp":1900001800,"jti":"abc"})",
          R"({"sub":"7x","sid":42,"role":"user","type":"access","iat":1900000000,"exp":1900001800,"jti":"abc"})",
          R"({"sub":"","sid":42,"role":"user","type":"access","iat":1900000000,"exp":1900001800,"jti":"abc"})",
          R"({"sid":42,"role":"user","type":"access","iat":1900000000,"exp":1900001800,"jti":"abc"})",
          R"({"sub":"7","sid":42,"role":"user","type":"access","iat":1900000000,"jti":"abc"})",
          R"({"sub":"7","sid":42,"role":"user","type":"access","iat":1900000000,"exp":"1900001800","jti":"abc"})",
          R"({"sub":"7","sid":42,"role":"user","type":"access","iat":1900000000,"exp":-1,"jti":"abc"})",
          R"({"sub":"7","sid":42,"role":"user","type":"access","iat":1900000000,"exp":18446744073709551615,"jti":"abc"})",
          R"({"sub":"7","sid":[42],"role":"user","type":"access","iat":1900000000,"exp":1900001800,"jti":"abc"})", R"([1,2])", R"("text")",
          "null", "{", "\xff", ""})
        EXPECT_FALSE(verify_access_token(k_secret, forge(k_header, payload), k_now)) << payload;
}

TEST(Jwt, SurvivesAnyBytes) {
    const std::string token = sign_access_token(k_secret, some_claims());
    for (const std::string& bad : {std::string{}, std::string{"."}, std::string{".."}, std::string{"a.b"}, std::string{"a.b.c"},
                                   std::string{"a.b.c.d"}, std::string{"\xff\xfe.\x80.\x90"}, token + ".", token + "=", token + "\n",
                                   "." + token, std::string(5000, 'A') + ".A.A", std::string(1, '\0') + token})
        EXPECT_FALSE(verify_access_token(k_secret, bad, k_now));
    for (int i = 0; i < 2000; ++i)
        EXPECT_FALSE(verify_access_token(k_secret, random_bytes(10) + "." + random_bytes(40) + "." + random_bytes(43), k_now));
    for (std::size_t i = 0; i < token.size(); ++i)
        for (const char byte : {'\0', '\x80', '\xff', '.', '='}) {
            std::string tampered = token;
            tampered[i] = byte;
            EXPECT_EQ(verify_access_token(k_secret, tampered, k_now).has_value(), tampered == token) << i;
        }
}

} // namespace
} // namespace focus::crypto
