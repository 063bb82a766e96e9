// Messages between all instances of the service: sockets, revocations and cache invalidation go through it.
// Delivery is at most once, in order per publisher; whoever must not miss anything keeps rows and re-reads them.
// The local implementation serves a single instance.
#pragma once

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

    /// Hands `payload` to every subscriber of `topic` on every instance, this one included. Safe from any thread.
    virtual void publish(std::string_view topic, std::string payload) = 0;
    /// `handler` runs on an arbitrary thread and must return quickly. Subscribe during start-up only.
    virtual void subscribe(std::string topic, Handler handler) = 0;
};

/// The bus of a single instance: handlers run at once on the publisher's thread.
[[nodiscard]] std::unique_ptr<Bus> make_local_bus();

} // namespace focus::bus
