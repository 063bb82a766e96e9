// Starts coroutines from code that is none: with the result on another executor, on a thread that waits for it, or
// with no caller that waits.
#pragma once

#include "core/async/task.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <string_view>
#include <utility>

namespace focus::async {

/// Runs `task` on `executor`; the caller gets its result on its own executor.
template <class T>
Task<T> run_on(const boost::asio::any_io_executor& executor, Task<T> task) {
    return boost::asio::co_spawn(executor, std::move(task), boost::asio::use_awaitable);
}

/// Runs `task` on this thread, which runs `context` meanwhile; throws what it throws. Other work of `context` stays where
/// it is when `task` has ended.
void block_on(boost::asio::io_context& context, Task<> task);

/// Starts a coroutine that owns what it uses, or uses what outlives the executor, and ends by itself. Everything else belongs
/// to a TaskGroup. Coroutines that one thread starts on its own executor begin in that order. Its exception is logged and
/// counted; `name` is a literal.
void spawn(const boost::asio::any_io_executor& executor, std::string_view name, Task<> task);

} // namespace focus::async
