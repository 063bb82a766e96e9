#include "features/reports/rules.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace focus::reports::rules {
namespace {

const Day k_today = *Day::parse("2026-03-30");

std::vector<activities::DayTotal> days(std::initializer_list<std::pair<int, std::int64_t>> before_today) {
    std::vector<activities::DayTotal> days;
    for (const auto& [ago, ms] : before_today) days.push_back({.date = {k_today.plus(-ago)}, .total_time = {ms}});
    return days;
}

std::pair<int, int> both(const std::vector<activities::DayTotal>& days, std::optional<std::int64_t> limit = 100) {
    const auto found = streaks(days, limit, k_today);
    return {static_cast<int>(found.current), static_cast<int>(found.longest)};
}

using P = std::pair<int, int>;

TEST(Streaks, OfNothing) { EXPECT_EQ(both({}), (P{0, 0})); }
TEST(Streaks, TodayCountsOnceItHasData) {
    EXPECT_EQ(both(days({{2, 50}, {1, 50}})), (P{2, 2}));
    EXPECT_EQ(both(days({{2, 50}, {1, 50}, {0, 50}})), (P{3, 3}));
    EXPECT_EQ(both(days({{2, 50}, {1, 50}, {0, 101}})), (P{0, 2}));
}
TEST(Streaks, ExactlyTheLimitIsWithin) { EXPECT_EQ(both(days({{0, 100}})), (P{1, 1})); }
TEST(Streaks, ADayWithoutDataBreaks) {
    EXPECT_EQ(both(days({{3, 1}, {2, 1}})), (P{0, 2}));
    EXPECT_EQ(both(days({{5, 1}, {4, 1}, {3, 1}, {1, 1}})), (P{1, 3}));
}
TEST(Streaks, ADayOverTheLimitBreaks) { EXPECT_EQ(both(days({{4, 1}, {3, 1}, {2, 200}, {1, 1}, {0, 1}})), (P{2, 2})); }
TEST(Streaks, WithoutALimitEveryDayCounts) { EXPECT_EQ(both(days({{1, 1'000'000'000}, {0, 5}}), std::nullopt), (P{2, 2})); }
TEST(Streaks, DaysAfterTodayAreLeftOut) { EXPECT_EQ(both(days({{1, 1}, {0, 1}, {-1, 1}})), (P{2, 2})); }

TEST(Streaks, AgreeWithAWalkOverTheCalendar) {
    std::mt19937 random{9};
    for (int round = 0; round < 500; ++round) {
        std::map<int, std::int64_t> used; // days ago
        for (int ago = 0; ago < 30; ++ago) {
            if (random() % 5 != 0) used[ago] = static_cast<std::int64_t>(random() % 120);
        }
        std::vector<activities::DayTotal> list;
        for (auto it = used.rbegin(); it != used.rend(); ++it)
            list.push_back({.date = {k_today.plus(-it->first)}, .total_time = {it->second}});
        const auto good = [&](int ago) { return used.contains(ago) && used.at(ago) <= 100; };
        int longest = 0;
        for (int start = 0; start < 30; ++start) {
            int length = 0;
            while (good(start + length)) ++length;
            longest = std::max(longest, length);
        }
        int current = 0;
        for (int ago = used.contains(0) ? 0 : 1; good(ago); ++ago) ++current;
        EXPECT_EQ(both(list), (P{current, longest}));
    }
}

} // namespace
} // namespace focus::reports::rules
