// Messages between all instances of the service: sockets, revocations and cache invalidation go through it.
// Delivery is at most once, in order per publisher; a subscriber that must not miss anything keeps rows and re-reads
// them when it detects a gap or is notified of one (on_gap).
// The local implementation serves a single instance, the other one any number of them, through Redis.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace focus::bus {

class Bus {
  public:
    using Handler = std::function<void(std::string_view payload)>;
    Bus() = default;
    Bus(const Bus&) = delete;
    Bus& operator=(const Bus&) = delete;
    virtual ~Bus() = default;

    /// Sends `payload` to every subscriber of `topic` on every instance, this one included. Safe from any thread.
    virtual void publish(std::string_view topic, std::string payload) = 0;
    /// `handler` runs on an arbitrary thread and must return quickly. Subscribe during start-up only.
    virtual void subscribe(std::string topic, Handler handler) = 0;
    /// `handler` runs, as those of subscribe(), once the messages of other instances arrive again after some may have
    /// been lost: what was built from messages must be read again. Subscribe during start-up only.
    virtual void on_gap(std::function<void()> handler) = 0;
    /// Whether messages reach the other instances now.
    [[nodiscard]] virtual bool is_up() const noexcept { return true; }
    /// Starts and ends the exchange with other instances; publish() and subscribe() work before and after it, too.
    virtual void start() {}
    virtual void stop() {}
};

/// The bus of a single instance: handlers run at once on the publisher's thread.
[[nodiscard]] std::unique_ptr<Bus> make_local_bus();

/// The bus of several instances, by a channel of Redis: own messages reach own handlers at once as on the local bus, also
/// while Redis is down; those of others come on the thread of `executor`. Throws std::invalid_argument for a bad URL.
[[nodiscard]] std::unique_ptr<Bus> make_redis_bus(const std::string& url, boost::asio::any_io_executor executor);

} // namespace focus::bus
