// A believable account to look at: three months of somebody's phone, with limits, friends and challenges.
#pragma once

#include "app/wiring.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>

namespace focus::app {

/// Makes the demo account, its friends and their history unless it is there; gives its address and
/// password for people. Everything is recorded as if it had happened on its day: `clock` runs through these days meanwhile,
/// and is right again afterwards, so nothing else may go on in this process yet.
boost::asio::awaitable<std::string> fill_demo(Modules& modules, Clock& clock);

} // namespace focus::app
