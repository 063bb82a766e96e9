#include "core/async/run.hpp"

#include "core/async/failures.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

namespace focus::async {
namespace {

namespace asio = boost::asio;

Task<> end_well() { co_return; }
Task<> end_badly() {
    throw std::runtime_error{"broken"};
    co_return;
}
Task<> end_oddly() {
    throw 1; // NOLINT(hicpp-exception-baseclass): what a library may throw
    co_return;
}
Task<std::thread::id> this_thread() { co_return std::this_thread::get_id(); }

TEST(Spawn, LogsAndCountsWhatACoroutineEndsWith) {
    asio::io_context io;
    const auto before = reported_failures();
    ::testing::internal::CaptureStderr();
    spawn(io.get_executor(), "first", end_well());
    spawn(io.get_executor(), "second", end_badly());
    spawn(io.get_executor(), "third", end_oddly());
    io.run();
    const auto logged = ::testing::internal::GetCapturedStderr();
    EXPECT_EQ(reported_failures(), before + 2);
    EXPECT_FALSE(logged.contains("first"));
    EXPECT_TRUE(logged.contains("second") && logged.contains("broken")) << logged;
    EXPECT_TRUE(logged.contains("third")) << logged;
}

TEST(BlockOn, GivesTheExceptionAndLeavesOtherWork) {
    asio::io_context io;
    int ran = 0;
    block_on(io, end_well());
    const auto more = [&]() -> Task<> {
        asio::post(io, [&] { asio::post(io, [&] { ++ran; }); });
        throw std::runtime_error{"broken"};
        co_return;
    };
    EXPECT_THROW(block_on(io, more()), std::runtime_error);
    EXPECT_EQ(ran, 0);
    io.restart();
    io.run();
    EXPECT_EQ(ran, 1);
}

TEST(RunOn, RunsThereAndComesBack) {
    asio::io_context here;
    asio::io_context there;
    auto busy = asio::make_work_guard(there);
    const std::jthread thread{[&] { there.run(); }};
    const auto ask = [&]() -> Task<> {
        const auto id = co_await run_on(there.get_executor(), this_thread());
        EXPECT_EQ(id, thread.get_id());
        EXPECT_EQ(std::this_thread::get_id(), co_await this_thread());
        EXPECT_NE(std::this_thread::get_id(), id);
        bool failed = false;
        try {
            co_await run_on(there.get_executor(), end_badly());
        } catch (const std::runtime_error&) {
            failed = true;
        }
        EXPECT_TRUE(failed);
    };
    block_on(here, ask());
    busy.reset();
}

} // namespace
} // namespace focus::async
