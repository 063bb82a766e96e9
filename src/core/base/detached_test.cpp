#include "core/base/detached.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <stdexcept>

namespace focus {
namespace {

namespace asio = boost::asio;

asio::awaitable<void> end_well() { co_return; }
asio::awaitable<void> end_badly() {
    throw std::runtime_error{"broken"};
    co_return;
}
asio::awaitable<void> end_oddly() {
    throw 1; // NOLINT(hicpp-exception-baseclass): what a library may throw
    co_return;
}

TEST(Detached, logs_and_counts_what_a_coroutine_ends_with) {
    asio::io_context io;
    const auto before = reported_failures();
    ::testing::internal::CaptureStderr();
    asio::co_spawn(io, end_well(), Detached{"first"});
    asio::co_spawn(io, end_badly(), Detached{"second"});
    asio::co_spawn(io, end_oddly(), Detached{"third"});
    io.run();
    const auto logged = ::testing::internal::GetCapturedStderr();
    EXPECT_EQ(reported_failures(), before + 2);
    EXPECT_FALSE(logged.contains("first"));
    EXPECT_TRUE(logged.contains("second") && logged.contains("broken")) << logged;
    EXPECT_TRUE(logged.contains("third")) << logged;
}

} // namespace
} // namespace focus
