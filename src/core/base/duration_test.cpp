#include "core/base/duration.hpp"

#include "core/base/clock.hpp"

#include <gtest/gtest.h>

namespace focus {
namespace {

TEST(Duration, AsPeopleSayIt) {
    EXPECT_EQ(format_duration(0), "0 min");
    EXPECT_EQ(format_duration(59 * k_second_ms), "0 min");
    EXPECT_EQ(format_duration(45 * k_minute_ms), "45 min");
    EXPECT_EQ(format_duration(2 * k_hour_ms), "2 h");
    EXPECT_EQ(format_duration(65 * k_minute_ms + 59'999), "1 h 5 min");
    EXPECT_EQ(format_duration(30 * k_hour_ms), "30 h");
}

} // namespace
} // namespace focus
