// A demo account with realistic data: three months of a phone's use, limits, friends and challenges.
#pragma once

#include "app/wiring.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>

namespace focus::app {

/// Creates the demo account, its friends and their history unless the account exists. Returns its address and
/// password as a text to print. `clock` is set to each day of the history in turn and restored at the end, so
/// that everything is recorded on its day; nothing else may run in this process meanwhile.
boost::asio::awaitable<std::string> fill_demo(Modules& modules, Clock& clock);

} // namespace focus::app
