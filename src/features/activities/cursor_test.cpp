#include "features/activities/cursor.hpp"

#include "core/crypto/crypto.hpp"

#include <gtest/gtest.h>

#include <random>

namespace focus::activities {
namespace {

TEST(Cursor, ComesBackAsItWas) {
    const Cursor cursor{.backward = true, .place = {std::string{"né:;7"}, std::int64_t{-5}, INT64_MAX}};
    const auto decoded = decode_cursor(encode_cursor(cursor, "list"), "list");
    ASSERT_TRUE(decoded);
    EXPECT_TRUE(decoded->backward);
    EXPECT_EQ(decoded->place, cursor.place);
}

TEST(Cursor, FitsItsOwnListOnly) {
    const auto text = encode_cursor({.backward = false, .place = {std::int64_t{1}}}, "list");
    EXPECT_TRUE(decode_cursor(text, "list"));
    EXPECT_FALSE(decode_cursor(text, "another list"));
}

TEST(Cursor, AnythingElseIsNone) {
    const auto good =
        *crypto::base64url_decode(encode_cursor({.backward = false, .place = {std::int64_t{17}, std::string{"abc"}}}, "list"));
    std::mt19937 random{7};
    for (int i = 0; i < 20'000; ++i) {
        auto bytes = good;
        for (int changes = 0; changes < 1 + i % 3; ++changes) bytes[6 + random() % (bytes.size() - 6)] = static_cast<char>(random());
        if (i % 5 == 0) bytes.resize(random() % bytes.size());
        const auto decoded = decode_cursor(crypto::base64url_encode(bytes), "list");
        if (decoded) EXPECT_LE(decoded->place.size(), 4U);
    }
    for (const auto* text : {"", "x", "====", "AAAA", "AAAAAAAA", "AAAAAAAAAAAAAAAA"}) EXPECT_FALSE(decode_cursor(text, "list")) << text;
}

TEST(Cursor, RefusesLengthsBeyondItsEnd) {
    const auto check = crypto::sha256("list").substr(0, 6);
    for (const auto* rest : {"fs9:abc", "fs-1:abc", "fs:", "fs3", "fn;", "fn1", "fx", "f", "n1;", "fn1;n2;n3;n4;n5;", "fs2:\xff\xff"}) {
        const auto decoded = decode_cursor(crypto::base64url_encode(check + rest), "list");
        EXPECT_TRUE(!decoded || decoded->place.empty()) << rest;
    }
}

} // namespace
} // namespace focus::activities
