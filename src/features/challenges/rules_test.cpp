#include "features/challenges/rules.hpp"

#include "core/base/error.hpp"
#include "core/base/fold.hpp"

#include <gtest/gtest.h>

#include <random>

namespace focus::challenges::rules {
namespace {

using activities::Record;

Day day(std::string_view text) { return Day::parse(text).value(); }

Terms terms(Type type, std::int64_t minutes, std::string_view start, std::string_view end) {
    return {.type = type,
            .target_ms = minutes * k_minute_ms,
            .start = day(start),
            .end = day(end),
            .target_keys = keys_of({"Instagram", "com.example.Video"})};
}

Record record(std::string_view on, std::string_view app, std::int64_t minutes, std::string_view package = "") {
    Record made;
    made.activity_date = day(on);
    made.app_name = app;
    made.app_key = fold_case(app);
    made.app_package = package;
    made.duration_minutes = {minutes * k_minute_ms};
    return made;
}

Standing after(const Terms& terms, const std::vector<Record>& records) {
    Signed all;
    for (const auto& one : records) all.emplace_back(&one, +1);
    return standing_of(terms, changes_of(terms, all));
}

/// The rules of the API's description, in the simplest form: a loop over days (or weeks) and all records in each.
Standing told_plainly(const Terms& terms, const std::vector<Record>& records) {
    Standing standing;
    const int step = terms.type == Type::weekly_goal ? 7 : 1;
    for (auto from = terms.start; from <= terms.end; from = from.plus(step)) {
        const auto to = std::min(from.plus(step - 1), terms.end);
        std::int64_t used = 0;
        bool has_data = false;
        for (const auto& one : records) {
            if (one.activity_date < from || one.activity_date > to) continue;
            has_data = true;
            const auto key = fold_case(one.app_name);
            if (key == "instagram" || key == "com.example.video" || fold_case(one.app_package) == "instagram" ||
                fold_case(one.app_package) == "com.example.video") {
                used += one.duration_minutes.ms;
            }
        }
        standing.total_ms += used;
        if (!has_data) continue;
        ++standing.scored;
        const double days = to.since(from) + 1;
        const auto target =
            terms.type == Type::weekly_goal ? std::llround(static_cast<double>(terms.target_ms) * days / 7.0) : terms.target_ms;
        if (used > target) ++standing.missed;
        if (terms.type == Type::minimize_time)
            standing.score_ms += std::max<std::int64_t>(0, target - used);
        else if (used <= target)
            standing.score_ms += k_point_ms;
    }
    return standing;
}

TEST(ChallengeRules, NoDataIsWorthNothingAndOtherAppsAreData) {
    const auto minimize = terms(Type::minimize_time, 60, "2026-03-02", "2026-03-15");
    EXPECT_EQ(after(minimize, {}), Standing{});
    EXPECT_EQ(after(minimize, {record("2026-03-02", "Maps", 30)}).score_ms, 60 * k_minute_ms)
        << "there is data, none of it in a target app";
    EXPECT_EQ(after(minimize, {record("2026-03-02", "INSTAGRAM", 20)}).score_ms, 40 * k_minute_ms);
    EXPECT_EQ(after(minimize, {record("2026-03-02", "Clips", 20, "COM.example.video")}).score_ms, 40 * k_minute_ms);
    EXPECT_EQ(after(minimize, {record("2026-03-02", "Instagram", 90)}).score_ms, 0);
    EXPECT_EQ(after(minimize, {record("2026-03-01", "Instagram", 20), record("2026-03-16", "Instagram", 20)}), Standing{});
}

TEST(ChallengeRules, GoalsCountDaysAndWeeks) {
    const auto daily = terms(Type::daily_goal, 60, "2026-03-02", "2026-03-15");
    const std::vector<Record> records{record("2026-03-02", "Instagram", 60), record("2026-03-03", "Instagram", 61),
                                      record("2026-03-05", "Maps", 5)};
    EXPECT_EQ(after(daily, records), (Standing{.score_ms = 2 * k_point_ms, .total_ms = 121 * k_minute_ms, .scored = 3, .missed = 1}));
    EXPECT_FALSE(goal_achieved(after(daily, records)));
    const auto weekly = terms(Type::weekly_goal, 120, "2026-03-02", "2026-03-15");
    EXPECT_EQ(after(weekly, records).score_ms, 0) << "121 minutes in the first week, nothing in the second";
    EXPECT_EQ(after(weekly, {records[0], records[2]}).score_ms, k_point_ms);
    EXPECT_TRUE(goal_achieved(after(weekly, {records[0]})));
    EXPECT_FALSE(goal_achieved(Standing{})) << "without data nothing is achieved";
}

TEST(ChallengeRules, ALastPartialWeekHasItsShareOfTheTarget) {
    const auto weekly = terms(Type::weekly_goal, 70, "2026-03-02", "2026-03-11"); // a week and three days: 30 minutes
    EXPECT_EQ(period_of(weekly, day("2026-03-08")), 0);
    EXPECT_EQ(period_of(weekly, day("2026-03-09")), 1);
    EXPECT_EQ(period_of(weekly, day("2026-03-12")), std::nullopt);
    EXPECT_EQ(after(weekly, {record("2026-03-10", "Instagram", 30)}).score_ms, k_point_ms);
    EXPECT_EQ(after(weekly, {record("2026-03-10", "Instagram", 31)}).score_ms, 0);
}

TEST(ChallengeRules, ChangesOneByOneEqualAPlainRecomputation) {
    std::mt19937 random{7};
    const auto pick = [&](int most) { return std::uniform_int_distribution<int>{0, most}(random); };
    constexpr std::string_view k_apps[] = {"Instagram", "instagram", "Maps", "com.example.VIDEO", "Clips"};
    for (int round = 0; round < 300; ++round) {
        auto measured = terms(static_cast<Type>(pick(2)), 1 + pick(300), "2026-03-02", "2026-03-02");
        measured.end = measured.start.plus(pick(30));
        std::vector<Record> records;
        Periods periods;
        Standing standing;
        const auto apply = [&](const Signed& changes) {
            for (const auto& [number, change] : changes_of(measured, changes)) {
                const auto was = periods[number];
                periods[number] = {was.used_ms + change.used_ms, was.sessions + change.sessions};
                replace(standing, measured, number, was, periods[number]);
            }
        };
        const auto make = [&] {
            auto made = record("2026-03-01", k_apps[pick(4)], 0, pick(3) == 0 ? "com.example.video" : "");
            made.activity_date = made.activity_date.plus(pick(34) - 1);
            made.duration_minutes.ms = pick(7'200'000);
            return made;
        };
        for (int step = 0; step < 40; ++step) {
            const auto made = make();
            const int what = records.empty() ? 0 : pick(3);
            const auto at = records.begin() + (records.empty() ? 0 : pick(static_cast<int>(records.size()) - 1));
            if (what <= 1) {
                apply({{&made, +1}});
                records.push_back(made);
            } else if (what == 2) {
                apply({{&*at, -1}, {&made, +1}});
                *at = made;
            } else {
                apply({{&*at, -1}});
                records.erase(at);
            }
            ASSERT_EQ(standing, told_plainly(measured, records)) << "round " << round << " step " << step;
        }
        EXPECT_EQ(standing, standing_of(measured, periods));
    }
}

TEST(ChallengeRules, DatesAndTimes) {
    const auto today = day("2026-03-10");
    EXPECT_NO_THROW(require_dates(today, today, today));
    EXPECT_NO_THROW(require_dates(day("2026-03-01"), today, today)) << "the start may be over";
    EXPECT_THROW(require_dates(today, day("2026-03-09"), today), Error);
    EXPECT_THROW(require_dates(day("2026-03-01"), day("2026-03-09"), today), Error);
    EXPECT_NO_THROW(require_dates(today, today.plus(365), today));
    EXPECT_THROW(require_dates(today, today.plus(366), today), Error);

    const auto paris = Zone::find("Europe/Paris").value();
    const auto times = times_of(day("2026-03-28"), day("2026-03-29"), paris); // the second day has 23 hours
    EXPECT_EQ(format_rfc3339(times.starts_at_ms), "2026-03-27T23:00:00.000Z");
    EXPECT_EQ(format_rfc3339(times.ends_at_ms), "2026-03-29T22:00:00.000Z");
    EXPECT_EQ(format_rfc3339(times.freezes_at_ms), "2026-03-30T10:00:00.000Z");
    EXPECT_EQ(days_so_far(day("2026-03-02"), day("2026-03-04"), day("2026-03-01")), 1);
    EXPECT_EQ(days_so_far(day("2026-03-02"), day("2026-03-04"), day("2026-03-03")), 2);
    EXPECT_EQ(days_so_far(day("2026-03-02"), day("2026-03-04"), day("2026-04-03")), 3);
}

TEST(ChallengeRules, StatusFollowsTheCourse) {
    const Times times{.starts_at_ms = 1000, .ends_at_ms = 2000, .freezes_at_ms = 3000};
    EXPECT_EQ(status_at({.times = times}, 999), Status::upcoming);
    EXPECT_EQ(status_at({.times = times}, 1000), Status::active);
    EXPECT_EQ(status_at({.times = times}, 2500), Status::active) << "until the results stand";
    EXPECT_EQ(status_at({.times = times, .frozen_at_ms = 3001}, 3002), Status::completed);
    EXPECT_EQ(status_at({.times = times, .frozen_at_ms = std::nullopt, .cancelled_at_ms = 5}, 1500), Status::cancelled);
}

TEST(ChallengeRules, PassingNewsKeepAwayFromTheStartAndTheEnd) {
    const Times times{.starts_at_ms = 1'000'000, .ends_at_ms = 2'000'000, .freezes_at_ms = 3'000'000};
    EXPECT_TRUE(may_tell(times, 900'000));
    EXPECT_FALSE(may_tell(times, 940'000));
    EXPECT_TRUE(may_tell(times, 1'000'000));
    EXPECT_TRUE(may_tell(times, 2'000'000));
    EXPECT_FALSE(may_tell(times, 2'999'999));
}

TEST(ChallengeRules, CodesAsPeopleTypeThem) { EXPECT_EQ(tidy_code(" abcd-2345 ef"), "ABCD2345EF"); }

} // namespace
} // namespace focus::challenges::rules
