// Pulse: writes this process's heartbeat every k_beat, from start() to stop().
#pragma once

#include "core/async/periodic.hpp"
#include "core/async/task_group.hpp"
#include "core/instances/instances.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <string>

namespace focus::instances {

class Pulse {
  public:
    /// `executor` belongs to one thread.
    Pulse(db::Database& database, std::string name, std::string version, boost::asio::any_io_executor executor);

    void start() { periodic_.start(tasks_); }
    /// Waits for the last heartbeat and records that the process ends.
    db::Task<void> stop();

  private:
    db::Database& db_;
    const Instance instance_;
    async::Periodic periodic_;
    async::TaskGroup tasks_;
};

} // namespace focus::instances
