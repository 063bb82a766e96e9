// TaskGroup: the background coroutines of one owner. The owner starts them, stops them together and waits for their end.
//
//     tasks_.spawn(executor, "reload of the settings", reload_on_hangup(load));
//     ...
//     tasks_.stop();
//     co_await tasks_.wait();
//
// Always holds: an exception of a task is logged and counted; a task is counted as running until its frame is gone. A group
// that is destroyed while tasks run is a defect, which is asserted: they would use what their owner no longer has.
#pragma once

#include "core/async/task.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>

namespace focus::async {

/// What stop() does to a task.
enum class OnStop {
    cancel, // ends what it waits for, and with it the task, by operation_aborted
    finish, // nothing: the task checks is_stopping() or the stop_token(), and ends at its next safe point
};

/// Safe from any thread.
class TaskGroup {
  public:
    TaskGroup();
    ~TaskGroup();
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    /// `name` is for the log. A task that is started after stop() is stopped at once.
    void spawn(const boost::asio::any_io_executor& executor, std::string name, Task<> task, OnStop on_stop = OnStop::cancel);

    void stop() noexcept;
    [[nodiscard]] bool is_stopping() const noexcept;
    [[nodiscard]] std::stop_token stop_token() const noexcept;
    [[nodiscard]] std::size_t running() const;

    /// Returns when no task runs. The caller's executor must be that of one thread, or a strand.
    Task<> wait();
    /// The same; gives false when `patience` has passed first.
    Task<bool> wait_for(std::chrono::milliseconds patience);

    /// The tasks' executors will run no more: tasks that are left are destroyed with their io_contexts.
    void abandon() noexcept;

  private:
    struct State;
    struct Member;
    std::shared_ptr<State> state_; // shared with the tasks
};

} // namespace focus::async
