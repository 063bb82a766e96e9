#include "core/http/forwarded.hpp"

#include <gtest/gtest.h>
#include <stdexcept>

namespace focus::http {
namespace {

std::string client(const std::string& peer, const ForwardedHeaders& headers, const TrustedProxies& trusted) {
    return to_text(client_behind(*parse_address(peer), headers, trusted).address);
}

TEST(Forwarded, Addresses) {
    EXPECT_EQ(to_text(*parse_address("203.0.113.9")), "203.0.113.9");
    EXPECT_EQ(to_text(*parse_address("203.0.113.9:80")), "203.0.113.9");
    EXPECT_EQ(to_text(*parse_address("::ffff:203.0.113.9")), "203.0.113.9");
    EXPECT_EQ(to_text(*parse_address("[2001:DB8::1]:443")), "2001:db8::1");
    for (const char* bad : {"", "unknown", "_hidden", "1.2.3", "[::1", "fe80::1%eth0", "1.2.3.4.5"})
        EXPECT_FALSE(parse_address(bad)) << bad;
}

TEST(Forwarded, Ranges) {
    const TrustedProxies trusted{{"10.0.0.0/9", "192.0.2.7", "2001:db8::/33", "::1"}};
    for (const char* good : {"10.127.255.255", "192.0.2.7", "::ffff:10.1.2.3", "2001:db8:7fff::1", "::1"})
        EXPECT_TRUE(trusted.contains(*parse_address(good))) << good;
    for (const char* bad : {"10.128.0.0", "192.0.2.8", "2001:db8:8000::1", "::2", "::a01:203"})
        EXPECT_FALSE(trusted.contains(*parse_address(bad))) << bad;
    for (const char* bad : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "example.org", "::/129", "10.0.0.0/-1"})
        EXPECT_THROW(TrustedProxies{{bad}}, std::invalid_argument) << bad;
}

TEST(Forwarded, BelievesOnlyTrustedHops) {
    const TrustedProxies trusted{{"10.0.0.0/8", "::1"}};
    EXPECT_EQ(client("10.0.0.1", {"1.1.1.1, 2.2.2.2, 10.0.0.2", "", ""}, trusted), "2.2.2.2");
    EXPECT_EQ(client("10.0.0.1", {"10.0.0.3, 10.0.0.2", "", ""}, trusted), "10.0.0.3");
    EXPECT_EQ(client("10.0.0.1", {"1.1.1.1, nonsense, 10.0.0.2", "", ""}, trusted), "10.0.0.2");
    EXPECT_EQ(client("10.0.0.1", {"", "", ""}, trusted), "10.0.0.1");
    EXPECT_EQ(client("3.3.3.3", {"1.1.1.1", "", ""}, trusted), "3.3.3.3");
    EXPECT_EQ(client("::1", {"", "", "for=1.1.1.1, For=\"[2001:db8::5]:99\";proto=https;by=10.0.0.1"}, trusted), "2001:db8::5");
    EXPECT_EQ(client("::1", {"2.2.2.2", "", "for=1.1.1.1"}, trusted), "2.2.2.2");
}

TEST(Forwarded, Scheme) {
    const TrustedProxies trusted{{"10.0.0.0/8"}};
    const auto peer = *parse_address("10.0.0.1");
    EXPECT_EQ(client_behind(peer, {"1.1.1.1", "https", ""}, trusted).secure, true);
    EXPECT_EQ(client_behind(peer, {"1.1.1.1", "https, http", ""}, trusted).secure, false);
    EXPECT_EQ(client_behind(peer, {"1.1.1.1", "", ""}, trusted).secure, std::nullopt);
    EXPECT_EQ(client_behind(peer, {"", "", "for=1.1.1.1;proto=HTTPS"}, trusted).secure, true);
}

TEST(Forwarded, KnowsTheNetworkOfACustomer) {
    EXPECT_EQ(network_of("203.0.113.9"), "203.0.113.9");
    EXPECT_EQ(network_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    EXPECT_EQ(network_of("::1"), "::");
    EXPECT_EQ(network_of("unknown"), "unknown");
}

} // namespace
} // namespace focus::http
