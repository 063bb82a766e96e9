#include "core/http/target.hpp"

#include <gtest/gtest.h>

namespace focus::http {
namespace {

TEST(Target, Forms) {
    EXPECT_EQ(split_target("/a/b?c=d?e")->path, "/a/b");
    EXPECT_EQ(split_target("/a/b?c=d?e")->query, "c=d?e");
    EXPECT_EQ(split_target("HTTP://host:80/a?b")->path, "/a");
    EXPECT_EQ(split_target("http://host")->path, "/");
    EXPECT_EQ(split_target("http://host?x")->query, "x");
    EXPECT_EQ(split_target("*")->path, "*");
    EXPECT_EQ(split_target("http://host:80/a")->host, "host:80");
    EXPECT_EQ(split_target("http://[::1]:80?a")->host, "[::1]:80");
    EXPECT_EQ(split_target("/a?http://host/")->host, "");
    for (const std::string_view bad : {"", "a", "http:///a", "ftp://host/a", "host:443", "/a#b", "/a b", "/\x7f", "/\xc3\xa9", "/a\tb",
                                       "http://host?<x>", "http://host?a#b", "http://host#a", "http://ho<st/", "http://ho st/", "http://?a",
                                       "http://user@host/", "http://user:password@host"})
        EXPECT_FALSE(split_target(bad)) << bad;
}

TEST(Target, Segments) {
    EXPECT_EQ(decode_segment("a+b%20%c3%A9"), "a+b é");
    EXPECT_EQ(decode_segment("%2525"), "%25");
    EXPECT_EQ(decode_segment("AC%2FDC"), "AC/DC");
    for (const std::string_view bad : {"%", "%2", "%g0", "%00", "%c3", "%ed%a0%80", "%c0%af"}) EXPECT_FALSE(decode_segment(bad)) << bad;
}

TEST(Target, Pairs) {
    EXPECT_EQ(decode_pairs("a=1&b=x+y%2B&c&&=d&a=2"), (Params{{"a", "1"}, {"b", "x y+"}, {"c", ""}, {"", "d"}, {"a", "2"}}));
    EXPECT_EQ(decode_pairs("q=a/b%2F"), (Params{{"q", "a/b/"}}));
    EXPECT_EQ(decode_pairs(""), Params{});
    for (const std::string_view bad : {"a=%", "%zz=1", "a=%00", "a=%ff"}) EXPECT_FALSE(decode_pairs(bad)) << bad;
}

TEST(Target, Encoding) {
    std::string out;
    append_encoded(out, "aZ09-._~ /é");
    EXPECT_EQ(out, "aZ09-._~%20%2F%C3%A9");
}

} // namespace
} // namespace focus::http
