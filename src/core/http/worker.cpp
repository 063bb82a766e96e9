#include "core/http/worker.hpp"

#include "core/async/run.hpp"
#include "core/base/clock.hpp"
#include "core/base/days.hpp"
#include "core/base/log.hpp"
#include "core/http/connection.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace focus::http {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

AddressBytes address_of(const asio::ip::address& address) {
    return address.is_v4() ? asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4()).to_bytes() : address.to_v6().to_bytes();
}

} // namespace

Shared::Shared(Options with_options, Hooks hooks, const Routes& routes, const Clock& with_clock, metrics::Registry& registry)
    : options{std::move(with_options)}, clock{with_clock}, pipeline{options, std::move(hooks), routes, registry},
      networks{options.limits.connections_per_network, options.uncounted_networks}, bodies{options.limits.body_memory} {
    if (!options.tls_cert_file.empty()) certificates.emplace(options.tls_cert_file, options.tls_key_file);
}

Worker::Worker(std::shared_ptr<Shared> shared, asio::io_context& context, Acceptor acceptor)
    : shared_{std::move(shared)}, context_{context}, acceptor_{std::move(acceptor)}, timer_{context},
      date_{format_http_date(system_now_ms())} {
    // One second is fine enough for limits of many seconds; tests set shorter limits.
    const auto& limits = shared_->options.limits;
    const auto shortest = std::min({limits.header_time, limits.idle_time, limits.body_time, limits.write_stall});
    tick_ = std::clamp<std::chrono::milliseconds>(shortest / 4, 10ms, 1s);
}

void Worker::start() {
    async::spawn(context_.get_executor(), "accepting connections", accept_all(shared_from_this()));
    async::spawn(context_.get_executor(), "deadlines of connections", tick(shared_from_this()));
}

void Worker::stop() {
    asio::post(context_, [self = shared_from_this()] {
        self->stopping_ = true;
        self->acceptor_.close();
        self->timer_.cancel();
        for (auto at = self->connections_.begin(); at != self->connections_.end();) (at++)->drain();
    });
}

void Worker::abort() {
    asio::post(context_, [self = shared_from_this()] {
        for (auto at = self->connections_.begin(); at != self->connections_.end();) (at++)->abort();
    });
}

Task<void> Worker::accept_all(std::shared_ptr<Worker> /*keeps this*/) {
    while (acceptor_.is_open()) {
        boost::system::error_code error;
        auto socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
        if (!error) {
            welcome(Socket{std::move(socket)});
        } else if (acceptor_.is_open() && error != asio::error::connection_aborted) {
            log::warning("cannot accept a connection", {{"error", error.message()}});
            asio::steady_timer pause{context_, 100ms}; // most likely out of file descriptors
            co_await pause.async_wait(asio::use_awaitable);
        }
    }
}

void Worker::welcome(Socket socket) {
    boost::system::error_code error;
    const auto peer = socket.remote_endpoint(error);
    if (error) return; // closed already
    const auto address = address_of(peer.address());
    auto place = shared_->connections.load() < shared_->options.limits.connections ? shared_->networks.enter(address) : std::nullopt;
    if (!place) {
        ++turned_away_;
        return;
    }
    socket.set_option(asio::ip::tcp::no_delay{true}, error);
    socket.non_blocking(true, error);
    auto serving = shared_->certificates
                       ? serve_connection(shared_from_this(), TlsStream{std::move(socket), *shared_->certificates->current()}, address,
                                          std::move(*place))
                       : serve_connection(shared_from_this(), std::move(socket), address, std::move(*place));
    async::spawn(context_.get_executor(), "connection", std::move(serving));
}

Task<void> Worker::tick(std::shared_ptr<Worker> /*keeps this*/) {
    while (!stopping_ || !connections_.empty()) {
        timer_.expires_after(tick_);
        boost::system::error_code cancelled;
        co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
        date_ = format_http_date(system_now_ms());
        if (shared_->certificates) shared_->certificates->refresh();
        if (turned_away_ > 0)
            log::warning("too many connections", {{"turned_away", std::exchange(turned_away_, 0)},
                                                  {"open", static_cast<std::int64_t>(shared_->connections.load())}});
        const auto now = std::chrono::steady_clock::now();
        for (auto at = connections_.begin(); at != connections_.end();) {
            auto& connection = *at++; // expire() may end and unlink it
            if (connection.deadline() <= now) connection.expire();
        }
    }
}

} // namespace focus::http
