#include "app/fastapi/convert.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace focus::app::fastapi {

namespace {

struct Told {
    std::vector<std::string> lines;
    Tell tell = [this](std::string line) { lines.push_back(std::move(line)); };
};

OldUser old_user() {
    return {.id = 7,
            .username = "ada",
            .email = " Ada@Example.org ",
            .hashed_password = "$2b$12$AbCdEfGhIjKlMnOpQrStUucNjzVFDc0Qy.Z3/sY4I9S6a1x6SZ4mu",
            .full_name = "Ada L.",
            .daily_limit_minutes = 90};
}

OldActivity old_activity() {
    return {.id = 1, .user_id = 7, .app_name = " Chess ", .app_category = "games", .duration_minutes = 12.5, .activity_date = "2025-03-01"};
}

OldLimit old_limit() { return {.id = 1, .user_id = 7, .app_name = "Chess", .app_category = "games", .daily_limit_minutes = 60}; }

template <class Old>
std::string reason_of(const Old& old) {
    Told told;
    try {
        static_cast<void>(convert(old, told.tell));
    } catch (const NotMovable& error) {
        return error.what();
    }
    return "";
}

} // namespace

TEST(FastapiConvert, AFloatIsTheDecimalNumberThatWasSent) {
    EXPECT_EQ(exact_ms(static_cast<double>(7.33F)), 439'800);
    EXPECT_EQ(exact_ms(static_cast<double>(600.123F)), 36'007'380);
    EXPECT_EQ(exact_ms(static_cast<double>(1439.999F)), 86'399'940);
    EXPECT_EQ(exact_ms(static_cast<double>(0.1F)), 6'000);
    EXPECT_EQ(exact_ms(0), 0);
}

TEST(FastapiConvert, AnAccountKeepsWhatIsValid) {
    Told told;
    const auto account = convert(old_user(), told.tell);
    EXPECT_EQ(account.user.email, "Ada@Example.org");
    EXPECT_EQ(account.daily_limit_ms, 90 * k_minute_ms);
    EXPECT_TRUE(account.user.password_hash);
    EXPECT_EQ(account.user.full_name, "Ada L.");
    EXPECT_TRUE(told.lines.empty());
}

TEST(FastapiConvert, AnAccountIsChangedWhereItMustBe) {
    auto old = old_user();
    old.username = "d\xC3\xA9 a";
    old.hashed_password = "$2b$12$abcdefghijklmnopqrstuv"; // only a salt
    old.avatar_url = "ftp://pictures.example/a.png";
    old.daily_limit_minutes = 5000;
    Told told;
    const auto account = convert(old, told.tell);
    EXPECT_EQ(account.user.username, "d__a");
    EXPECT_FALSE(account.user.password_hash);
    EXPECT_FALSE(account.user.avatar_url);
    EXPECT_EQ(account.daily_limit_ms, 1440 * k_minute_ms);
    EXPECT_EQ(told.lines.size(), 4U);
    old.username = "x";
    EXPECT_EQ(convert(old, told.tell).user.username, "x__");
    old.daily_limit_minutes = 0;
    EXPECT_FALSE(convert(old, told.tell).daily_limit_ms);
    old.email = "no address";
    EXPECT_EQ(reason_of(old), "the e-mail address is not valid");
}

TEST(FastapiConvert, AnActivityIsTrimmedAndKeepsItsDay) {
    Told told;
    const auto record = convert(old_activity(), told.tell);
    EXPECT_EQ(record.app_name, "Chess");
    EXPECT_EQ(record.app_key, "chess");
    EXPECT_EQ(record.duration_minutes.ms, 750'000);
    EXPECT_EQ(record.activity_date.to_string(), "2025-03-01");
    auto old = old_activity();
    old.start_ms = 2'000;
    old.end_ms = 1'000;
    EXPECT_FALSE(convert(old, told.tell).start_ms);
    EXPECT_EQ(told.lines.size(), 1U);
}

TEST(FastapiConvert, AnActivityThatIsNone) {
    auto old = old_activity();
    old.app_name = " ";
    EXPECT_EQ(reason_of(old), "app_name is empty or has control characters");
    old = old_activity();
    old.activity_date = "0000-00-00";
    EXPECT_EQ(reason_of(old), "activity_date is no date");
    old = old_activity();
    old.duration_minutes = 1440.5;
    EXPECT_EQ(reason_of(old), "duration_minutes is more than a day");
    old.duration_minutes = -1;
    EXPECT_EQ(reason_of(old), "duration_minutes is negative");
}

TEST(FastapiConvert, AWindowBecomesASchedule) {
    Told told;
    auto old = old_limit();
    EXPECT_TRUE(convert(old, told.tell).is_active);
    EXPECT_TRUE(convert(old, told.tell).schedules.empty());
    old.block_start = 22 * 60;
    old.block_end = 8 * 60;
    auto schedules = convert(old, told.tell).schedules;
    ASSERT_EQ(schedules.size(), 1U);
    EXPECT_EQ(schedules[0].days.items.size(), 5U);
    EXPECT_EQ(schedules[0].start_time.minute_of_day, 22 * 60);
    old.block_on_weekends = true;
    EXPECT_EQ(convert(old, told.tell).schedules[0].days.items.size(), 7U);
    EXPECT_TRUE(told.lines.empty());
    old.block_end.reset();
    EXPECT_TRUE(convert(old, told.tell).schedules.empty());
    EXPECT_EQ(told.lines.size(), 1U);
}

TEST(FastapiConvert, OnlyCompletedChallengesMove) {
    OldChallenge old{.id = 1,
                     .creator_id = 7,
                     .title = "Quiet",
                     .type = "minimize_time",
                     .status = "completed",
                     .target_minutes = 60,
                     .starts_at_ms = 0,
                     .ends_at_ms = 7 * k_day_ms - 1,
                     .updated_at_ms = 8 * k_day_ms};
    Told told;
    const auto row = convert(old, told.tell);
    EXPECT_EQ(row.end_date.since(row.start_date), 6);
    EXPECT_EQ(row.course.frozen_at_ms, 8 * k_day_ms);
    EXPECT_EQ(challenges::next_step_at(row), std::nullopt); // no notification is sent
    const auto member = convert(OldParticipant{.id = 1,
                                               .user_id = 7,
                                               .total_time_minutes = static_cast<double>(119.83F),
                                               .goal_achieved = true,
                                               .score = static_cast<double>(300.17F)},
                                row);
    EXPECT_EQ(member.standing.score_ms, 18'010'200);
    EXPECT_EQ(member.standing.total_ms, 7'189'800);
    EXPECT_TRUE(challenges::rules::goal_achieved(member.standing));
    EXPECT_FALSE(member.is_open);
    old.status = "active";
    EXPECT_EQ(reason_of(old), "it is not over (active): let it end, or make it again");
    old.status = "cancelled";
    EXPECT_EQ(reason_of(old), "it was cancelled");
}

} // namespace focus::app::fastapi
