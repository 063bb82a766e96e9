#include "app/suggestion.hpp"

#include <gtest/gtest.h>

namespace focus::app {

TEST(Suggestion, IsTheNearestName) {
    const std::vector<std::string> names{"serve", "migrate", "migrate-from-fastapi", "admin", "job", "logs"};
    EXPECT_EQ(nearest("serv", names), "serve");
    EXPECT_EQ(nearest("sevre", names), "serve");
    EXPECT_EQ(nearest("migrat", names), "migrate");
    EXPECT_EQ(nearest("migrate-from", names), "migrate-from-fastapi");
    EXPECT_EQ(nearest("jbo", names), "job");
    EXPECT_EQ(nearest("start", names), std::nullopt);
    EXPECT_EQ(nearest("", {"ab"}), std::nullopt);
}

} // namespace focus::app
