#include "core/redis/client.hpp"

#include "core/async/run.hpp"

#include <boost/asio/query.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace focus::redis {

namespace asio = boost::asio;

Client::Client(const Url& url, const std::vector<asio::any_io_executor>& executors) {
    for (const auto& executor : executors) links_.push_back(std::make_shared<Link>(url, executor));
}

Client::~Client() { stop(); }

void Client::start() {
    for (const auto& link : links_) link->start();
}

void Client::stop() {
    for (const auto& link : links_) link->stop();
}

Task<std::optional<Replies>> Client::run(std::vector<Command> commands) {
    const auto executor = co_await asio::this_coro::executor;
    const auto* context = &asio::query(executor, asio::execution::context);
    for (const auto& link : links_) {
        if (&asio::query(link->executor(), asio::execution::context) == context) co_return co_await link->run(std::move(commands));
    }
    const auto link = links_.front();
    co_return co_await async::run_on(link->executor(), link->run(std::move(commands)));
}

bool Client::is_up() const noexcept {
    return std::ranges::all_of(links_, [](const auto& link) { return link->is_up(); });
}

} // namespace focus::redis
