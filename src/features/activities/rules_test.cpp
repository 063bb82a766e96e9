#include "features/activities/rules.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

namespace focus::activities::rules {
namespace {

EpochMs at(std::string_view text) { return *parse_rfc3339(text); }
Day day(std::string_view text) { return *Day::parse(text); }

std::map<int, std::int64_t> hours(const std::vector<HourShare>& shares) {
    std::map<int, std::int64_t> sums;
    for (const auto& share : shares) sums[share.hour] += share.ms;
    return sums;
}

TEST(Spread, WithinAnHour) {
    const auto shares = spread(90, at("2026-02-02T10:15:00Z"), at("2026-02-02T10:30:00Z"), Zone{});
    ASSERT_EQ(shares.size(), 1U);
    EXPECT_EQ(shares[0].day, day("2026-02-02"));
    EXPECT_EQ(shares[0].hour, 10);
    EXPECT_EQ(shares[0].ms, 90);
}

TEST(Spread, AMomentIsInItsHour) {
    const auto shares = spread(90, at("2026-02-02T23:59:59.999Z"), at("2026-02-02T23:59:59.999Z"), Zone::of("Europe/Paris"));
    ASSERT_EQ(shares.size(), 1U);
    EXPECT_EQ(shares[0].day, day("2026-02-03"));
    EXPECT_EQ(shares[0].hour, 0);
}

TEST(Spread, OverMidnight) {
    const auto shares = spread(60'000, at("2026-02-02T22:30:00Z"), at("2026-02-02T23:30:00Z"), Zone::of("Europe/Paris"));
    ASSERT_EQ(shares.size(), 2U);
    EXPECT_EQ(shares[0].day, day("2026-02-02"));
    EXPECT_EQ(shares[0].hour, 23);
    EXPECT_EQ(shares[0].ms, 30'000);
    EXPECT_EQ(shares[1].day, day("2026-02-03"));
    EXPECT_EQ(shares[1].hour, 0);
    EXPECT_EQ(shares[1].ms, 30'000);
}

TEST(Spread, TheHourThatIsMissing) { // 2026-03-29 has 23 hours in Paris
    const auto sums = hours(spread(3 * k_hour_ms, at("2026-03-29T00:00:00Z"), at("2026-03-29T03:00:00Z"), Zone::of("Europe/Paris")));
    EXPECT_EQ(sums, (std::map<int, std::int64_t>{{1, k_hour_ms}, {3, k_hour_ms}, {4, k_hour_ms}}));
}

TEST(Spread, TheHourThatComesTwice) { // 2026-10-25 has 25
    const auto sums = hours(spread(4 * k_hour_ms, at("2026-10-24T23:00:00Z"), at("2026-10-25T03:00:00Z"), Zone::of("Europe/Paris")));
    EXPECT_EQ(sums, (std::map<int, std::int64_t>{{1, k_hour_ms}, {2, 2 * k_hour_ms}, {3, k_hour_ms}}));
}

TEST(Spread, AHalfHourChange) { // Lord Howe goes back from 02:00 to 01:30 on 2026-04-05
    const auto sums = hours(spread(2 * k_hour_ms, at("2026-04-04T14:00:00Z"), at("2026-04-04T16:00:00Z"), Zone::of("Australia/Lord_Howe")));
    EXPECT_EQ(sums, (std::map<int, std::int64_t>{{1, 90 * k_minute_ms}, {2, 30 * k_minute_ms}}));
}

TEST(Spread, AddsUpExactlyWhateverIsSpread) {
    std::mt19937_64 random{3};
    const Zone zones[] = {Zone{}, Zone::of("Europe/Paris"), Zone::of("Australia/Lord_Howe"), Zone::of("Asia/Kathmandu")};
    for (int i = 0; i < 2000; ++i) {
        const auto start = at("2026-01-01T00:00:00Z") + static_cast<EpochMs>(random() % (365 * k_day_ms));
        const auto end = start + static_cast<EpochMs>(random() % (7 * k_day_ms));
        const auto duration = static_cast<std::int64_t>(random() % k_day_ms);
        std::int64_t sum = 0;
        for (const auto& share : spread(duration, start, end, zones[i % 4])) {
            EXPECT_GT(share.ms, 0);
            sum += share.ms;
        }
        ASSERT_EQ(sum, duration);
    }
}

TEST(Numbers, AreRoundedToTwoDecimals) {
    EXPECT_EQ(percent(1, 3), 33.33);
    EXPECT_EQ(percent(2, 3), 66.67);
    EXPECT_EQ(percent(5, 0), 0);
    EXPECT_EQ(change_percent(150, 100), 50);
    EXPECT_EQ(change_percent(0, 100), -100);
    EXPECT_EQ(change_percent(100, 0), std::nullopt);
    EXPECT_EQ(average_minutes(100 * k_minute_ms, 7), 14.29);
    EXPECT_EQ(average_minutes(100 * k_minute_ms, 0), 0);
}

UsageRow row(std::string name, std::string package, std::string category, std::int64_t ms) {
    return {.app_key = "key",
            .app_name = std::move(name),
            .app_package = std::move(package),
            .app_category = std::move(category),
            .total_ms = ms,
            .sessions = 1};
}

TEST(ByApp, IsCalledWhatMostOfItsTimeWasRecordedAs) {
    const auto apps = by_app({row("Chess", "", "games", 40), row("chess", "org.chess", "board", 30), row("chess", "org.chess", "games", 20),
                              row("CHESS", "com.chess", "board", 5)});
    ASSERT_EQ(apps.size(), 1U);
    EXPECT_EQ(apps[0].app_name, "chess");        // 50 of 95
    EXPECT_EQ(apps[0].app_category, "games");    // 60 of 95
    EXPECT_EQ(apps[0].app_package, "org.chess"); // 50 of the 55 with a package
    EXPECT_EQ(apps[0].total_time.ms, 95);
    EXPECT_EQ(apps[0].sessions, 4);
    EXPECT_EQ(apps[0].percentage, 100);
}

TEST(ByApp, MostUsedFirstThenByName) {
    std::vector<UsageRow> rows{{"b", "b", "", "x", 10, 1}, {"c", "c", "", "x", 20, 1}, {"a", "a", "", "x", 10, 1}};
    const auto apps = by_app(rows);
    ASSERT_EQ(apps.size(), 3U);
    EXPECT_EQ(apps[0].app_name + apps[1].app_name + apps[2].app_name, "cab");
    EXPECT_EQ(by_category(rows).at(0).percentage, 100);
}

TEST(ByApp, OfNothing) {
    EXPECT_TRUE(by_app({}).empty());
    EXPECT_TRUE(by_category({}).empty());
}

TEST(Customise, ChangesNameAndCategory) {
    std::vector<UsageRow> rows{{"yt", "YT", "", "video", 10, 1}, {"mail", "Mail", "", "work", 5, 1}};
    customise(rows, {{"yt", {"YouTube", "fun"}}, {"gone", {"x", "y"}}, {"mail", {std::nullopt, "fun"}}});
    EXPECT_EQ(rows[0].app_name, "YouTube");
    EXPECT_EQ(rows[1].app_name, "Mail");
    EXPECT_EQ(by_category(rows).size(), 1U);
}

TEST(Breakdown, HasEveryDay) {
    const auto days =
        breakdown({{day("2026-02-27"), 9, 1}, {day("2026-02-28"), 7, 1}, {day("2026-03-02"), 8, 1}}, day("2026-02-28"), day("2026-03-02"));
    ASSERT_EQ(days.size(), 3U);
    EXPECT_EQ(days[0].total_time.ms, 7);
    EXPECT_EQ(days[1].total_time.ms, 0);
    EXPECT_EQ(days[1].date.value, day("2026-03-01"));
    EXPECT_EQ(days[2].total_time.ms, 8);
}

Record sample(std::mt19937& random) {
    Record record;
    record.app_name = std::string(1, static_cast<char>('a' + random() % 3));
    record.app_key = record.app_name;
    record.app_category = random() % 2 != 0 ? "x" : "y";
    record.duration_minutes.ms = static_cast<std::int64_t>(random() % 10'000'000);
    record.activity_date = day("2026-03-28").plus(static_cast<int>(random() % 3));
    record.timezone = Zone::of("Europe/Paris");
    if (random() % 2 != 0) {
        record.start_ms = at("2026-03-28T12:00:00Z") + static_cast<EpochMs>(random() % k_day_ms);
        record.end_ms = *record.start_ms + static_cast<EpochMs>(random() % k_day_ms);
    }
    return record;
}

TEST(Delta, TakesOutWhatItPutIn) {
    std::mt19937 random{11};
    std::vector<Record> records;
    for (int i = 0; i < 200; ++i) records.push_back(sample(random));
    Delta delta;
    for (const auto& record : records) delta.add(record, +1);
    std::int64_t total = 0;
    for (const auto& [key, change] : delta.totals()) total += change.ms;
    EXPECT_EQ(total, std::accumulate(records.begin(), records.end(), std::int64_t{0},
                                     [](auto sum, const auto& r) { return sum + r.duration_minutes.ms; }));
    for (const auto& record : records) delta.add(record, -1);
    for (const auto& [key, change] : delta.apps()) EXPECT_TRUE(change.ms == 0 && change.sessions == 0);
    for (const auto& [key, change] : delta.days()) EXPECT_TRUE(change.ms == 0 && change.sessions == 0);
    for (const auto& [key, ms] : delta.hours()) EXPECT_EQ(ms, 0);
}

} // namespace
} // namespace focus::activities::rules
