#include "features/blocking/rules.hpp"

#include <gtest/gtest.h>

#include <random>
#include <ranges>

namespace focus::blocking::rules {
namespace {

EpochMs at(const char* text) { return parse_rfc3339(text).value(); }
Zone zone(const char* name) { return Zone::find(name).value(); }
Day day(const char* text) { return Day::parse(text).value(); }

Schedule schedule(std::vector<Weekday> days, const char* start, const char* end) {
    return {.days = {std::move(days)}, .start_time = {parse_hhmm(start).value()}, .end_time = {parse_hhmm(end).value()}};
}
std::vector<Weekday> every_day() {
    using enum Weekday;
    return {mon, tue, wed, thu, fri, sat, sun};
}

Entry entry(std::int64_t limit_minutes, std::vector<Schedule> schedules = {}) {
    Entry entry;
    entry.app_name = "Instagram";
    entry.app_key = "instagram";
    entry.limit_ms = limit_minutes * k_minute_ms;
    entry.schedules = std::move(schedules);
    return entry;
}

// --- what counts -----------------------------------------------------------------------------------------------------

TEST(Matching, GoesByPackageWhenBothHaveOneAndByNameOtherwise) {
    auto with_package = entry(30);
    with_package.app_package = "com.instagram.android";
    const auto without = entry(30);
    EXPECT_TRUE(matches(with_package, "another name", "com.instagram.android"));
    EXPECT_FALSE(matches(with_package, "instagram", "com.fake.instagram")) << "the names don't count when the packages differ";
    EXPECT_FALSE(matches(with_package, "instagram", "com.Instagram.android")) << "packages have a case";
    EXPECT_TRUE(matches(with_package, "instagram", ""));
    EXPECT_FALSE(matches(with_package, "another name", ""));
    EXPECT_TRUE(matches(without, "instagram", "com.instagram.android"));
    EXPECT_TRUE(matches(without, "instagram", ""));
    EXPECT_FALSE(matches(without, "another name", "com.instagram.android"));
}

TEST(Matching, AddsUpWhatCounts) {
    auto both = entry(30);
    both.app_package = "a.b";
    const std::vector<activities::AppTotal> usage{
        {"instagram", "", 1}, {"instagram", "a.b", 10}, {"insta lite", "a.b", 100}, {"instagram", "c.d", 1000}, {"youtube", "", 10000}};
    EXPECT_EQ(DayUsage{usage}.of(both), 111);
    EXPECT_EQ(DayUsage{usage}.of(entry(30)), 1011);
}

TEST(Counter, StartsAgainWithAResetOfTheSameDayOnly) {
    auto reset = entry(30);
    reset.reset_day = day("2026-05-04");
    reset.reset_base_ms = 40;
    EXPECT_EQ(counter_ms(reset, 100, day("2026-05-04")), 60);
    EXPECT_EQ(counter_ms(reset, 30, day("2026-05-04")), 0) << "activities were deleted: never below 0";
    EXPECT_EQ(counter_ms(reset, 100, day("2026-05-05")), 100);
    EXPECT_EQ(counter_ms(entry(30), 100, day("2026-05-04")), 100);
}

TEST(Counter, LeavesWhatIsDoneToActivitiesFromBeforeTheResetOut) {
    auto reset = entry(30);
    reset.reset_day = day("2026-05-04");
    reset.last_reset_at = json::Timestamp{1000};
    const auto record = [](EpochMs created, std::int64_t duration, const char* on = "2026-05-04") {
        activities::Record made;
        made.app_key = "instagram";
        made.activity_date = day(on);
        made.created_at = {created};
        made.duration_minutes = {duration};
        return std::optional{made};
    };
    const auto today = day("2026-05-04");
    EXPECT_EQ(base_change(reset, today, record(900, 50), std::nullopt), -50) << "deleted";
    EXPECT_EQ(base_change(reset, today, record(900, 50), record(900, 70)), 20) << "changed";
    EXPECT_EQ(base_change(reset, today, record(900, 50), record(900, 50, "2026-05-03")), -50) << "moved away";
    EXPECT_EQ(base_change(reset, today, std::nullopt, record(1001, 50)), 0) << "recorded afterwards: counts";
    EXPECT_EQ(base_change(reset, today, record(1001, 50), std::nullopt), 0);
    EXPECT_EQ(base_change(entry(30), today, record(900, 50), std::nullopt), 0) << "no reset";
}

TEST(Reached, IsExact) {
    EXPECT_FALSE(reached(60'000, 80, 47'999).warning);
    EXPECT_TRUE(reached(60'000, 80, 48'000).warning);
    EXPECT_FALSE(reached(60'000, 80, 59'999).limit);
    EXPECT_TRUE(reached(60'000, 80, 60'000).limit);
    EXPECT_TRUE(reached(60'000, 100, 60'000).warning) << "both at once";
    EXPECT_FALSE(reached(60'000, 100, 59'999).warning);
    EXPECT_TRUE(reached(60'000, 1, 600).warning);
    EXPECT_TRUE(reached(0, 80, 0).limit) << "always blocked";
    EXPECT_FALSE(reached(0, 80, 0).warning);
    EXPECT_FALSE(reached(3, 33, 0).warning);
    EXPECT_TRUE(reached(1440 * k_minute_ms, 100, 1440 * k_minute_ms).limit);
}

// --- windows ---------------------------------------------------------------------------------------------------------

std::string ends(const std::vector<Schedule>& schedules, const char* zone_name, const char* instant) {
    const auto window = window_at(schedules, zone(zone_name), at(instant));
    if (!window) return "open";
    return window->ends_at_ms ? format_rfc3339(*window->ends_at_ms) : "never";
}

TEST(Windows, OfADay) {
    const std::vector<Schedule> work{schedule({Weekday::mon, Weekday::tue}, "09:00", "17:30")};
    EXPECT_EQ(ends(work, "UTC", "2026-05-04T08:59:59.999Z"), "open") << "a Monday";
    EXPECT_EQ(ends(work, "UTC", "2026-05-04T09:00:00Z"), "2026-05-04T17:30:00.000Z");
    EXPECT_EQ(ends(work, "UTC", "2026-05-04T17:29:59.999Z"), "2026-05-04T17:30:00.000Z");
    EXPECT_EQ(ends(work, "UTC", "2026-05-04T17:30:00Z"), "open");
    EXPECT_EQ(ends(work, "UTC", "2026-05-06T12:00:00Z"), "open") << "a Wednesday";
    EXPECT_EQ(ends(work, "Asia/Tokyo", "2026-05-04T00:00:00Z"), "2026-05-04T08:30:00.000Z") << "09:00 in Tokyo";
    EXPECT_EQ(ends({}, "UTC", "2026-05-04T12:00:00Z"), "open");
}

TEST(Windows, AcrossMidnightBelongToTheDayTheyStartOn) {
    const std::vector<Schedule> night{schedule({Weekday::fri}, "22:00", "06:00")};
    EXPECT_EQ(ends(night, "Europe/Paris", "2026-05-08T23:00:00+02:00"), "2026-05-09T04:00:00.000Z") << "Friday night";
    EXPECT_EQ(ends(night, "Europe/Paris", "2026-05-09T05:59:59+02:00"), "2026-05-09T04:00:00.000Z") << "Saturday morning";
    EXPECT_EQ(ends(night, "Europe/Paris", "2026-05-09T06:00:00+02:00"), "open");
    EXPECT_EQ(ends(night, "Europe/Paris", "2026-05-08T05:00:00+02:00"), "open") << "Friday morning: Thursday has none";
    EXPECT_EQ(ends(night, "Europe/Paris", "2026-05-09T23:00:00+02:00"), "open") << "Saturday night";
    const std::vector<Schedule> sunday{schedule({Weekday::sun}, "22:00", "06:00")};
    EXPECT_EQ(ends(sunday, "Europe/Paris", "2026-05-11T01:00:00+02:00"), "2026-05-11T04:00:00.000Z") << "from Sunday into Monday";
}

TEST(Windows, ThatEndWhenTheyStartLastADay) {
    const std::vector<Schedule> whole{schedule({Weekday::sat}, "00:00", "00:00")};
    EXPECT_EQ(ends(whole, "UTC", "2026-05-09T00:00:00Z"), "2026-05-10T00:00:00.000Z");
    EXPECT_EQ(ends(whole, "UTC", "2026-05-09T23:59:59Z"), "2026-05-10T00:00:00.000Z");
    EXPECT_EQ(ends(whole, "UTC", "2026-05-10T00:00:00Z"), "open");
    EXPECT_EQ(ends({schedule({Weekday::sat}, "18:00", "18:00")}, "UTC", "2026-05-10T17:00:00Z"), "2026-05-10T18:00:00.000Z");
}

TEST(Windows, ThatTouchAreOne) {
    const std::vector<Schedule> chain{schedule({Weekday::mon}, "08:00", "12:00"), schedule({Weekday::mon}, "12:00", "14:00"),
                                      schedule({Weekday::mon}, "13:00", "20:00")};
    EXPECT_EQ(ends(chain, "UTC", "2026-05-04T08:00:00Z"), "2026-05-04T20:00:00.000Z");
    const std::vector<Schedule> weekend{schedule({Weekday::sat, Weekday::sun}, "00:00", "00:00")};
    EXPECT_EQ(ends(weekend, "UTC", "2026-05-09T10:00:00Z"), "2026-05-11T00:00:00.000Z");
    const std::vector<Schedule> always{schedule(every_day(), "00:00", "00:00")};
    EXPECT_EQ(ends(always, "Europe/Paris", "2026-05-09T10:00:00Z"), "never");
    EXPECT_FALSE(next_edge(always, zone("Europe/Paris"), at("2026-05-09T10:00:00Z")));
    EXPECT_EQ(ends({schedule(every_day(), "00:00", "23:59")}, "UTC", "2026-05-09T10:00:00Z"), "2026-05-09T23:59:00.000Z");
}

TEST(Windows, InNightsThatAreLongerOrShorter) {
    const std::vector<Schedule> night{schedule(every_day(), "22:00", "06:00")};
    EXPECT_EQ(ends(night, "Europe/Paris", "2026-03-28T22:30:00+01:00"), "2026-03-29T04:00:00.000Z") << "7 hours";
    EXPECT_EQ(ends(night, "Europe/Paris", "2026-10-24T22:30:00+02:00"), "2026-10-25T05:00:00.000Z") << "9 hours";
    EXPECT_EQ(ends(night, "America/New_York", "2026-11-01T01:30:00-05:00"), "2026-11-01T11:00:00.000Z") << "the second 01:30";
    // In a gap: right after it. 02:00–03:00 doesn't exist on this night.
    const std::vector<Schedule> early{schedule({Weekday::sun}, "02:30", "04:00")};
    EXPECT_EQ(ends(early, "Europe/Paris", "2026-03-29T00:59:59Z"), "open");
    EXPECT_EQ(ends(early, "Europe/Paris", "2026-03-29T01:00:00Z"), "2026-03-29T02:00:00.000Z") << "03:00 to 04:00";
    EXPECT_EQ(ends({schedule({Weekday::sun}, "02:00", "02:45")}, "Europe/Paris", "2026-03-29T01:00:00Z"), "open") << "wholly in the gap";
    // A repeated time: the first.
    const std::vector<Schedule> repeated{schedule({Weekday::sun}, "01:00", "02:30")};
    EXPECT_EQ(ends(repeated, "Europe/Paris", "2026-10-25T01:10:00+02:00"), "2026-10-25T00:30:00.000Z");
    EXPECT_EQ(ends(repeated, "Europe/Paris", "2026-10-25T02:10:00+01:00"), "open") << "the second 02:10";
    // Midnight itself is skipped in Santiago: the day starts at 01:00.
    const std::vector<Schedule> sunday{schedule({Weekday::sun}, "00:00", "08:00")};
    EXPECT_EQ(ends(sunday, "America/Santiago", "2026-09-06T03:59:59Z"), "open");
    EXPECT_EQ(ends(sunday, "America/Santiago", "2026-09-06T04:00:00Z"), "2026-09-06T11:00:00.000Z");
}

/// The definition of a window, in the simplest form.
bool is_inside(const std::vector<Schedule>& schedules, Zone where, EpochMs when) {
    for (int offset = -2; offset <= 1; ++offset) {
        const auto start_day = where.day_of(when).plus(offset);
        for (const auto& one : schedules) {
            const bool on =
                std::ranges::any_of(one.days.items, [&](Weekday weekday) { return static_cast<int>(weekday) == start_day.weekday(); });
            if (!on) continue;
            const int start = one.start_time.minute_of_day;
            const int end = one.end_time.minute_of_day;
            if (where.at(start_day, start) <= when && when < where.at(end > start ? start_day : start_day.plus(1), end)) return true;
        }
    }
    return false;
}

std::vector<Schedule> random_schedules(std::mt19937& random) {
    std::vector<Schedule> schedules;
    for (auto count = random() % 4 + 1; count > 0; --count) {
        Schedule one;
        for (int weekday = 0; weekday < 7; ++weekday) {
            if (random() % 3 != 0) one.days.items.push_back(static_cast<Weekday>(weekday));
        }
        if (one.days.items.empty()) one.days.items.push_back(Weekday::wed);
        // Mostly near midnight and in the early hours, where days and clocks change.
        const auto minute = [&] { return static_cast<int>(random() % 2 != 0 ? random() % 288 * 5 : (random() % 72 * 5 + 1320) % 1440); };
        one.start_time.minute_of_day = minute();
        one.end_time.minute_of_day = minute();
        schedules.push_back(std::move(one));
    }
    return schedules;
}

TEST(Windows, AgreeWithTheDefinitionEverywhere) {
    struct Night {
        const char* zone;
        const char* around;
    };
    constexpr std::array k_nights{Night{"Europe/Paris", "2026-03-29T00:00:00Z"},
                                  Night{"Europe/Paris", "2026-10-25T00:00:00Z"},
                                  Night{"America/New_York", "2026-03-08T06:00:00Z"},
                                  Night{"America/New_York", "2026-11-01T06:00:00Z"},
                                  Night{"Australia/Lord_Howe", "2026-04-04T15:00:00Z"},
                                  Night{"Australia/Lord_Howe", "2026-10-03T15:30:00Z"},
                                  Night{"America/Santiago", "2026-09-06T04:00:00Z"},
                                  Night{"America/Santiago", "2026-04-05T03:00:00Z"},
                                  Night{"America/St_Johns", "2006-10-29T02:30:00Z"},
                                  Night{"Africa/Cairo", "2026-04-23T22:00:00Z"},
                                  Night{"Pacific/Apia", "2011-12-30T10:00:00Z"},
                                  Night{"Asia/Kathmandu", "2026-05-01T18:15:00Z"},
                                  Night{"UTC", "2026-12-31T23:55:00Z"}};
    std::mt19937 random{20260329};
    for (const auto& night : k_nights) {
        const auto where = zone(night.zone);
        for (int round = 0; round < 6; ++round) {
            const auto schedules = random_schedules(random);
            SCOPED_TRACE(std::string{night.zone} + " " + json::write(schedules));
            const auto from = at(night.around) - 2 * k_day_ms;
            constexpr int k_steps = 4 * 288; // four days in steps of 5 minutes
            std::vector<bool> inside;
            for (int step = 0; step <= k_steps; ++step) inside.push_back(is_inside(schedules, where, from + step * 5 * k_minute_ms));
            std::optional<EpochMs> edge; // the next one, known from the step before (steps run backwards)
            for (int step = k_steps - 1; step >= 0; --step) {
                const auto now = from + step * 5 * k_minute_ms;
                const auto index = static_cast<std::size_t>(step);
                if (inside[index] != inside[index + 1]) edge = now + 5 * k_minute_ms;
                const auto window = window_at(schedules, where, now);
                ASSERT_EQ(window.has_value(), inside[index]) << format_rfc3339(now);
                if (!edge) continue;
                ASSERT_EQ(next_edge(schedules, where, now), edge) << format_rfc3339(now);
                if (window) {
                    ASSERT_EQ(window->ends_at_ms, edge) << format_rfc3339(now);
                }
            }
        }
    }
}

// --- state -----------------------------------------------------------------------------------------------------------

TEST(State, OfALimit) {
    const auto limited = entry(60);
    const auto noon = at("2026-05-04T12:00:00+02:00");
    auto state = state_of(limited, 45 * k_minute_ms + 1, zone("Europe/Paris"), noon);
    EXPECT_FALSE(state.is_blocked);
    EXPECT_EQ(state.remaining_ms, 15 * k_minute_ms - 1);
    EXPECT_DOUBLE_EQ(state.usage_percentage, 75);
    EXPECT_FALSE(state.reason);
    EXPECT_FALSE(state.blocked_until_ms);
    state = state_of(limited, 61 * k_minute_ms, zone("Europe/Paris"), noon);
    EXPECT_TRUE(state.is_blocked);
    EXPECT_EQ(state.reason, Reason::limit);
    EXPECT_EQ(state.remaining_ms, 0);
    EXPECT_DOUBLE_EQ(state.usage_percentage, 101.67);
    EXPECT_EQ(state.blocked_until_ms, at("2026-05-05T00:00:00+02:00"));
}

TEST(State, OfALimitOfZeroIsBlocked) {
    const auto state = state_of(entry(0), 0, Zone{}, at("2026-05-04T12:00:00Z"));
    EXPECT_TRUE(state.is_blocked);
    EXPECT_DOUBLE_EQ(state.usage_percentage, 100);
    EXPECT_EQ(state.remaining_ms, 0);
}

TEST(State, OfAnInactiveEntryIsNeverBlocked) {
    auto inactive = entry(0, {schedule(every_day(), "00:00", "00:00")});
    inactive.is_active = false;
    EXPECT_FALSE(state_of(inactive, k_hour_ms, Zone{}, at("2026-05-04T12:00:00Z")).is_blocked);
}

TEST(State, TakesTheLaterEndWhenBothBlock) {
    const auto paris = zone("Europe/Paris");
    const auto both = entry(10, {schedule(every_day(), "22:00", "06:00")});
    auto state = state_of(both, k_hour_ms, paris, at("2026-05-04T23:00:00+02:00"));
    EXPECT_EQ(state.reason, Reason::limit);
    EXPECT_EQ(state.blocked_until_ms, at("2026-05-05T06:00:00+02:00"));
    state = state_of(both, k_hour_ms, paris, at("2026-05-04T12:00:00+02:00"));
    EXPECT_EQ(state.blocked_until_ms, at("2026-05-05T00:00:00+02:00"));
    state = state_of(both, 0, paris, at("2026-05-05T00:30:00+02:00"));
    EXPECT_EQ(state.reason, Reason::schedule);
    EXPECT_EQ(state.blocked_until_ms, at("2026-05-05T06:00:00+02:00"));
    const auto noon_break = entry(10, {schedule(every_day(), "12:00", "13:00")});
    state = state_of(noon_break, k_hour_ms, paris, at("2026-05-04T12:30:00+02:00"));
    EXPECT_EQ(state.blocked_until_ms, at("2026-05-05T00:00:00+02:00")) << "the limit's midnight is later";
    const auto always = entry(10, {schedule(every_day(), "00:00", "00:00")});
    state = state_of(always, k_hour_ms, paris, at("2026-05-04T12:30:00+02:00"));
    EXPECT_TRUE(state.is_blocked);
    EXPECT_FALSE(state.blocked_until_ms) << "no end in sight";
}

TEST(State, LastsUntilTheUsersMidnightWhateverTheNight) {
    struct Case {
        const char* zone;
        const char* now;
        const char* until;
    };
    for (const auto& [name, now, until] : {Case{"Europe/Paris", "2026-03-28T23:30:00+01:00", "2026-03-29T00:00:00+01:00"},
                                           Case{"Europe/Paris", "2026-03-29T12:00:00+02:00", "2026-03-30T00:00:00+02:00"},
                                           Case{"Europe/Paris", "2026-10-25T01:00:00+02:00", "2026-10-26T00:00:00+01:00"},
                                           Case{"America/Santiago", "2026-09-05T20:00:00-04:00", "2026-09-06T01:00:00-03:00"},
                                           Case{"Africa/Cairo", "2026-04-23T20:00:00+02:00", "2026-04-24T01:00:00+03:00"},
                                           Case{"Pacific/Kiritimati", "2026-05-04T10:00:00+14:00", "2026-05-05T00:00:00+14:00"},
                                           Case{"Pacific/Niue", "2026-05-04T10:00:00-11:00", "2026-05-05T00:00:00-11:00"},
                                           Case{"Asia/Kathmandu", "2026-05-04T23:59:59.999+05:45", "2026-05-05T00:00:00+05:45"}}) {
        EXPECT_EQ(state_of(entry(1), k_hour_ms, zone(name), at(now)).blocked_until_ms, at(until)) << name << " " << now;
    }
}

TEST(State, ForgetsTheResetAtMidnight) {
    const auto paris = zone("Europe/Paris");
    auto reset = entry(30);
    reset.reset_day = day("2026-03-29"); // the short day
    reset.reset_base_ms = 100 * k_minute_ms;
    EXPECT_EQ(state_of(reset, 110 * k_minute_ms, paris, at("2026-03-29T23:59:59.999+02:00")).used_ms, 10 * k_minute_ms);
    EXPECT_EQ(state_of(reset, 20 * k_minute_ms, paris, at("2026-03-30T00:00:00+02:00")).used_ms, 20 * k_minute_ms);
    EXPECT_EQ(state_of(reset, 110 * k_minute_ms, zone("Asia/Tokyo"), at("2026-03-29T23:59:59+02:00")).used_ms, 110 * k_minute_ms)
        << "in Tokyo it is the next day already";
}

TEST(NextChange, IsAnEdgeOrMidnight) {
    const auto paris = zone("Europe/Paris");
    const auto night = entry(30, {schedule(every_day(), "22:00", "06:00")});
    EXPECT_EQ(next_change(night, paris, at("2026-05-04T12:00:00+02:00")), at("2026-05-04T22:00:00+02:00"));
    EXPECT_EQ(next_change(night, paris, at("2026-05-04T22:00:00+02:00")), at("2026-05-05T00:00:00+02:00")) << "the counter starts again";
    EXPECT_EQ(next_change(night, paris, at("2026-05-05T00:00:00+02:00")), at("2026-05-05T06:00:00+02:00"));
    EXPECT_EQ(next_change(entry(30), paris, at("2026-03-29T12:00:00+02:00")), at("2026-03-30T00:00:00+02:00"));
}

} // namespace
} // namespace focus::blocking::rules
