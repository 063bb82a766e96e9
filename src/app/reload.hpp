// SIGHUP: the settings are read again, and what may change while the server runs is taken over: log level and format.
#pragma once

#include "app/settings.hpp"

#include <boost/asio/awaitable.hpp>

#include <functional>

namespace focus::app {

/// Runs until it is cancelled. `load` gives the settings as a start would see them now, or throws
/// std::invalid_argument: then everything stays as it is, and the log says why.
boost::asio::awaitable<void> reload_on_hangup(std::function<Settings()> load);

} // namespace focus::app
