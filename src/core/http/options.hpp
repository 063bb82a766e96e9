// The server's options: address and port, limits, trusted proxies, and the hooks of the modules.
#pragma once

#include "core/base/caller.hpp"
#include "core/base/clock.hpp"
#include "core/http/idempotency.hpp"
#include "core/http/rate_limiter.hpp"
#include "core/http/routes.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace focus::metrics {
class Registry;
}

namespace focus::http {

struct Limits {
    std::size_t header_bytes = 16 << 10;
    std::chrono::milliseconds header_time{10'000}; // from the first byte of a head to its last, and for a TLS handshake
    std::chrono::milliseconds idle_time{60'000};   // between requests
    std::chrono::milliseconds body_time{30'000};   // for a whole body
    std::chrono::milliseconds write_stall{30'000}; // a client that reads nothing
    std::chrono::milliseconds shutdown_time{10'000};
    std::size_t connections = 20'000;                // in all; more are refused
    std::size_t connections_per_network = 1'000;     // of an IPv6 /48: four times as many
    std::size_t body_memory = std::size_t{64} << 20; // bytes of request bodies over all connections
};

struct Options {
    std::string host = "127.0.0.1";
    std::uint16_t port = 8000; // 0: any free port
    std::string tls_cert_file; // empty: plain HTTP
    std::string tls_key_file;
    std::vector<std::string> cors_origins;       // exact origins, "https://app.example.org"
    std::vector<std::string> trusted_proxies;    // addresses or CIDR ranges whose X-Forwarded-* and Forwarded count
    std::vector<std::string> uncounted_networks; // networks without a limit of connections
    std::vector<std::string> allowed_hosts;      // "focus.example", "*.focus.example"; empty: any
    Limits limits;
};

/// What the modules contribute. Each member may be empty; what is set must outlive the server.
struct Hooks {
    /// The user of an access token; nothing when it is invalid, expired or revoked.
    std::function<Task<std::optional<Caller>>(std::string token)> authenticate;
    RateLimiter* rate_limiter = nullptr;
    /// Called when a request exceeded its rate limit. Throws nothing.
    std::function<Task<void>(Rate rate, const Call& call)> on_rate_limited;
    IdempotencyStore* idempotency = nullptr;
    /// The page for a path without a route; nothing: problem+json.
    std::function<std::optional<Response>(const Call& call, std::string_view path)> page_for_unknown;
    /// While it is false only health and metrics are answered; all else gets 503. Null: always open.
    const std::atomic<bool>* open = nullptr;
};

} // namespace focus::http
