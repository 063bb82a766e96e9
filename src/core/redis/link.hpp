// Link: one connection to Redis on one executor, restored automatically, with a breaker: while Redis does not answer,
// no caller waits for it. A server of the wrong kind (a replica, a node of a Redis Cluster, one that still loads) counts
// as unavailable even if it answers: its connection ends, and the next may lead to another server.
// Always holds: everything runs on the executor's thread; run() answers within k_answer_time; after a loss the link
// tries again every k_pause, so that it is back within about a second after Redis is.
#pragma once

#include "core/async/task.hpp"
#include "core/redis/url.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace boost::redis {
class connection;
}

namespace focus::redis {

using async::Task;

/// A command and its arguments; its reply must be a text, a number or nothing.
using Command = std::vector<std::string>;
using Replies = std::vector<std::optional<std::string>>;

inline constexpr std::chrono::milliseconds k_answer_time{250};
inline constexpr std::chrono::milliseconds k_pause{500};

class Link : public std::enable_shared_from_this<Link> {
  public:
    /// The callbacks of a link that listens to a channel.
    struct Listener {
        std::string channel;
        std::function<void(std::string_view message)> on_message;
        std::function<void()> on_subscribed; // from now on no message is missed until the connection is lost
    };

    Link(Url url, boost::asio::any_io_executor executor, std::optional<Listener> listener = std::nullopt);
    ~Link();

    void start();
    /// Safe from any thread; pending commands are answered with nothing.
    void stop();
    /// The commands' replies, sent together; nothing when Redis does not answer or refuses one of them. On the executor.
    Task<std::optional<Replies>> run(std::vector<Command> commands);

    [[nodiscard]] bool is_up() const noexcept { return up_.load(std::memory_order_relaxed); }
    [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept { return executor_; }

  private:
    using Connection = std::shared_ptr<boost::redis::connection>;
    Task<void> keep_up(std::shared_ptr<Link> self);
    Task<void> serve(Connection connection);
    Task<void> watch(Connection connection);
    Task<void> listen(Connection connection);
    /// Why the server cannot be used now; empty when it can.
    Task<std::string> fault_of(Connection connection);
    void leave(const Connection& connection, std::string_view cause);
    Task<void> end(Connection connection);
    Task<void> pause(std::chrono::milliseconds length);
    void set_up(bool up);

    Url url_;
    boost::asio::any_io_executor executor_;
    std::optional<Listener> listener_;
    boost::asio::steady_timer timer_;
    Connection connection_;
    std::string cause_;   // why the connection ended
    bool served_ = false; // it was usable
    std::atomic<bool> up_{false};
    std::atomic<bool> stopping_{false};
};

} // namespace focus::redis
