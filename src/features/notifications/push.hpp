// Push: a message on its way to every open socket of a user, on every instance (bus topic k_push_topic).
// A stored notification names the one before it, so that a socket detects a missed one and reads the rows.
#pragma once

#include "features/notifications/types.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace focus::notifications {

inline constexpr std::string_view k_push_topic = "notifications.push";

struct Push {
    std::int64_t user_id = 0;
    std::int64_t id = 0;          // 0: not stored, nothing to catch up with
    std::int64_t previous_id = 0; // the user's notification before this one; 0: none
    Type type = Type::custom;
    bool is_silent = false; // counts, but is not shown: the user has notifications off
    std::string frame;      // the message as sockets send it
};

[[nodiscard]] std::string encode(const Push& push);
/// Nothing when the payload is not valid, for example from another version of the service.
[[nodiscard]] std::optional<Push> decode(std::string_view payload);

/// A notification as sockets send it; an id of 0 is written as null.
[[nodiscard]] std::string frame_of(const Notification& notification);

} // namespace focus::notifications
