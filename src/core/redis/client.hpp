// Client: Redis for the whole process, a link per I/O thread, so that a command never changes threads.
// Always holds: a caller never waits long: what Redis does not answer in time, or at once while it is away, is nothing.
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
    /// For what nobody waits for.
    [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept { return links_.back()->executor(); }
    /// Whether every link has its connection.
    [[nodiscard]] bool is_up() const noexcept;

  private:
    std::vector<std::shared_ptr<Link>> links_;
};

} // namespace focus::redis
