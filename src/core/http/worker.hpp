// Worker: one thread's part of the server: its acceptor, its connections and what they share. Everything of a worker
// runs on the thread of its io_context; only stop() and abort() may be called from other threads.
// Always holds: no timer per connection; a tick checks the deadlines of all of them.
#pragma once

#include "core/http/body_memory.hpp"
#include "core/http/certificates.hpp"
#include "core/http/gzip.hpp"
#include "core/http/network_limit.hpp"
#include "core/http/pipeline.hpp"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace focus::http {

/// What all workers of a server share.
struct Shared {
    Shared(Options with_options, Hooks hooks, const Routes& routes, const Clock& with_clock, metrics::Registry& registry);

    Options options;
    const Clock& clock;
    Pipeline pipeline;
    std::optional<Certificates> certificates; // of a server with TLS
    std::atomic<std::size_t> connections = 0;
    std::atomic<bool> draining = false; // answers announce that their connection ends
    NetworkLimit networks;
    BodyMemory bodies;
};

/// A connection as its worker sees it.
class Watched : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  public:
    using Instant = std::chrono::steady_clock::time_point;
    Watched() = default;
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;

    [[nodiscard]] Instant deadline() const noexcept { return deadline_; }
    /// The deadline has passed: ends the wait for the client.
    virtual void expire() = 0;
    /// The server shuts down: ends an idle connection at once, others after their current answer.
    virtual void drain() = 0;
    /// Closes the socket in any state.
    virtual void abort() = 0;

  protected:
    ~Watched() = default;
    Instant deadline_ = Instant::max();
};

class Worker : public std::enable_shared_from_this<Worker> {
  public:
    using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;
    using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

    Worker(std::shared_ptr<Shared> shared, boost::asio::io_context& context, Acceptor acceptor);

    /// Starts accepting.
    void start();
    /// Stops accepting and lets the connections finish.
    void stop();
    /// Closes all connections.
    void abort();

    void watch(Watched& connection) { connections_.push_back(connection); }
    [[nodiscard]] Shared& shared() noexcept { return *shared_; }
    [[nodiscard]] Gzip& gzip() noexcept { return gzip_; }
    [[nodiscard]] bool stopping() const noexcept { return stopping_; }
    /// The current `Date`, at most a tick old.
    [[nodiscard]] const std::string& date() const noexcept { return date_; }

  private:
    Task<void> accept_all(std::shared_ptr<Worker> self);
    void welcome(Socket socket);
    Task<void> tick(std::shared_ptr<Worker> self);

    std::shared_ptr<Shared> shared_;
    boost::asio::io_context& context_;
    Acceptor acceptor_;
    boost::asio::steady_timer timer_;
    boost::intrusive::list<Watched, boost::intrusive::constant_time_size<false>> connections_;
    Gzip gzip_;
    std::string date_;
    std::chrono::milliseconds tick_;
    std::int64_t turned_away_ = 0; // connections beyond the limit since the last tick
    bool stopping_ = false;
};

} // namespace focus::http
