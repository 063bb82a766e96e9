#include "core/http/server.hpp"

#include "core/base/log.hpp"
#include "core/http/worker.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <ctime>
#include <openssl/ssl.h>
#include <stdexcept>
#include <sys/socket.h>
#include <system_error>

namespace focus::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr int k_backlog = 4096;

tcp::endpoint resolve(asio::io_context& context, const Options& options) {
    tcp::resolver resolver{context};
    return *resolver.resolve(options.host, std::to_string(options.port), tcp::resolver::passive).begin();
}

/// Fails when another process listens there: with SO_REUSEPORT alone a second server would silently receive half
/// of the connections.
void require_free(asio::io_context& context, const tcp::endpoint& endpoint) {
    tcp::acceptor probe{context, endpoint.protocol()};
    probe.set_option(tcp::acceptor::reuse_address{true});
    probe.bind(endpoint);
    probe.listen(1);
}

Worker::Acceptor listen(asio::io_context& context, const tcp::endpoint& endpoint) {
    Worker::Acceptor acceptor{context, endpoint.protocol()};
    acceptor.set_option(tcp::acceptor::reuse_address{true});
    const int on = 1;
    if (::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
        throw std::system_error{errno, std::system_category(), "SO_REUSEPORT"};
    if (endpoint.protocol() == tcp::v6() && endpoint.address().is_unspecified()) acceptor.set_option(asio::ip::v6_only{false});
    acceptor.bind(endpoint);
    acceptor.listen(k_backlog);
    return acceptor;
}

} // namespace

Server::Server(Options options, const Routes& routes, Hooks hooks, const Clock& clock, metrics::Registry& registry)
    : shared_{std::make_shared<Shared>(std::move(options), std::move(hooks), routes, clock, registry)} {}

Server::~Server() = default;

std::size_t Server::connections() const noexcept { return shared_->connections.load(); }

std::optional<EpochMs> Server::certificate_end() const {
    if (!shared_->certificates) return std::nullopt;
    const auto context = shared_->certificates->current();
    const auto* certificate = SSL_CTX_get0_certificate(context->native_handle());
    std::tm end{};
    if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1) return std::nullopt;
    return static_cast<EpochMs>(timegm(&end)) * k_second_ms;
}

void Server::start(const std::vector<asio::io_context*>& contexts) {
    const auto& options = shared_->options;
    try {
        auto endpoint = resolve(*contexts.front(), options);
        if (endpoint.port() != 0) require_free(*contexts.front(), endpoint);
        for (auto* context : contexts) {
            auto acceptor = listen(*context, endpoint);
            endpoint.port(acceptor.local_endpoint().port()); // resolves port 0, for all acceptors
            workers_.push_back(std::make_shared<Worker>(shared_, *context, std::move(acceptor)));
        }
        port_ = endpoint.port();
    } catch (const boost::system::system_error& error) {
        throw std::system_error{error.code(), "cannot listen on " + options.host + ":" + std::to_string(options.port)};
    }
    for (const auto& worker : workers_) worker->start();
}

void Server::drain() { shared_->draining = true; }

Task<void> Server::shutdown() {
    using namespace std::chrono_literals;
    for (const auto& worker : workers_) worker->stop();
    asio::steady_timer timer{co_await asio::this_coro::executor};
    const auto limit = std::chrono::steady_clock::now() + shared_->options.limits.shutdown_time;
    bool aborted = false;
    while (connections() > 0) {
        timer.expires_after(20ms);
        co_await timer.async_wait(asio::use_awaitable);
        if (std::chrono::steady_clock::now() < limit) continue;
        if (aborted) break; // what is left are handlers that do not return
        log::warning("closing connections that did not finish", {{"connections", static_cast<std::int64_t>(connections())}});
        for (const auto& worker : workers_) worker->abort();
        aborted = true;
        timer.expires_after(100ms);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

} // namespace focus::http
