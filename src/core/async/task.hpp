// Task: the type of every coroutine of the service. It starts when it is awaited or given to what runs it (run.hpp,
// task_group.hpp), and runs on the executor of the coroutine that awaits it.
#pragma once

#include <boost/asio/awaitable.hpp>

namespace focus::async {

template <class T = void>
using Task = boost::asio::awaitable<T>;

} // namespace focus::async
