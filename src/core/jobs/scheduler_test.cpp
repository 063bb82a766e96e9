// Jobs on both engines: due, missed, failed, running elsewhere, orphaned, stopped.
#include "core/jobs/scheduler.hpp"

#include "core/base/days.hpp"
#include "core/base/error.hpp"
#include "support/cpp/database.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gmock/gmock.h>

namespace focus::jobs {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using JobRun = Run; // inside tests Run is GoogleTest's

constexpr db::Statement k_steal{"test.steal", "UPDATE jobs SET lease = 'other:1', lease_until_ms = ? WHERE name = 'job'"};
constexpr EpochMs k_far_future_ms = 4'000'000'000'000;

class SchedulerTest : public db::testing::DatabaseTest {
  protected:
    void SetUp() override {
        DatabaseTest::SetUp();
        clock_.freeze(parse_rfc3339("2026-03-01T10:00:30Z").value());
    }

    std::unique_ptr<Scheduler> make(std::function<db::Task<void>(const JobRun&)> body, milliseconds lease = 15s) {
        auto scheduler =
            std::make_unique<Scheduler>(database(), clock_, metrics(), Scheduler::Options{.instance = "here", .lease = lease, .poll = 5ms});
        scheduler->add({.name = "job", .schedule = Schedule::every(1min), .body = std::move(body)});
        return scheduler;
    }
    std::function<db::Task<void>(const JobRun&)> counting() {
        return [this](const JobRun&) -> db::Task<void> {
            ++runs_;
            co_return;
        };
    }
    db::Task<void> sleep(milliseconds time) {
        boost::asio::steady_timer timer{io(), time};
        co_await timer.async_wait(boost::asio::use_awaitable);
    }
    db::Task<Status> status(Scheduler& scheduler) { co_return (co_await scheduler.status()).at(0); }
    /// Waits until the end of the run with this number is in the table.
    db::Task<bool> noted(Scheduler& scheduler, std::int64_t run) {
        for (const auto until = std::chrono::steady_clock::now() + 10s; std::chrono::steady_clock::now() < until; co_await sleep(2ms))
            if ((co_await status(scheduler)).runs == run) co_return true;
        co_return false;
    }
    void advance(EpochMs by) { clock_.freeze(clock_.now_ms() + by); }

    Clock clock_;
    int runs_ = 0;
};
FOCUS_TEST_ON_EACH_DATABASE(SchedulerTest);

TEST_P(SchedulerTest, RunsWhenDueAndOnceForAllThatWasMissed) {
    run([&]() -> db::Task<void> {
        const auto scheduler = make(counting());
        scheduler->start(io().get_executor());
        co_await sleep(50ms);
        EXPECT_EQ(runs_, 0) << "not due before the next full minute";
        advance(30'000);
        EXPECT_TRUE(co_await noted(*scheduler, 1));
        advance(10 * k_minute_ms);
        EXPECT_TRUE(co_await noted(*scheduler, 2));
        co_await sleep(50ms);
        EXPECT_EQ(runs_, 2);
        EXPECT_TRUE(co_await scheduler->stop(5s));
        const auto now = co_await status(*scheduler);
        EXPECT_EQ(now.runs, 2);
        EXPECT_EQ(format_rfc3339(now.next_run_ms), "2026-03-01T10:12:00.000Z");
        EXPECT_EQ(now.last_run_ms, clock_.now_ms());
        EXPECT_TRUE(now.last_duration_ms.has_value());
        EXPECT_EQ(now.last_error, std::nullopt);
        EXPECT_EQ(now.running_on, std::nullopt);
    });
}

TEST_P(SchedulerTest, FollowsAClockThatIsSetBack) {
    run([&]() -> db::Task<void> {
        const auto scheduler = make(counting());
        scheduler->start(io().get_executor());
        advance(30'000);
        EXPECT_TRUE(co_await noted(*scheduler, 1));
        advance(-k_day_ms);
        co_await sleep(50ms);
        advance(k_minute_ms);
        EXPECT_TRUE(co_await noted(*scheduler, 2));
        EXPECT_TRUE(co_await scheduler->stop(5s));
    });
}

TEST_P(SchedulerTest, WhatIsMadeDueRunsAtTheNextLookButNotTwiceAtOnce) {
    run([&]() -> db::Task<void> {
        bool began = false;
        bool finish = false;
        const auto scheduler = make([&](const JobRun&) -> db::Task<void> {
            began = true;
            while (!finish) co_await sleep(5ms);
            ++runs_;
        });
        const auto make_due = [&](const char* name) -> db::Task<std::string> {
            co_return co_await db::testing::outcome(
                database().transaction([&](db::Transaction& tx) -> db::Task<void> { co_await scheduler->make_due(tx, name); }));
        };
        EXPECT_EQ(co_await make_due("job"), "ok"); // no scheduler is started yet: the job waits
        scheduler->start(io().get_executor());
        EXPECT_TRUE(co_await db::testing::becomes_true([&] { return began; }));
        EXPECT_THAT(co_await make_due("job"), ::testing::HasSubstr("already"));
        EXPECT_THAT(co_await make_due("other"), ::testing::HasSubstr("by this name"));
        finish = true;
        EXPECT_TRUE(co_await noted(*scheduler, 1));
        EXPECT_TRUE(co_await scheduler->stop(5s));
        EXPECT_GT((co_await status(*scheduler)).next_run_ms, clock_.now_ms()) << "the schedule goes on";
    });
}

TEST_P(SchedulerTest, TwoInstancesRunItOnce) {
    run([&]() -> db::Task<void> {
        int at_once = 0;
        const auto body = [&](const JobRun&) -> db::Task<void> {
            EXPECT_EQ(++at_once, 1);
            co_await sleep(20ms);
            --at_once;
            ++runs_;
        };
        const auto one = make(body);
        const auto two = make(body);
        one->start(io().get_executor());
        two->start(io().get_executor());
        for (int minute = 1; minute <= 10; ++minute) {
            advance(k_minute_ms);
            EXPECT_TRUE(co_await noted(*one, minute));
            co_await sleep(15ms);
            EXPECT_EQ(runs_, minute);
        }
        EXPECT_TRUE(co_await one->stop(5s));
        EXPECT_TRUE(co_await two->stop(5s));
    });
}

TEST_P(SchedulerTest, AFailureIsKeptAndTriedAgain) {
    run([&]() -> db::Task<void> {
        const auto scheduler = make([&](const JobRun&) -> db::Task<void> {
            if (++runs_ == 1) throw std::runtime_error{"no luck"};
            co_return;
        });
        const auto failed = co_await scheduler->run_now("job");
        EXPECT_EQ(failed.error, "no luck");
        EXPECT_EQ((co_await status(*scheduler)).last_error, "no luck");
        EXPECT_LE((co_await status(*scheduler)).next_run_ms, clock_.now_ms() + k_minute_ms);
        const auto done = co_await scheduler->run_now("job");
        EXPECT_EQ(done.error, std::nullopt);
        EXPECT_EQ((co_await status(*scheduler)).last_error, std::nullopt);
    });
}

TEST_P(SchedulerTest, AnOrphanIsTakenOverAfterItsLease) {
    run([&]() -> db::Task<void> {
        const auto scheduler = make(counting());
        EXPECT_TRUE((co_await status(*scheduler)).name == "job");
        (void)co_await scheduler->run_now("job");
        advance(2 * k_minute_ms);
        co_await database().execute(k_steal, k_far_future_ms); // another instance holds it
        scheduler->start(io().get_executor());
        co_await sleep(50ms);
        EXPECT_EQ(runs_, 1);
        EXPECT_EQ((co_await status(*scheduler)).running_on, "other");
        bool refused = false;
        try {
            (void)co_await scheduler->run_now("job");
        } catch (const Error& error) {
            refused = error.kind() == ErrorKind::conflict;
        }
        EXPECT_TRUE(refused);
        co_await database().execute(k_steal, 1); // that instance has ended, and its lease is over
        EXPECT_TRUE(co_await db::testing::becomes_true([&] { return runs_ == 2; }));
        EXPECT_TRUE(co_await scheduler->stop(5s));
    });
}

TEST_P(SchedulerTest, ALongRunKeepsItsLease) {
    run([&]() -> db::Task<void> {
        bool finish = false;
        bool is_over = false;
        bool told_to_stop = false;
        const auto body = [&](const JobRun& run_now) -> db::Task<void> {
            ++runs_;
            while (!finish) co_await sleep(5ms);
            told_to_stop = run_now.should_stop();
            is_over = true;
        };
        const auto one = make(body, 150ms);
        const auto two = make(body, 150ms);
        one->start(io().get_executor());
        two->start(io().get_executor());
        advance(k_minute_ms);
        co_await sleep(600ms); // four leases
        EXPECT_EQ(runs_, 1);
        finish = true;
        EXPECT_TRUE(co_await db::testing::becomes_true([&] { return is_over; }));
        EXPECT_FALSE(told_to_stop);
        EXPECT_TRUE(co_await one->stop(5s));
        EXPECT_TRUE(co_await two->stop(5s));
    });
}

TEST_P(SchedulerTest, ARunThatLostItsLeaseIsToldSoAndLeavesTheRowAlone) {
    run([&]() -> db::Task<void> {
        bool began = false;
        const auto scheduler = make(
            [&](const JobRun& run_now) -> db::Task<void> {
                began = true;
                while (!run_now.should_stop()) co_await sleep(5ms);
                ++runs_;
            },
            60ms);
        scheduler->start(io().get_executor());
        advance(k_minute_ms);
        EXPECT_TRUE(co_await db::testing::becomes_true([&] { return began; }));
        co_await database().execute(k_steal, k_far_future_ms);
        EXPECT_TRUE(co_await db::testing::becomes_true([&] { return runs_ == 1; }));
        EXPECT_TRUE(co_await scheduler->stop(5s));
        EXPECT_EQ((co_await status(*scheduler)).running_on, "other");
    });
}

TEST_P(SchedulerTest, AStoppedRunStaysDue) {
    run([&]() -> db::Task<void> {
        const auto scheduler = make([&](const JobRun& run_now) -> db::Task<void> {
            ++runs_;
            while (!run_now.should_stop()) co_await sleep(5ms);
        });
        scheduler->start(io().get_executor());
        advance(k_minute_ms);
        EXPECT_TRUE(co_await db::testing::becomes_true([&] { return runs_ == 1; }));
        EXPECT_TRUE(co_await scheduler->stop(5s));
        const auto now = co_await status(*scheduler);
        EXPECT_LE(now.next_run_ms, clock_.now_ms());
        EXPECT_EQ(now.runs, 0);
        EXPECT_EQ(now.running_on, std::nullopt) << "the next instance need not wait";
    });
}

TEST_P(SchedulerTest, KnowsItsJobs) {
    run([&]() -> db::Task<void> {
        const auto scheduler = make(counting());
        EXPECT_TRUE(scheduler->knows("job"));
        EXPECT_THROW(scheduler->add({.name = "job", .schedule = Schedule::every(1s), .body = counting()}), std::invalid_argument);
        bool unknown = false;
        try {
            (void)co_await scheduler->run_now("gardening");
        } catch (const Error& error) {
            unknown = error.kind() == ErrorKind::not_found;
        }
        EXPECT_TRUE(unknown);
    });
}

} // namespace
} // namespace focus::jobs
