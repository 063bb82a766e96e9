#include "app/service_manager.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <systemd/sd-daemon.h>

#include <chrono>
#include <cstdint>
#include <format>

namespace focus::app::service_manager {

namespace asio = boost::asio;

void ready() { sd_notify(0, "READY=1"); }

void reloading() {
    // Type=notify-reload distinguishes this reload from an earlier one by the monotonic clock.
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    sd_notify(0, std::format("RELOADING=1\nMONOTONIC_USEC={}", std::chrono::duration_cast<std::chrono::microseconds>(now).count()).c_str());
}

void stopping() { sd_notify(0, "STOPPING=1"); }

asio::awaitable<void> keep_alive() {
    std::uint64_t interval_us = 0;
    if (sd_watchdog_enabled(0, &interval_us) <= 0) co_return;
    asio::steady_timer timer{co_await asio::this_coro::executor};
    for (;;) {
        sd_notify(0, "WATCHDOG=1");
        timer.expires_after(std::chrono::microseconds{interval_us / 2});
        co_await timer.async_wait(asio::use_awaitable);
    }
}

} // namespace focus::app::service_manager
