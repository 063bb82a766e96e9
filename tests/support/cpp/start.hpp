// For tests that start a coroutine and read its result later, or never.
#pragma once

#include "core/async/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <future>
#include <utility>

namespace focus::testing {

/// Its result, or what it threw. The io_context must run meanwhile.
template <class T>
std::future<T> start(boost::asio::io_context& context, async::Task<T> task) {
    return boost::asio::co_spawn(context, std::move(task), boost::asio::use_future);
}

} // namespace focus::testing
