#include "core/redis/link.hpp"

#include "core/async/run.hpp"
#include "core/base/log.hpp"

#include <boost/asio/cancel_after.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/redis/connection.hpp>

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

namespace focus::redis {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

asio::ssl::context tls_context(const Url& url) {
    asio::ssl::context context{asio::ssl::context::tls_client};
    if (url.tls) {
        context.set_default_verify_paths();
        context.set_verify_mode(asio::ssl::verify_peer);
        context.set_verify_callback(asio::ssl::host_name_verification{url.host});
    }
    return context;
}

boost::redis::config config_of(const Url& url) {
    boost::redis::config config;
    config.use_ssl = url.tls;
    config.addr = {url.host, url.port};
    if (!url.password.empty()) {
        config.username = url.user;
        config.password = url.password;
    }
    config.clientname = "focus";
    if (url.database == 0)
        config.database_index.reset();
    else
        config.database_index = url.database;
    config.resolve_timeout = config.connect_timeout = config.ssl_handshake_timeout = std::chrono::seconds{2};
    config.health_check_interval = std::chrono::seconds{0}; // watch() does this
    config.reconnect_wait_interval = std::chrono::seconds{0};
    return config;
}

boost::redis::request::config request_config() {
    boost::redis::request::config config;
    config.cancel_if_not_connected = true;
    return config;
}

constexpr std::string_view k_silent = "it does not answer";

/// Errors that only the server's operator can repair: a demoted primary, a cluster, one that loads its data.
bool ends_the_connection(std::string_view error) {
    constexpr std::array<std::string_view, 7> k_codes{"READONLY", "MOVED", "ASK", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "NOAUTH"};
    return std::ranges::any_of(k_codes, [&](std::string_view code) { return error.starts_with(code); });
}

/// Log lines about Redis: at most one a minute and kind, over all links of the process.
class Report {
  public:
    void lost(std::string_view cause) {
        const std::scoped_lock lock{mutex_};
        if (!is_due(lost_at_)) return;
        is_lost_ = true;
        log::warning("Redis cannot be used; the service goes on without it", {{"cause", cause}});
    }
    void answers() {
        const std::scoped_lock lock{mutex_};
        if (std::exchange(is_lost_, false)) log::info("Redis answers");
    }
    void refused(std::string_view command, std::string_view cause) {
        const std::scoped_lock lock{mutex_};
        if (is_due(refused_at_)) log::warning("Redis refuses a command", {{"command", command}, {"cause", cause}});
    }

  private:
    using Steady = std::chrono::steady_clock;
    static bool is_due(std::optional<Steady::time_point>& last) {
        const auto now = Steady::now();
        if (last && now - *last < std::chrono::minutes{1}) return false;
        last = now;
        return true;
    }
    std::mutex mutex_;
    bool is_lost_ = true; // before the first answer
    std::optional<Steady::time_point> lost_at_;
    std::optional<Steady::time_point> refused_at_;
};

Report& report() {
    static Report of_this_process;
    return of_this_process;
}

} // namespace

Link::Link(Url url, asio::any_io_executor executor, std::optional<Listener> listener)
    : url_{std::move(url)}, executor_{std::move(executor)}, listener_{std::move(listener)}, timer_{executor_} {}

Link::~Link() = default;

void Link::start() { async::spawn(executor_, "connection to Redis: restart this server", keep_up(shared_from_this())); }

void Link::stop() {
    stopping_ = true;
    asio::post(executor_, [self = shared_from_this()] {
        self->timer_.cancel();
        if (self->connection_) self->connection_->cancel();
    });
}

/// A connection is used until it ends, then a new one is made: no state of the old one is kept.
Task<void> Link::keep_up(std::shared_ptr<Link> /*keeps this*/) {
    while (!stopping_) {
        connection_ = std::make_shared<boost::redis::connection>(executor_, tls_context(url_));
        cause_.clear();
        served_ = false;
        co_await serve(connection_);
        set_up(false);
        if (stopping_) break;
        report().lost(cause_);
        co_await pause(served_ ? k_pause / 4 : k_pause);
    }
}

Task<void> Link::serve(Connection connection) {
    using namespace asio::experimental::awaitable_operators;
    const auto config = config_of(url_);
    const auto run = [&]() -> Task<void> {
        error_code error;
        co_await connection->async_run(config, boost::redis::logger{boost::redis::logger::level::disabled},
                                       asio::redirect_error(asio::use_awaitable, error));
        if (cause_.empty()) cause_ = error == asio::error::operation_aborted ? std::string{k_silent} : error.message();
        connection->cancel();
        connection_.reset(); // which ends watch()
        timer_.cancel();
    };
    if (listener_)
        co_await (run() && watch(connection) && listen(connection));
    else
        co_await (run() && watch(connection));
}

/// Checks from time to time whether Redis answers; ends the connection when it does not.
Task<void> Link::watch(Connection connection) {
    int failures = 0;
    while (connection_ == connection && !stopping_) {
        const auto fault = co_await fault_of(connection);
        if (fault.empty()) {
            failures = 0;
            set_up(true);
        } else if (fault != k_silent || up_ || ++failures > 6) { // a connection that is being made has a few checks
            if (connection_ == connection) cause_ = fault;
            break;
        }
        co_await pause(up_ ? k_pause : k_pause / 4);
    }
    set_up(false);
    co_await end(connection);
}

/// Ends the connection. A cancel while it is being made can be lost, so it is repeated until the run is over.
Task<void> Link::end(Connection connection) {
    asio::steady_timer again{executor_};
    while (connection_ == connection) {
        connection->cancel();
        again.expires_after(k_pause / 4);
        error_code never;
        co_await again.async_wait(asio::redirect_error(asio::use_awaitable, never));
    }
}

Task<std::string> Link::fault_of(Connection connection) {
    boost::redis::request request{request_config()};
    request.push("PING");
    request.push("INFO", "replication"); // a demoted primary and a cluster's node answer a PING, too
    request.push("INFO", "cluster");
    boost::redis::generic_response response;
    error_code error;
    asio::steady_timer limit{executor_};
    co_await connection->async_exec(request, response,
                                    asio::cancel_after(limit, k_answer_time, asio::redirect_error(asio::use_awaitable, error)));
    if (error) co_return std::string{k_silent};
    if (response.has_error()) {
        const auto& refusal = response.error().diagnostic;
        co_return refusal.starts_with("NOPERM") ? std::string{} : refusal; // all but INFO may be permitted
    }
    for (const auto& node : response.value()) {
        if (node.value.contains("role:slave")) co_return "it is a replica: REDIS_URL must lead to the primary";
        if (node.value.contains("cluster_enabled:1"))
            co_return "it belongs to a Redis Cluster, which is not supported: name a single server";
    }
    co_return std::string{};
}

/// The connection is open, but of no more use.
void Link::leave(const Connection& connection, std::string_view cause) {
    set_up(false);
    if (connection_ == connection) cause_ = cause;
    connection->cancel();
}

Task<void> Link::pause(std::chrono::milliseconds length) {
    error_code cancelled;
    timer_.expires_after(length);
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
}

void Link::set_up(bool up) {
    if (up_.exchange(up) == up || !up) return;
    served_ = true;
    report().answers();
}

Task<std::optional<Replies>> Link::run(std::vector<Command> commands) {
    if (!up_ || !connection_) co_return std::nullopt;
    const auto connection = connection_;
    boost::redis::request request{request_config()};
    for (const auto& command : commands) {
        if (command.size() == 1)
            request.push(command.front()); // push_range() leaves out a command with an empty range
        else
            request.push_range(command.front(), command.begin() + 1, command.end());
    }
    boost::redis::generic_response response;
    error_code error;
    asio::steady_timer limit{executor_};
    co_await connection->async_exec(request, response,
                                    asio::cancel_after(limit, k_answer_time, asio::redirect_error(asio::use_awaitable, error)));
    if (error) {
        set_up(false); // watch() notices when Redis answers again
        co_return std::nullopt;
    }
    if (response.has_error() || response.value().size() != commands.size()) {
        const std::string cause = response.has_error() ? response.error().diagnostic : "";
        if (ends_the_connection(cause))
            leave(connection, cause);
        else
            report().refused(commands.front().front(), cause);
        co_return std::nullopt;
    }
    Replies replies;
    replies.reserve(commands.size());
    for (auto& node : response.value()) {
        if (node.data_type == boost::redis::resp3::type::null)
            replies.emplace_back(std::nullopt);
        else
            replies.emplace_back(std::move(node.value));
    }
    co_return replies;
}

Task<void> Link::listen(Connection connection) {
    boost::redis::generic_response messages;
    connection->set_receive_response(messages);
    boost::redis::request subscribe;
    subscribe.push("SUBSCRIBE", listener_->channel);
    error_code error;
    asio::steady_timer look{executor_};
    while (!up_ && connection_ == connection) { // no subscription on a server that cannot be used
        look.expires_after(k_pause / 20);
        co_await look.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
    if (connection_ != connection) co_return;
    co_await connection->async_exec(subscribe, boost::redis::ignore, asio::redirect_error(asio::use_awaitable, error));
    // A message that was received just before the connection ended has no error; another wait would never end.
    while (!error && connection_ == connection) {
        co_await connection->async_receive(asio::redirect_error(asio::use_awaitable, error));
        if (error || messages.has_error()) break;
        // A push has three parts: its kind, the channel, and the message.
        auto& nodes = messages.value();
        if (nodes.size() >= 4) {
            if (nodes[1].value == "message") {
                listener_->on_message(nodes[3].value);
            } else if (nodes[1].value == "subscribe") {
                listener_->on_subscribed();
            }
        }
        boost::redis::consume_one(messages);
    }
    co_await end(connection);
}

} // namespace focus::redis
