#include "core/instances/pulse.hpp"

#include "core/base/detached.hpp"
#include "core/base/log.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace focus::instances {

namespace asio = boost::asio;

Pulse::Pulse(db::Database& database, std::string name, std::string version, asio::any_io_executor executor)
    : db_{database}, instance_{.name = std::move(name), .version = std::move(version), .started_at_ms = system_now_ms()},
      executor_{std::move(executor)}, pause_{executor_}, idle_{executor_, std::chrono::steady_clock::time_point::max()} {}

void Pulse::start() {
    running_ = true;
    asio::co_spawn(executor_, run(), [this](std::exception_ptr failure) {
        running_ = false;
        idle_.cancel();
        report_failure("pulse of this instance", failure);
    });
}

db::Task<void> Pulse::run() {
    bool lost = false; // so that an outage is logged once
    while (!stopping_) {
        try {
            auto beating = beat(db_, instance_);
            co_await std::move(beating);
            lost = false;
        } catch (const std::exception& error) {
            if (!lost) log::warning("the instance's beat could not be noted", {{"cause", std::string_view{error.what()}}});
            lost = true;
        }
        if (stopping_) break;
        pause_.expires_after(k_beat);
        co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

db::Task<void> Pulse::stop() { co_await asio::co_spawn(executor_, end(), asio::use_awaitable); }

db::Task<void> Pulse::end() {
    stopping_ = true;
    pause_.cancel();
    while (running_) co_await idle_.async_wait(asio::as_tuple(asio::use_awaitable));
    try {
        co_await leave(db_, instance_.name);
    } catch (const std::exception& error) { // the others notice that it is silent
        log::warning("the end of the instance could not be noted", {{"cause", std::string_view{error.what()}}});
    }
}

} // namespace focus::instances
