// How many requests a client may send, by route class: the settings RATE_LIMIT_*.
#pragma once

#include <string_view>

namespace focus::http {

enum class Rate;

/// A token bucket that holds `count` requests and fills up evenly in `seconds`.
struct RateLimit {
    int count = 1;
    int seconds = 1;

    [[nodiscard]] RateLimit times(int factor) const noexcept { return {count * factor, seconds}; }
    friend bool operator==(const RateLimit&, const RateLimit&) = default;
};

struct RatePolicy {
    RateLimit auth{20, 60}; // per network for all clients; the others per user for authenticated requests
    RateLimit write{240, 60};
    RateLimit read{600, 60};
    RateLimit export_{10, 60};
    RateLimit websocket{30, 60};
    RateLimit refresh{300, 60};        // per network, as auth: many users may share one address
    RateLimit refresh_session{10, 60}; // per session

    /// The limit of a class other than Rate::none.
    [[nodiscard]] const RateLimit& of(Rate rate) const noexcept;
};

/// The class as settings, metrics and the audit trail name it: "auth", "export".
[[nodiscard]] std::string_view to_string(Rate rate) noexcept;

} // namespace focus::http
