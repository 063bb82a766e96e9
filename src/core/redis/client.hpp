// Client: Redis for the process, one connection per I/O thread, so that a command never changes threads.
// Always holds: a caller's wait is bounded: without an answer in time, and at once during an outage, it gets nothing.
#pragma once

#include "core/redis/link.hpp"

namespace focus::redis {

class Client {
  public:
    /// `executors` belong to the I/O threads; a caller on another executor uses the first.
    Client(const Url& url, const std::vector<boost::asio::any_io_executor>& executors);
    ~Client();

    void start();
    void stop();
    /// As Link::run, from any executor.
    Task<std::optional<Replies>> run(std::vector<Command> commands);
    /// For commands whose reply is not needed.
    [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept { return links_.back()->executor(); }
    /// Whether every link has its connection.
    [[nodiscard]] bool is_up() const noexcept;

  private:
    std::vector<std::shared_ptr<Link>> links_;
};

} // namespace focus::redis
