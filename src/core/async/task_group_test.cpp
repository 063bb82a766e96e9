#include "core/async/task_group.hpp"

#include "core/async/failures.hpp"
#include "core/async/run.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <stdexcept>
#include <thread>

namespace focus::async {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

Task<> sleep(std::chrono::milliseconds time) {
    asio::steady_timer timer{co_await asio::this_coro::executor, time};
    co_await timer.async_wait(asio::use_awaitable);
}
Task<> fail() {
    throw std::runtime_error{"broken"};
    co_return;
}

class TaskGroupTest : public ::testing::Test {
  protected:
    asio::any_io_executor executor() { return io_.get_executor(); }
    void run(Task<> task) { block_on(io_, std::move(task)); }

    asio::io_context io_;
    TaskGroup tasks_;
};

TEST_F(TaskGroupTest, WaitsForAll) {
    int ended = 0;
    const auto work = [&](std::chrono::milliseconds time) -> Task<> {
        co_await sleep(time);
        ++ended;
    };
    const auto body = [&]() -> Task<> {
        co_await tasks_.wait(); // none: at once
        tasks_.spawn(executor(), "long", work(30ms));
        tasks_.spawn(executor(), "short", work(1ms));
        EXPECT_EQ(tasks_.running(), 2);
        co_await tasks_.wait();
        EXPECT_EQ(ended, 2);
        EXPECT_EQ(tasks_.running(), 0);
    };
    run(body());
}

TEST_F(TaskGroupTest, CountsExceptionsAndGoesOn) {
    const auto before = reported_failures();
    const auto body = [&]() -> Task<> {
        tasks_.spawn(executor(), "first", fail());
        tasks_.spawn(executor(), "second", sleep(5ms));
        co_await tasks_.wait();
        tasks_.spawn(executor(), "third", fail());
        co_await tasks_.wait();
    };
    run(body());
    EXPECT_EQ(reported_failures(), before + 2);
}

TEST_F(TaskGroupTest, AStopCancelsWaitsWhichIsNoFailure) {
    const auto before = reported_failures();
    bool finished = false;
    const auto finishing = [&]() -> Task<> {
        co_await sleep(20ms);
        EXPECT_TRUE(tasks_.is_stopping());
        co_await sleep(1ms); // still not cancelled
        finished = true;
    };
    const auto body = [&]() -> Task<> {
        tasks_.spawn(executor(), "cancelled", sleep(1h));
        tasks_.spawn(executor(), "finishing", finishing(), OnStop::finish);
        co_await sleep(1ms);
        tasks_.stop();
        co_await tasks_.wait();
        EXPECT_TRUE(finished);
        tasks_.spawn(executor(), "late", sleep(1h)); // stopped at once
        co_await tasks_.wait();
    };
    run(body());
    EXPECT_EQ(reported_failures(), before);
}

TEST_F(TaskGroupTest, GivesUpWhenPatienceIsOver) {
    const auto body = [&]() -> Task<> {
        tasks_.spawn(executor(), "stubborn", sleep(100ms), OnStop::finish);
        tasks_.stop();
        EXPECT_FALSE(co_await tasks_.wait_for(5ms));
        EXPECT_TRUE(co_await tasks_.wait_for(10s));
    };
    run(body());
}

TEST_F(TaskGroupTest, IsStoppedAndAwaitedFromOtherThreads) {
    asio::io_context other;
    auto busy = asio::make_work_guard(other);
    const std::jthread thread{[&] { other.run(); }};
    for (int round = 0; round < 200; ++round) {
        TaskGroup tasks;
        for (int i = 0; i < 4; ++i) tasks.spawn(other.get_executor(), "task", sleep(i == 0 ? 0ms : 1h));
        const auto body = [&]() -> Task<> {
            tasks.stop();
            EXPECT_TRUE(co_await tasks.wait_for(10s));
        };
        run(body());
    }
    busy.reset();
}

TEST_F(TaskGroupTest, ATaskThatIsDestroyedWithItsContextHasEnded) {
    std::optional<asio::io_context> other{std::in_place};
    tasks_.spawn(other->get_executor(), "waiting", sleep(1h));
    other->poll();
    EXPECT_EQ(tasks_.running(), 1);
    other.reset();
    EXPECT_EQ(tasks_.running(), 0);
}

TEST_F(TaskGroupTest, IsNotDestroyedBeforeItsTasks) {
    EXPECT_DEATH(
        {
            TaskGroup tasks;
            tasks.spawn(executor(), "waiting", sleep(1h));
        },
        "must outlive its tasks");
    auto tasks = std::make_unique<TaskGroup>();
    tasks->spawn(executor(), "waiting", sleep(1h));
    tasks->abandon();
    tasks.reset();
}

} // namespace
} // namespace focus::async
