#include "core/crypto/crypto.hpp"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

namespace focus::crypto {
namespace {

TEST(Crypto, HashesLikeThePublishedVectors) {
    // FIPS 180-2 appendix B.1, RFC 4231 test case 2, RFC 5869 test case 3 (its first 32 bytes)
    EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex_encode(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hex_encode(hmac_sha256("Jefe", "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(hex_encode(derive_key(std::string(22, '\x0b'), "")), "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

TEST(Crypto, DerivesADifferentKeyForEachPurpose) {
    EXPECT_NE(derive_key("secret", "mail"), derive_key("secret", "access"));
    EXPECT_EQ(derive_key("secret", "mail"), derive_key("secret", "mail"));
}

TEST(Crypto, EncodesBase64AndHex) {
    // RFC 4648 §10, and the two characters in which the alphabets differ
    EXPECT_EQ(base64_encode(""), "");
    EXPECT_EQ(base64_encode("f"), "Zg==");
    EXPECT_EQ(base64_encode("fo"), "Zm8=");
    EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
    EXPECT_EQ(base64_encode("\xfb\xff"), "+/8=");
    EXPECT_EQ(base64url_encode("\xfb\xff"), "-_8");
    EXPECT_EQ(base64url_encode("f"), "Zg");
    EXPECT_EQ(hex_encode(std::string_view{"\x00\x7f\xff", 3}), "007fff");
}

TEST(Crypto, DecodesOnlyTheOneTextOfEachValue) {
    for (std::size_t length = 0; length < 70; ++length) {
        const std::string data = random_bytes(length);
        EXPECT_EQ(base64url_decode(base64url_encode(data)), data);
    }
    EXPECT_EQ(base64url_decode("Zg"), "f");
    for (const char* bad : {"Zg==", "Zh", "Z", "Zg\n", " Zg", "Z+", "Z/", "Zm9=", "Zm9v\x80", "Zm9vY"})
        EXPECT_FALSE(base64url_decode(bad)) << bad;
}

TEST(Crypto, TokensAndCodesAreRandomAndOfTheRightForm) {
    std::set<std::string> seen;
    std::set<char> letters;
    for (int i = 0; i < 1000; ++i) {
        const std::string token = random_token();
        EXPECT_EQ(token.size(), 43U);
        EXPECT_EQ(base64url_decode(token)->size(), 32U);
        EXPECT_TRUE(seen.insert(token).second);
        const std::string code = random_code(9);
        EXPECT_EQ(code.size(), 9U);
        letters.insert(code.begin(), code.end());
    }
    EXPECT_EQ(std::string(letters.begin(), letters.end()), "23456789ABCDEFGHJKMNPQRSTVWXYZ");
}

TEST(Crypto, ComparesInConstantTime) {
    EXPECT_TRUE(equal_constant_time("", ""));
    EXPECT_TRUE(equal_constant_time("abc", "abc"));
    EXPECT_FALSE(equal_constant_time("abc", "abd"));
    EXPECT_FALSE(equal_constant_time("abc", "abcd"));
}

TEST(Crypto, OpensOnlyWhatWasSealedWithTheSameKey) {
    const std::string key = derive_key("secret", "mail");
    for (const std::string_view text : {std::string_view{""}, std::string_view{"a"}, std::string_view{"Zeit zurück \x00 gewinnen", 22}}) {
        const std::string sealed = seal(key, text);
        EXPECT_EQ(unseal(key, sealed), text);
        EXPECT_NE(sealed, seal(key, text)) << "the nonce must change";
        EXPECT_FALSE(unseal(derive_key("secret", "other"), sealed));
        for (std::size_t i = 0; i < sealed.size(); ++i) {
            std::string tampered = sealed;
            tampered[i] = tampered[i] == 'A' ? 'B' : 'A';
            EXPECT_FALSE(unseal(key, tampered)) << i;
        }
        EXPECT_FALSE(unseal(key, sealed.substr(0, sealed.size() - 1)));
    }
    EXPECT_FALSE(unseal(key, ""));
    EXPECT_THROW((void)seal("short", "text"), std::invalid_argument);
}

} // namespace
} // namespace focus::crypto
