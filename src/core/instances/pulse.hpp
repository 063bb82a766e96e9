// Pulse: says every k_beat that this process lives, from start() to stop().
#pragma once

#include "core/instances/instances.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <string>

namespace focus::instances {

class Pulse {
  public:
    Pulse(db::Database& database, std::string name, std::string version, boost::asio::any_io_executor executor);

    void start();
    /// Waits for the last beat and says that the process ends. Safe to await from any executor.
    db::Task<void> stop();

  private:
    db::Task<void> run();
    db::Task<void> end();

    db::Database& db_;
    Instance instance_;
    boost::asio::any_io_executor executor_; // of one thread; everything below is touched on it only
    boost::asio::steady_timer pause_;
    boost::asio::steady_timer idle_; // cancelled when run() is over
    bool stopping_ = false;
    bool running_ = false;
};

} // namespace focus::instances
