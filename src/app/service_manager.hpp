// Reports the state of the process to systemd (sd_notify(3)). Every function does nothing where the process does not run
// as a unit of Type=notify or notify-reload.
#pragma once

#include <boost/asio/awaitable.hpp>

namespace focus::app::service_manager {

/// Requests are served: after the start, and after a reload.
void ready();
/// The settings are being read again; ready() must follow.
void reloading();
/// The process is shutting down.
void stopping();

/// Sends the watchdog's keep-alive at half of the interval that systemd asks for, from the executor on which it is
/// spawned, so that a blocked thread is detected. Returns at once without a configured watchdog.
boost::asio::awaitable<void> keep_alive();

} // namespace focus::app::service_manager
