#include "features/oidc/rules.hpp"

#include <gtest/gtest.h>

namespace focus::oidc::rules {
namespace {

constexpr std::string_view k_page = "https://focus.example";

TEST(OidcRules, AWayBackStaysOnThePage) {
    EXPECT_EQ(local_path("", k_page), "/");
    EXPECT_EQ(local_path("/", k_page), "/");
    EXPECT_EQ(local_path("/stats?day=2026-01-01#top", k_page), "/stats?day=2026-01-01#top");
    EXPECT_EQ(local_path("https://focus.example", k_page), "/");
    EXPECT_EQ(local_path("https://focus.example/stats", k_page), "/stats");
    EXPECT_EQ(local_path("https://focus.example/stats", "https://focus.example/app"), "/stats");
    for (const std::string text : {"https://evil.example",
                                   "//evil.example",
                                   "/\\evil.example",
                                   "\\/evil.example",
                                   "https:/evil.example",
                                   "evil.example",
                                   "stats",
                                   "https://focus.example.evil.example/",
                                   "https://focus.example@evil.example/",
                                   "https://focus.example:444/",
                                   "https://focus.example?x",
                                   "http://focus.example/",
                                   "HTTPS://evil.example",
                                   "javascript:alert(1)",
                                   "data:text/html,x",
                                   "/\tevil",
                                   "\t//evil.example",
                                   "/\n/evil.example",
                                   " /stats",
                                   "/a b",
                                   "/é",
                                   "https://focus.example//evil.example",
                                   "https://focus.example\\evil.example"})
        EXPECT_FALSE(local_path(text, k_page)) << text;
    EXPECT_FALSE(local_path("/" + std::string(1024, 'x'), k_page));
    EXPECT_FALSE(local_path(std::string{"/\0evil", 6}, k_page));
}

TEST(OidcRules, NamesBecomeUsernames) {
    EXPECT_EQ(username_from("Zoé Ünal"), "Zoe_Unal");
    EXPECT_EQ(username_from("Łukasz Żółw"), "Lukasz_Zolw");
    EXPECT_EQ(username_from("jean-luc.picard"), "jean-luc_picard");
    EXPECT_EQ(username_from("  A  B  C  "), "A_B_C");
    EXPECT_EQ(username_from("北京"), "user");
    EXPECT_EQ(username_from(""), "user");
    EXPECT_EQ(username_from("Jo"), "user");
    EXPECT_EQ(username_from("O'Brien <script>"), "OBrien_script");
    EXPECT_EQ(username_from(std::string(300, 'x')), std::string(40, 'x'));
    EXPECT_EQ(username_from("abc\xC3"), "abc") << "cut in the middle of a character";
}

TEST(OidcRules, EncodesParameters) {
    EXPECT_EQ(encode_form({{"a", "1 &=é"}, {"empty", ""}, {"b", "2"}}), "a=1%20%26%3D%C3%A9&b=2");
    EXPECT_EQ(with_query("https://id.example/auth", {{"a", "1"}}), "https://id.example/auth?a=1");
    EXPECT_EQ(with_query("https://id.example/auth?x=y", {{"a", "1"}}), "https://id.example/auth?x=y&a=1");
}

TEST(OidcRules, EndpointsAreHttpsOrOnTheLoopback) {
    EXPECT_TRUE(is_acceptable_endpoint("https://id.example/token", false));
    EXPECT_TRUE(is_acceptable_endpoint("https://id.example:8443/auth?realm=a%20b", false));
    for (const char* url :
         {"https://", "https:///token", "https:id.example", "https://id example/", "https://id.example:x/", "https://[::1/"})
        EXPECT_FALSE(is_acceptable_endpoint(url, true)) << url;
    EXPECT_FALSE(is_acceptable_endpoint("http://127.0.0.1:9000/", false));
    for (const char* url : {"http://127.0.0.1:9000/", "http://localhost", "http://[::1]:9000/x"})
        EXPECT_TRUE(is_acceptable_endpoint(url, true)) << url;
    for (const char* url : {"http://id.example/", "http://127.0.0.1.evil.example/", "http://localhost.evil.example",
                            "http://localhost@evil.example/", "http://localhost:x@evil.example/", "file:///etc/passwd", "ftp://localhost/",
                            "http://localhost@/", "http://:80/", "http:/localhost/", ""})
        EXPECT_FALSE(is_acceptable_endpoint(url, true)) << url;
}

TEST(OidcRules, ProvidersHaveNamesAndTitles) {
    EXPECT_TRUE(is_provider_name("keycloak_2"));
    for (const std::string name : {"", "Keycloak", "a/b", "a-b", "é"}) EXPECT_FALSE(is_provider_name(name)) << name;
    EXPECT_EQ(title_of("google"), "Google");
    EXPECT_EQ(title_of("my_school"), "My school");
}

} // namespace
} // namespace focus::oidc::rules
