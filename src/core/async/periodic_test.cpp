#include "core/async/periodic.hpp"

#include "core/async/failures.hpp"
#include "core/async/run.hpp"
#include "core/base/clock.hpp"
#include "core/base/error.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

namespace focus::async {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

Task<> sleep(milliseconds time) {
    asio::steady_timer timer{co_await asio::this_coro::executor, time};
    co_await timer.async_wait(asio::use_awaitable);
}

class PeriodicTest : public ::testing::Test {
  protected:
    asio::any_io_executor executor() { return io_.get_executor(); }
    /// Waits for at least so many runs.
    Task<> ran(int runs) {
        for (const auto until = std::chrono::steady_clock::now() + 10s; runs_ < runs;) {
            if (std::chrono::steady_clock::now() > until) {
                ADD_FAILURE() << runs_ << " runs instead of " << runs;
                co_return;
            }
            co_await sleep(1ms);
        }
    }
    Task<> stop() {
        tasks_.stop();
        EXPECT_TRUE(co_await tasks_.wait_for(10s));
    }
    void run(Task<> task) { block_on(io_, std::move(task)); }

    asio::io_context io_;
    TaskGroup tasks_;
    std::atomic<int> runs_{0};
};

TEST_F(PeriodicTest, RunsAtOnceAndWhenEachRunAsksFor) {
    Clock clock;
    clock.freeze(1'000);
    const EpochMs due = 10'000;
    const auto by_the_clock = [&]() -> Task<milliseconds> {
        ++runs_;
        co_return std::min(milliseconds{due - clock.now_ms()}, 5ms);
    };
    Periodic periodic{executor(), {.name = "test"}, by_the_clock};
    const auto body = [&]() -> Task<> {
        periodic.start(tasks_);
        co_await ran(3);
        co_await stop();
    };
    run(body());
}

TEST_F(PeriodicTest, AStopInterruptsThePauseButNotTheRun) {
    bool finished = false;
    const auto slow = [&]() -> Task<milliseconds> {
        ++runs_;
        co_await sleep(20ms);
        finished = true;
        co_return 1h;
    };
    Periodic periodic{executor(), {.name = "test"}, slow};
    const auto during_a_run = [&]() -> Task<> {
        periodic.start(tasks_);
        co_await ran(1);
        co_await stop();
        EXPECT_TRUE(finished);
        EXPECT_EQ(runs_, 1);
    };
    run(during_a_run());
    TaskGroup others;
    const auto during_the_pause = [&]() -> Task<> {
        Periodic later{executor(), {.name = "test", .first_run = 1h}, slow};
        later.start(others);
        co_await sleep(1ms);
        others.stop();
        EXPECT_TRUE(co_await others.wait_for(10s));
        EXPECT_EQ(runs_, 1);
    };
    run(during_the_pause());
}

TEST_F(PeriodicTest, IsWokenFromAnyThreadOnceForAllWakings) {
    asio::io_context other;
    auto busy = asio::make_work_guard(other);
    std::jthread thread{[&] { other.run(); }};
    const auto count = [&]() -> Task<milliseconds> {
        ++runs_;
        co_await sleep(10ms);
        co_return 1h;
    };
    Periodic periodic{other.get_executor(), {.name = "test"}, count};
    const auto body = [&]() -> Task<> {
        periodic.start(tasks_);
        co_await ran(1);
        for (int i = 0; i < 5; ++i) periodic.wake(); // during the run: one more
        co_await ran(2);
        co_await sleep(50ms);
        EXPECT_EQ(runs_, 2);
        periodic.wake(); // during the pause
        co_await ran(3);
        co_await stop();
    };
    run(body());
    busy.reset();
}

TEST_F(PeriodicTest, GoesOnAfterFailuresWithGrowingPauses) {
    const auto before = reported_failures();
    std::vector<std::chrono::steady_clock::time_point> at;
    const auto failing = [&]() -> Task<milliseconds> {
        at.push_back(std::chrono::steady_clock::now());
        if (++runs_ <= 4) throw std::runtime_error{"broken"};
        co_return 1h;
    };
    Periodic periodic{executor(), {.name = "test", .retry = 10ms, .longest_retry = 20ms}, failing};
    const auto body = [&]() -> Task<> {
        periodic.start(tasks_);
        co_await ran(5);
        co_await stop();
    };
    run(body());
    EXPECT_EQ(reported_failures(), before + 4);
    EXPECT_GE(at[1] - at[0], 10ms);
    EXPECT_GE(at[2] - at[1], 20ms);
    EXPECT_GE(at[3] - at[2], 20ms);
    EXPECT_LT(at[4] - at[3], 10s) << "the longest pause";
}

TEST_F(PeriodicTest, LogsAnOutageOnce) {
    const auto before = reported_failures();
    const auto away = [&]() -> Task<milliseconds> {
        const int run = ++runs_;
        if (run != 3 && run < 6) throw unavailable("the database is away");
        co_return run < 6 ? 1ms : 1h;
    };
    Periodic periodic{executor(), {.name = "test", .retry = 1ms, .longest_retry = 1ms}, away};
    ::testing::internal::CaptureStderr();
    const auto body = [&]() -> Task<> {
        periodic.start(tasks_);
        co_await ran(6);
        co_await stop();
    };
    run(body());
    const auto logged = ::testing::internal::GetCapturedStderr();
    EXPECT_EQ(std::ranges::count(logged, '\n'), 2) << logged; // runs 1 and 2, runs 4 and 5
    EXPECT_EQ(reported_failures(), before);
}

} // namespace
} // namespace focus::async
