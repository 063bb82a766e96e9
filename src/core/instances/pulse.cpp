#include "core/instances/pulse.hpp"

#include "core/base/log.hpp"

namespace focus::instances {

Pulse::Pulse(db::Database& database, std::string name, std::string version, boost::asio::any_io_executor executor)
    : db_{database}, instance_{.name = std::move(name), .version = std::move(version), .started_at_ms = system_now_ms()},
      periodic_{std::move(executor),
                {.name = "pulse of this instance", .retry = k_beat, .longest_retry = k_beat},
                [this]() -> db::Task<std::chrono::milliseconds> {
                    auto beating = beat(db_, instance_);
                    co_await std::move(beating);
                    co_return k_beat;
                }} {}

db::Task<void> Pulse::stop() {
    tasks_.stop();
    co_await tasks_.wait();
    try {
        co_await leave(db_, instance_.name);
    } catch (const std::exception& error) { // the other instances notice the missing heartbeat
        log::warning("the end of the instance could not be noted", {{"cause", std::string_view{error.what()}}});
    }
}

} // namespace focus::instances
