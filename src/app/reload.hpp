// On SIGHUP the settings are read again; those that may change while the server runs are applied: log level and format.
#pragma once

#include "app/settings.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>

namespace focus::app {

/// Runs until its executor ends. `load` reads the settings as at a start, or throws std::invalid_argument:
/// then nothing changes, and the log has the reason.
boost::asio::awaitable<void> reload_on_hangup(std::function<Settings()> load);

} // namespace focus::app
