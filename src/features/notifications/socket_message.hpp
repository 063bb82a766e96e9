// What a client says over its notification socket.
#pragma once

#include "core/json/json.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace focus::notifications {

/// Everything but the action depends on it.
struct SocketMessage {
    std::optional<std::string> action;
    std::optional<std::vector<std::string>> events;
    std::optional<std::string> token;
    std::optional<std::int64_t> id;
};

} // namespace focus::notifications
