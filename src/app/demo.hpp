// A believable account to look at: three months of somebody's phone.
#pragma once

#include "app/rooms.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>

namespace focus::app {

/// Makes the demo account and its history unless it is there; gives a line for people with its address and password.
boost::asio::awaitable<std::string> fill_demo(Rooms& rooms, const Clock& clock);

} // namespace focus::app
