#include "features/reminders/rules.hpp"

#include <gtest/gtest.h>

namespace focus::reminders::rules {
namespace {

Day day(std::string_view text) { return Day::parse(text).value(); }
EpochMs at(std::string_view text) { return parse_rfc3339(text).value(); }
Zone zone(std::string_view name) { return Zone::find(name).value(); }

TEST(ReminderRules, DueAtTheUsersTimeInHisZone) {
    const auto due = [](std::string_view where, std::string_view after) {
        return format_rfc3339(next_due(Kind::daily_reminder, zone(where), 20 * 60, at(after)));
    };
    EXPECT_EQ(due("UTC", "2026-03-02T12:00:00Z"), "2026-03-02T20:00:00.000Z");
    EXPECT_EQ(due("UTC", "2026-03-02T20:00:00Z"), "2026-03-03T20:00:00.000Z") << "strictly after";
    EXPECT_EQ(due("Asia/Kathmandu", "2026-03-02T12:00:00Z"), "2026-03-02T14:15:00.000Z");
    EXPECT_EQ(due("Pacific/Kiritimati", "2026-03-02T12:00:00Z"), "2026-03-03T06:00:00.000Z");
    EXPECT_EQ(due("Europe/Paris", "2026-03-28T20:00:00Z"), "2026-03-29T18:00:00.000Z") << "the clocks have gone forward";
    EXPECT_EQ(format_rfc3339(next_due(Kind::daily_reminder, zone("Europe/Paris"), 150, at("2026-03-28T12:00:00Z"))),
              "2026-03-29T01:00:00.000Z")
        << "02:30 does not exist on that day";
    EXPECT_EQ(format_rfc3339(next_due(Kind::weekly_summary, zone("Europe/Paris"), 0, at("2026-03-02T07:00:00Z"))),
              "2026-03-09T07:00:00.000Z");
    EXPECT_EQ(format_rfc3339(next_due(Kind::weekly_summary, zone("America/New_York"), 0, at("2026-03-02T07:00:00Z"))),
              "2026-03-02T13:00:00.000Z");
}

TEST(ReminderRules, AMissedMailIsMadeUpForUntilTheNextOne) {
    const auto due = at("2026-03-02T20:00:00Z");
    EXPECT_FALSE(is_stale(Kind::daily_reminder, Zone{}, 20 * 60, due, due));
    EXPECT_FALSE(is_stale(Kind::daily_reminder, Zone{}, 20 * 60, due, at("2026-03-03T19:59:59Z")));
    EXPECT_TRUE(is_stale(Kind::daily_reminder, Zone{}, 20 * 60, due, at("2026-03-03T20:00:00Z")));
    EXPECT_TRUE(is_stale(Kind::weekly_summary, Zone{}, 0, 0, due)) << "of accounts from before there were reminders";
}

TEST(ReminderRules, Words) {
    EXPECT_EQ(format_change(88, 100), "−12 %");
    EXPECT_EQ(format_change(103, 100), "+3 %");
    EXPECT_EQ(format_change(100, 100), "±0 %");
    EXPECT_EQ(format_change(100, 0), "");
    EXPECT_EQ(format_period(day("2026-11-16"), day("2026-11-22"), Language::en), "16 to 22 November");
    EXPECT_EQ(format_period(day("2026-11-30"), day("2026-12-06"), Language::fr), "30 novembre au 6 décembre");
    EXPECT_EQ(format_period(day("2026-06-01"), day("2026-06-07"), Language::fr), "1er au 7 juin");
}

TEST(ReminderRules, StreaksAreDaysInARowWithDataWithinTheLimit) {
    const auto from = day("2026-03-01");
    const auto last = day("2026-03-04");
    const std::vector<DayTotal> all{{day("2026-03-01"), 5}, {day("2026-03-02"), 5}, {day("2026-03-03"), 9}, {day("2026-03-04"), 5}};
    EXPECT_EQ(streak(all, from, last, std::nullopt).days, 4);
    EXPECT_TRUE(streak(all, from, last, 9).is_open) << "what was before is not known";
    EXPECT_EQ(streak(all, from, last, 8).days, 1);
    EXPECT_FALSE(streak(all, from, last, 8).is_open);
    EXPECT_EQ(streak({all[0], all[1]}, from, last, std::nullopt).days, 0) << "yesterday has no data";
    EXPECT_EQ(streak({all[1], all[2], all[3]}, from, last, std::nullopt).days, 3);
    EXPECT_FALSE(streak({all[1], all[2], all[3]}, from, last, std::nullopt).is_open);
    EXPECT_EQ(streak({}, from, last, std::nullopt).days, 0);
}

} // namespace
} // namespace focus::reminders::rules
