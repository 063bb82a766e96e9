#include "core/http/headers.hpp"

#include <gtest/gtest.h>

namespace focus::http {
namespace {

TEST(Headers, AcceptEncoding) {
    EXPECT_TRUE(accepts_coding("gzip, deflate, br", "gzip"));
    EXPECT_TRUE(accepts_coding("GZIP;q=0.001", "gzip"));
    EXPECT_TRUE(accepts_coding("*", "gzip"));
    EXPECT_FALSE(accepts_coding("", "gzip"));
    EXPECT_FALSE(accepts_coding("gzip;q=0", "gzip"));
    EXPECT_FALSE(accepts_coding("*, gzip; q=0.000", "gzip"));
    EXPECT_FALSE(accepts_coding("br, *;q=0", "gzip"));
    EXPECT_FALSE(accepts_coding("gzipped", "gzip"));
}

TEST(Headers, Accept) {
    EXPECT_EQ(accept_weight("", "text/html"), 1000);
    EXPECT_EQ(accept_weight("text/*;q=0.5, */*;q=0.1", "text/html"), 500);
    EXPECT_EQ(accept_weight("text/*;q=0.5, text/html", "text/html"), 1000);
    EXPECT_EQ(accept_weight("*/*;q=0.1, text/html;q=0", "text/html"), 0);
    EXPECT_EQ(accept_weight("application/json", "text/html"), 0);
    EXPECT_EQ(accept_weight("text/html;level=1;q=0.7", "text/html"), 700);
}

TEST(Headers, EntityTags) {
    EXPECT_TRUE(matches_etag("\"a\"", "\"a\""));
    EXPECT_TRUE(matches_etag("W/\"a\"", "\"a\""));
    EXPECT_TRUE(matches_etag("\"b\" , \"a\"", "\"a\""));
    EXPECT_TRUE(matches_etag("*", "\"a\""));
    EXPECT_TRUE(matches_etag("\"x,y\", \"a\"", "\"a\""));
    EXPECT_FALSE(matches_etag("\"a,b\"", "\"a\""));
    EXPECT_FALSE(matches_etag("a", "\"a\""));
    EXPECT_FALSE(matches_etag("", "\"a\""));
}

TEST(Headers, Bearer) {
    EXPECT_EQ(parse_bearer("").kind, Bearer::Kind::none);
    EXPECT_EQ(parse_bearer("Basic dXNlcg==").kind, Bearer::Kind::none);
    EXPECT_EQ(parse_bearer("Bearerabc").kind, Bearer::Kind::none);
    EXPECT_EQ(parse_bearer("Bearer").kind, Bearer::Kind::malformed);
    EXPECT_EQ(parse_bearer("Bearer ").kind, Bearer::Kind::malformed);
    EXPECT_EQ(parse_bearer("Bearer a b").kind, Bearer::Kind::malformed);
    EXPECT_EQ(parse_bearer("Bearer a,b").kind, Bearer::Kind::malformed);
    EXPECT_EQ(parse_bearer("Bearer =abc").kind, Bearer::Kind::malformed);
    EXPECT_EQ(parse_bearer("Bearer a=b").kind, Bearer::Kind::malformed);
    EXPECT_EQ(parse_bearer("bEaReR  a.b-_~+/9==").token, "a.b-_~+/9==");
}

TEST(Headers, RequestIdsAndKeys) {
    EXPECT_TRUE(is_sane_request_id("a.B-9_"));
    EXPECT_TRUE(is_sane_request_id(std::string(128, 'a')));
    EXPECT_FALSE(is_sane_request_id(std::string(129, 'a')));
    EXPECT_FALSE(is_sane_request_id(""));
    EXPECT_FALSE(is_sane_request_id("a\"b"));
    EXPECT_TRUE(is_sane_idempotency_key("!~"));
    EXPECT_FALSE(is_sane_idempotency_key("a b"));
    EXPECT_FALSE(is_sane_idempotency_key(std::string(256, 'a')));
    EXPECT_FALSE(is_sane_idempotency_key("é"));
}

TEST(Headers, AllowedHosts) {
    const std::vector<std::string> allowed{"focus.example", "*.focus.test", "[::1]"};
    for (const auto* host :
         {"focus.example", "FOCUS.example:8000", "focus.example.", "a.focus.test", "a.b.focus.test:443", "[::1]:8000", "[::1]"})
        EXPECT_TRUE(is_allowed_host(host, allowed)) << host;
    for (const auto* host :
         {"", "example", "focus.example.evil.org", "evilfocus.example", "focus.test", ".focus.test", "evilfocus.test", "::1"})
        EXPECT_FALSE(is_allowed_host(host, allowed)) << host;
}

TEST(Headers, ListElements) {
    std::string_view list = " , a , \"b,\\\"c\" ,,d";
    EXPECT_EQ(next_element(list), "a");
    EXPECT_EQ(next_element(list), "\"b,\\\"c\"");
    EXPECT_EQ(next_element(list), "d");
    EXPECT_EQ(next_element(list), "");
}

} // namespace
} // namespace focus::http
