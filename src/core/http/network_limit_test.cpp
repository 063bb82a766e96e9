#include "core/http/network_limit.hpp"

#include <gtest/gtest.h>

namespace focus::http {
namespace {

TEST(NetworkLimit, CountsPerNetwork) {
    NetworkLimit limit{2, {"10.0.0.0/8"}};
    const auto enter = [&](std::string_view address) { return limit.enter(parse_address(address).value()); };
    auto first = enter("203.0.113.9");
    const auto second = enter("203.0.113.9");
    EXPECT_TRUE(first && second);
    EXPECT_FALSE(enter("203.0.113.9"));
    EXPECT_TRUE(enter("203.0.113.10"));
    first.reset();
    EXPECT_TRUE(enter("203.0.113.9"));
}

TEST(NetworkLimit, AnIpv6CustomerIsOneNetwork) {
    NetworkLimit limit{1, {}};
    const auto one = limit.enter(parse_address("2001:db8::1").value());
    EXPECT_TRUE(one);
    EXPECT_FALSE(limit.enter(parse_address("2001:db8::2").value()));
    EXPECT_TRUE(limit.enter(parse_address("2001:db8:0:1::2").value()));
}

TEST(NetworkLimit, AnotherNetworkEachDoesNotMultiplyASite) {
    NetworkLimit limit{1, {}};
    std::vector<NetworkLimit::Place> places;
    const auto enter = [&](const std::string& address) {
        auto place = limit.enter(parse_address(address).value());
        if (place) places.push_back(std::move(*place));
        return place.has_value();
    };
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(enter("2001:db8:1:" + std::to_string(i) + "::1"));
    EXPECT_FALSE(enter("2001:db8:1:4::1"));
    EXPECT_TRUE(enter("2001:db8:2:4::1"));
    EXPECT_TRUE(enter("203.0.113.1"));
    EXPECT_TRUE(enter("203.0.113.2"));
    places.clear();
    EXPECT_TRUE(enter("2001:db8:1:4::1"));
}

TEST(NetworkLimit, SomeAreNotCounted) {
    NetworkLimit limit{1, {"10.0.0.0/8"}};
    const auto address = parse_address("10.1.2.3").value();
    const auto one = limit.enter(address);
    const auto two = limit.enter(address);
    EXPECT_TRUE(one && two);
}

} // namespace
} // namespace focus::http
