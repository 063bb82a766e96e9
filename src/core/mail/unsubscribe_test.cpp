#include "core/mail/unsubscribe.hpp"

#include <gtest/gtest.h>

namespace focus::mail {
namespace {

TEST(UnsubscribeLinks, OnlyTokensSignedHereNameSomebody) {
    const UnsubscribeLinks links{std::string(32, 'k'), "https://focus.example"};
    const auto url = links.url(17);
    const std::string prefix = "https://focus.example/api/unsubscribe?token=";
    ASSERT_TRUE(url.starts_with(prefix));
    const auto token = url.substr(prefix.size());
    EXPECT_EQ(links.user_of(token), 17);
    EXPECT_EQ(links.user_of("18" + token.substr(2)), std::nullopt);
    EXPECT_EQ(links.user_of(token + "A"), std::nullopt);
    EXPECT_EQ(links.user_of("17"), std::nullopt);
    EXPECT_EQ(links.user_of("17."), std::nullopt);
    EXPECT_EQ(links.user_of(""), std::nullopt);
    EXPECT_EQ((UnsubscribeLinks{std::string(32, 'o'), ""}.user_of(token)), std::nullopt) << "another key";
}

TEST(UnsubscribeLinks, PeopleAreLedToAPage) {
    EXPECT_EQ(UnsubscribeLinks::page_of("https://focus.example/api/unsubscribe?token=17.x"),
              "https://focus.example/unsubscribe?token=17.x");
    EXPECT_EQ(UnsubscribeLinks::page_of(""), "");
}

} // namespace
} // namespace focus::mail
