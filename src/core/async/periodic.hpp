// Periodic: runs a coroutine repeatedly, at the time that each run asks for or when it is woken, until its group stops.
// Always holds: one run at a time; a stop lets the current run finish and begins no other; what a run throws never ends the
// series: an outage of the database is logged once, everything else is logged and counted, and the next run comes after a
// pause that doubles with each failure.
#pragma once

#include "core/async/task_group.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace focus::async {

class Periodic {
  public:
    struct Options {
        std::string name; // for the log
        std::chrono::milliseconds first_run{0};
        std::chrono::milliseconds retry{1'000};          // after the first failure
        std::chrono::milliseconds longest_retry{30'000}; // after many
    };
    /// One run. It gives the time until the next one, measured by a clock of its choice.
    using Body = std::function<Task<std::chrono::milliseconds>()>;

    /// `executor` belongs to one thread, or is a strand: `body` runs there. What `body` uses must live until the group's end.
    Periodic(boost::asio::any_io_executor executor, Options options, Body body);

    /// Must be called once.
    void start(TaskGroup& group);
    /// The next run begins at once, or after the current one. Safe from any thread.
    void wake();

  private:
    struct State;
    std::shared_ptr<State> state_; // shared with the loop
};

} // namespace focus::async
