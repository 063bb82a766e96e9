// Hub: owns the open notification sockets of this instance and passes on to them pushes and the ends of sessions.
// Always holds: a push is handed to each socket of its user on that socket's own thread. Events of other instances
// arrive by the bus. Ended sessions are also read from the database: with each heartbeat, and twice a second while
// the bus receives nothing from other instances.
#pragma once

#include "core/http/websocket.hpp"
#include "core/metrics/metrics.hpp"
#include "features/auth/service.hpp"
#include "features/notifications/presence.hpp"
#include "features/notifications/push.hpp"
#include "features/notifications/service.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

namespace focus::notifications {

class LiveClient;

class Hub {
  public:
    struct Settings {
        std::chrono::seconds heartbeat{30};            // between heartbeats; silence for two closes a socket
        std::optional<std::size_t> max_per_user = 100; // sockets of one user on this instance
    };
    Hub(const Core& core, Service& service, auth::SessionGuard& guard, Settings settings);
    ~Hub();

    /// A listener for a new connection of the caller; it first sends what was missed after `after_id` (nothing: starts
    /// now). Throws 429 `too_many_connections`.
    [[nodiscard]] std::shared_ptr<http::SocketListener> welcome(const Caller& caller, std::optional<std::int64_t> after_id);
    [[nodiscard]] Presence::Totals totals(std::int64_t user_id) { return presence_.totals(user_id, std::chrono::steady_clock::now()); }

    /// Closes the sockets of sessions that have ended, on every instance.
    void publish_end(auth::Service::Ended ended);

    // for the sockets
    void add(std::shared_ptr<LiveClient> client);
    void remove(const LiveClient& client);
    void beat(http::Socket::Instant now, const boost::asio::any_io_executor& executor);
    [[nodiscard]] const Settings& settings() const noexcept { return settings_; }
    [[nodiscard]] const Clock& clock() const noexcept { return clock_; }
    [[nodiscard]] Service& service() noexcept { return service_; }
    [[nodiscard]] auth::SessionGuard& guard() noexcept { return guard_; }

  private:
    using Clients = std::vector<std::shared_ptr<LiveClient>>;
    [[nodiscard]] Clients clients_of(std::int64_t user_id);
    [[nodiscard]] std::size_t count_of(std::int64_t user_id);
    void receive(std::string_view payload);
    void end_sessions(std::string_view payload);
    void look_again();
    [[nodiscard]] Clients all_clients();
    db::Task<bool> close_ended();
    db::Task<void> watch_sessions(boost::asio::any_io_executor executor);

    Service& service_;
    auth::SessionGuard& guard_;
    bus::Bus& bus_;
    const Clock& clock_;
    const Settings settings_;
    Presence presence_;
    metrics::Gauge connections_;
    metrics::Gauge users_;
    std::mutex mutex_;
    std::unordered_map<std::int64_t, Clients> clients_; // by user
    /// One coroutine queries at a time. Shared with it: an io_context may destroy its frame after the hub.
    std::shared_ptr<std::atomic<bool>> watching_ = std::make_shared<std::atomic<bool>>(false);
};

} // namespace focus::notifications
