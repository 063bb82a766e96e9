// A message of a client on its notification socket.
#pragma once

#include "core/json/json.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace focus::notifications {

/// The action decides which other members are used.
struct SocketMessage {
    std::optional<std::string> action;
    std::optional<std::vector<std::string>> events;
    std::optional<std::string> token;
    std::optional<std::int64_t> id;
};

} // namespace focus::notifications
