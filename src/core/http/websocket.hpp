// WebSockets as modules see them (RFC 6455). A route whose handler returns an Upgrade becomes one: authentication, rate
// limit and errors are those of any route; then the connection carries messages instead of HTTP.
// Always holds: a socket and its listener live on one thread, the connection's; only SocketListener objects may be
// shared with other threads, which post to executor(). At most k_max_backlog bytes wait for a slow client.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace focus::http {

/// A message that many sockets may send without copying it.
using SharedText = std::shared_ptr<const std::string>;

/// Close codes (RFC 6455 §7.4.1) and our own (4000–4999).
namespace close_codes {
inline constexpr std::uint16_t going_away = 1001;
inline constexpr std::uint16_t unsupported_data = 1003;
inline constexpr std::uint16_t internal_error = 1011;
inline constexpr std::uint16_t try_again_later = 1013;
inline constexpr std::uint16_t session_over = 4401;
inline constexpr std::uint16_t silent = 4408;
inline constexpr std::uint16_t too_many_messages = 4429;
} // namespace close_codes

inline constexpr std::size_t k_max_backlog = std::size_t{1} << 20;
inline constexpr std::size_t k_max_message = std::size_t{16} << 10; // inbound; a longer one closes with 1009

/// One open WebSocket. Destroyed after SocketListener::on_close().
class Socket {
  public:
    using Instant = std::chrono::steady_clock::time_point;
    Socket() = default;
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    /// Queues a text message; a client whose backlog is too long is disconnected instead (1013).
    virtual void send(SharedText text) = 0;
    /// Sends a close frame after the queued messages and ends the connection. `reason`: at most 123 bytes.
    virtual void close(std::uint16_t code, std::string_view reason) = 0;
    /// Bytes that wait to be sent.
    [[nodiscard]] virtual std::size_t backlog() const noexcept = 0;
    /// When the client last sent a frame of any kind.
    [[nodiscard]] virtual Instant last_heard() const noexcept = 0;
    [[nodiscard]] virtual boost::asio::any_io_executor executor() const = 0;

  protected:
    ~Socket() = default;
};

/// The module's side of a connection. All calls come on the connection's thread; none may throw.
class SocketListener {
  public:
    SocketListener() = default;
    SocketListener(const SocketListener&) = delete;
    SocketListener& operator=(const SocketListener&) = delete;
    virtual ~SocketListener() = default;

    /// The handshake is done; `socket` is valid until on_close().
    virtual void on_open(Socket& socket) = 0;
    /// A whole text message, valid UTF-8.
    virtual void on_message(std::string_view text) = 0;
    /// About once a second.
    virtual void on_tick(Socket::Instant now) = 0;
    /// All queued messages have been sent.
    virtual void on_drained() = 0;
    /// The connection has ended, by either side. Called once, and only after on_open().
    virtual void on_close() = 0;
};

class Call;
/// Whether one of the sub-protocols that the client offers is `name`.
[[nodiscard]] bool offers_subprotocol(const Call& call, std::string_view name);

/// A handler's answer that turns a request into a WebSocket.
struct Upgrade {
    std::shared_ptr<SocketListener> listener;
    std::string subprotocol = {}; // the chosen one of those offered; empty: none
};

} // namespace focus::http
