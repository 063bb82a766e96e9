#include "features/activities/rules.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

namespace focus::activities::rules {
namespace {

EpochMs at(const char* text) { return parse_rfc3339(text).value(); }

std::int64_t sum(const std::vector<HourShare>& shares) {
    return std::accumulate(shares.begin(), shares.end(), std::int64_t{0},
                           [](std::int64_t total, const HourShare& share) { return total + share.ms; });
}

TEST(Spread, SharesADurationByTheTimeInEachHour) {
    const auto zone = Zone::find("Europe/Paris").value();
    const auto shares = spread(60 * k_minute_ms, at("2026-06-01T08:30:00+02:00"), at("2026-06-01T10:30:00+02:00"), zone);
    ASSERT_EQ(shares.size(), 3U);
    EXPECT_EQ(shares[0].hour, 8);
    EXPECT_EQ(shares[0].ms, 15 * k_minute_ms);
    EXPECT_EQ(shares[1].hour, 9);
    EXPECT_EQ(shares[1].ms, 30 * k_minute_ms);
    EXPECT_EQ(shares[2].hour, 10);
    EXPECT_EQ(shares[2].ms, 15 * k_minute_ms);
}

TEST(Spread, GivesAMomentToItsHour) {
    const auto moment = at("2026-06-01T23:59:59+02:00");
    const auto shares = spread(5 * k_minute_ms, moment, moment, Zone::find("Europe/Paris").value());
    ASSERT_EQ(shares.size(), 1U);
    EXPECT_EQ(shares[0].hour, 23);
    EXPECT_EQ(shares[0].ms, 5 * k_minute_ms);
}

TEST(Spread, PutsTheRepeatedHourTogetherAndLeavesTheSkippedOneOut) {
    const auto zone = Zone::find("Europe/Paris").value();
    std::int64_t at_two = 0;
    for (const auto& share : spread(25 * k_hour_ms, at("2026-10-25T00:00:00+02:00"), at("2026-10-26T00:00:00+01:00"), zone)) {
        if (share.hour == 2) at_two += share.ms;
    }
    EXPECT_EQ(at_two, 2 * k_hour_ms) << "the day has 25 hours, two of them at two";
    for (const auto& share : spread(23 * k_hour_ms, at("2026-03-29T00:00:00+01:00"), at("2026-03-30T00:00:00+02:00"), zone)) {
        EXPECT_NE(share.hour, 2) << "the day has no such hour";
    }
}

TEST(Spread, AddsUpExactlyWhateverTheZone) {
    std::mt19937_64 random{7};
    for (const auto* name : {"Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Pacific/Kiritimati", "Asia/Kathmandu"}) {
        const auto zone = Zone::find(name).value();
        for (int i = 0; i < 300; ++i) {
            const auto start = at("2026-01-01T00:00:00Z") + static_cast<EpochMs>(random() % (400ULL * k_day_ms));
            const auto length = static_cast<EpochMs>(random() % (7ULL * k_day_ms));
            const auto duration = static_cast<std::int64_t>(random() % k_day_ms);
            EXPECT_EQ(sum(spread(duration, start, start + length, zone)), duration) << name;
        }
    }
}

TEST(Delta, CountingOutUndoesCountingIn) {
    Record record;
    record.app_name = "Instagram";
    record.app_key = "instagram";
    record.app_category = "social";
    record.duration_ms = 123'457;
    record.day = Day::parse("2026-03-29").value();
    record.start_ms = at("2026-03-29T00:59:30Z");
    record.end_ms = at("2026-03-29T03:10:00Z");
    record.zone = Zone::find("Europe/Paris").value();
    Delta delta;
    delta.add(record, +1);
    EXPECT_EQ(delta.days().at(record.day).ms, 123'457);
    EXPECT_EQ(delta.apps().begin()->second.sessions, 1);
    delta.add(record, -1);
    for (const auto& [key, change] : delta.apps()) EXPECT_EQ(change.ms, 0);
    for (const auto& [key, change] : delta.days()) EXPECT_EQ(change.sessions, 0);
    for (const auto& [key, ms] : delta.hours()) EXPECT_EQ(ms, 0);
}

TEST(Percentages, AreRoundedToTwoDecimalsAndKnowZero) {
    EXPECT_DOUBLE_EQ(percent(1, 3), 33.33);
    EXPECT_DOUBLE_EQ(percent(1, 0), 0.0);
    EXPECT_DOUBLE_EQ(change_percent(150, 100).value(), 50.0);
    EXPECT_DOUBLE_EQ(change_percent(0, 100).value(), -100.0);
    EXPECT_FALSE(change_percent(5, 0).has_value());
}

TEST(ByApp, JoinsPackagesAndCategoriesOfAnAppAndSortsByTime) {
    const std::vector<UsageRow> rows{{"maps", "Maps", "", "travel", 60'000, 1},
                                     {"instagram", "Instagram", "com.instagram", "social", 120'000, 2},
                                     {"instagram", "instagram", "", "other", 30'000, 1}};
    const auto apps = by_app(rows);
    ASSERT_EQ(apps.size(), 2U);
    EXPECT_EQ(apps[0].app_name, "Instagram") << "as most of its time was recorded";
    EXPECT_EQ(apps[0].app_package, "com.instagram");
    EXPECT_EQ(apps[0].app_category, "social");
    EXPECT_EQ(apps[0].total_time.ms, 150'000);
    EXPECT_EQ(apps[0].sessions, 3);
    EXPECT_DOUBLE_EQ(apps[0].percentage, 71.43);
    const auto categories = by_category(rows);
    ASSERT_EQ(categories.size(), 3U);
    EXPECT_EQ(categories[0].app_category, "social");
    EXPECT_EQ(categories[2].app_category, "other");
}

} // namespace
} // namespace focus::activities::rules
