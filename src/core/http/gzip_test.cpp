#include "core/http/gzip.hpp"

#include <gtest/gtest.h>

namespace focus::http {
namespace {

Gunzip::State unzip(std::string_view data, std::string& out, std::size_t limit) {
    Gunzip gunzip{data};
    auto state = Gunzip::State::more;
    while (state == Gunzip::State::more) state = gunzip.step(out, limit);
    return state;
}

TEST(Gzip, RoundTrip) {
    Gzip gzip;
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{300'000}, std::size_t{1'000'000}}) {
        std::string text;
        for (std::size_t i = 0; i < size; ++i) text += static_cast<char>(i * i % 251);
        std::string back;
        EXPECT_EQ(unzip(gzip.compress(text), back, size), Gunzip::State::done) << size;
        EXPECT_EQ(back, text);
    }
}

TEST(Gzip, SeveralMembers) {
    Gzip gzip;
    std::string back;
    EXPECT_EQ(unzip(gzip.compress("ab") + gzip.compress("cd"), back, 100), Gunzip::State::done);
    EXPECT_EQ(back, "abcd");
}

TEST(Gzip, NeverGrowsBeyondTheLimit) {
    Gzip gzip;
    const auto bomb = gzip.compress(std::string(50'000'000, '\0'));
    std::string out;
    EXPECT_EQ(unzip(bomb, out, 1'000'000), Gunzip::State::too_large);
    EXPECT_LE(out.size(), 1'000'001U);
}

TEST(Gzip, NoticesDamage) {
    Gzip gzip;
    const auto good = gzip.compress("hello hello hello");
    std::string out;
    EXPECT_EQ(unzip(good.substr(0, good.size() - 1), out, 100), Gunzip::State::broken);
    EXPECT_EQ(unzip(good + "x", out = {}, 100), Gunzip::State::broken);
    EXPECT_EQ(unzip("", out = {}, 100), Gunzip::State::broken);
    auto bad = good;
    bad[bad.size() - 6] = static_cast<char>(bad[bad.size() - 6] ^ 1); // its checksum
    EXPECT_EQ(unzip(bad, out = {}, 100), Gunzip::State::broken);
}

} // namespace
} // namespace focus::http
