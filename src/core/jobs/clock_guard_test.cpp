// After a leap of the clock nothing is deleted until the new time has held.
#include "core/jobs/clock_guard.hpp"

#include "core/base/days.hpp"
#include "core/jobs/scheduler.hpp"
#include "support/cpp/database.hpp"

#include <gmock/gmock.h>

namespace focus::jobs {
namespace {

using namespace std::chrono_literals;

class ClockGuardTest : public db::testing::DatabaseTest {
  protected:
    void SetUp() override {
        DatabaseTest::SetUp();
        clock_.freeze(parse_rfc3339("2026-03-01T10:00:00Z").value());
    }
    EpochMs leap_after(EpochMs by) {
        clock_.freeze(clock_.now_ms() + by);
        ClockGuard guard{database(), clock_};
        return run([&]() -> db::Task<EpochMs> { return guard.leap(); });
    }

    Clock clock_;
};
FOCUS_TEST_ON_EACH_DATABASE(ClockGuardTest);

TEST_P(ClockGuardTest, TrustsAClockThatGoesOn) {
    EXPECT_EQ(leap_after(0), 0);
    for (const auto step : {k_minute_ms, 59 * k_minute_ms, -30 * k_minute_ms, k_hour_ms}) EXPECT_EQ(leap_after(step), 0);
}

TEST_P(ClockGuardTest, ForgetsALeapThatIsTakenBack) {
    leap_after(0);
    EXPECT_EQ(leap_after(400 * k_day_ms), 400 * k_day_ms);
    EXPECT_EQ(leap_after(4 * k_second_ms), 400 * k_day_ms + 4 * k_second_ms);
    EXPECT_EQ(leap_after(-400 * k_day_ms), 0);
    EXPECT_EQ(leap_after(-400 * k_day_ms), 400 * k_day_ms) << "backwards";
}

TEST_P(ClockGuardTest, TrustsANewTimeThatHasHeldForAnHour) {
    leap_after(0);
    EXPECT_GT(leap_after(400 * k_day_ms), 0);
    for (int i = 0; i < 6; ++i) EXPECT_GT(leap_after(9 * k_minute_ms), 0) << i;
    EXPECT_EQ(leap_after(9 * k_minute_ms), 0);
    EXPECT_EQ(leap_after(k_minute_ms), 0);
}

TEST_P(ClockGuardTest, ASecondLeapBeginsTheTrialAgain) {
    leap_after(0);
    EXPECT_GT(leap_after(400 * k_day_ms), 0);
    EXPECT_GT(leap_after(2 * k_hour_ms), 0) << "nobody has seen that hour pass";
    EXPECT_GT(leap_after(k_minute_ms), 0);
}

TEST_P(ClockGuardTest, AnotherInstanceThatAgreesWithTheOldTimeEndsTheTrial) {
    leap_after(0);
    Clock wrong;
    wrong.freeze(clock_.now_ms() + 400 * k_day_ms);
    ClockGuard other{database(), wrong};
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(leap_after(9 * k_minute_ms), 0);
        wrong.freeze(wrong.now_ms() + 9 * k_minute_ms);
        EXPECT_GT(run([&]() -> db::Task<EpochMs> { return other.leap(); }), 0);
    }
}

TEST_P(ClockGuardTest, JobsThatDeleteByTimeWait) {
    Scheduler scheduler{database(), clock_, metrics(), Scheduler::Options{.instance = "here", .lease = 15s, .poll = 5ms}};
    int deleted = 0;
    int others = 0;
    const auto count = [](int& number) {
        return [&number](const jobs::Run&) -> db::Task<void> {
            ++number;
            co_return;
        };
    };
    scheduler.add({.name = "deletes", .schedule = Schedule::every(1min), .body = count(deleted), .bears_leap = 0ms});
    scheduler.add({.name = "ends", .schedule = Schedule::every(1min), .body = count(others), .bears_leap = std::chrono::days{1}});
    scheduler.add({.name = "sends", .schedule = Schedule::every(1min), .body = count(others)});
    const auto run_all = [&] {
        std::string errors;
        for (const auto* name : {"deletes", "ends", "sends"}) {
            const auto outcome = run([&]() -> db::Task<Outcome> { return scheduler.run_now(name); });
            if (outcome.error) errors += *outcome.error;
        }
        return errors;
    };
    EXPECT_EQ(run_all(), "");
    EXPECT_EQ(std::pair(deleted, others), std::pair(1, 2));
    clock_.freeze(clock_.now_ms() + 8 * k_hour_ms); // eight hours without the service
    EXPECT_THAT(run_all(), ::testing::HasSubstr("the clock has leapt"));
    EXPECT_EQ(std::pair(deleted, others), std::pair(1, 4));
    clock_.freeze(clock_.now_ms() + 400 * k_day_ms);
    EXPECT_THAT(run_all(), ::testing::HasSubstr("the clock has leapt"));
    EXPECT_EQ(std::pair(deleted, others), std::pair(1, 5)) << "the challenges wait, too";
    run([&]() -> db::Task<void> { return scheduler.clock_guard().trust(clock_.now_ms()); });
    EXPECT_EQ(run_all(), "");
    EXPECT_EQ(std::pair(deleted, others), std::pair(2, 7));
}

} // namespace
} // namespace focus::jobs
