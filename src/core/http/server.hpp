// Server: listens with one acceptor per worker thread (SO_REUSEPORT) and answers requests by the routes.
// Owns the listeners and connections; the io_contexts, routes, hooks, clock and registry belong to app and outlive it.
// Needs POSIX sockets, but no Beast: app includes this.
#pragma once

#include "core/http/options.hpp"
#include "core/http/routes.hpp"

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace focus::http {

class Worker;
struct Shared;

class Server {
  public:
    /// `routes` must be complete: the router is made here. Throws std::logic_error for routes that contradict each other
    /// and std::invalid_argument for invalid options (such as a certificate that cannot be read).
    Server(Options options, const Routes& routes, Hooks hooks, const Clock& clock, metrics::Registry& registry);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Binds the port and starts to accept on each context; one thread runs each context. Throws std::system_error when
    /// the address cannot be bound.
    void start(const std::vector<boost::asio::io_context*>& contexts);
    /// The port that start() bound.
    [[nodiscard]] std::uint16_t bound_port() const noexcept { return port_; }
    [[nodiscard]] std::size_t connections() const noexcept;
    /// The expiry of the current certificate; nothing without TLS.
    [[nodiscard]] std::optional<EpochMs> certificate_end() const;

    /// Before the shutdown: requests are still answered, but every answer is its connection's last, so that clients use
    /// another instance before this one stops.
    void drain();
    /// Stops accepting, closes idle connections, lets running requests finish within the limit, then closes the rest.
    /// Returns when no connection is left. The contexts must keep running until then.
    Task<void> shutdown();

  private:
    std::shared_ptr<Shared> shared_;
    std::vector<std::shared_ptr<Worker>> workers_;
    std::uint16_t port_ = 0;
};

} // namespace focus::http
