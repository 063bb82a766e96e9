#include "features/notifications/hub.hpp"

#include "core/async/run.hpp"
#include "features/notifications/errors.hpp"
#include "features/notifications/live_client.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <format>
#include <sstream>

namespace focus::notifications {

namespace {

/// Bus topic: "<user> <session> <kept>", as auth::Service::Ended.
constexpr std::string_view k_ended_topic = "sessions.ended";
constexpr std::chrono::microseconds k_between_looks{500};
/// While nothing is received from other instances.
constexpr std::chrono::milliseconds k_between_questions{500};

} // namespace

Hub::Hub(const Core& core, Service& service, auth::SessionGuard& guard, Settings settings)
    : service_{service}, guard_{guard}, bus_{core.bus}, clock_{core.clock}, settings_{settings}, presence_{core.bus},
      connections_{core.metrics.gauge("focus_api_websocket_connections", "Open notification sockets of this instance.")},
      users_{core.metrics.gauge("focus_api_active_users", "People with at least one open notification socket on this instance.")} {
    bus_.subscribe(std::string{k_push_topic}, [this](std::string_view payload) { receive(payload); });
    bus_.subscribe(std::string{k_ended_topic}, [this](std::string_view payload) { end_sessions(payload); });
    bus_.on_gap([this] { look_again(); });
}

Hub::~Hub() = default;

void Hub::publish_end(auth::Service::Ended ended) {
    bus_.publish(k_ended_topic, std::format("{} {} {}", ended.user_id, ended.session_id, ended.kept));
}

std::shared_ptr<http::SocketListener> Hub::welcome(const Caller& caller, std::optional<std::int64_t> after_id) {
    if (settings_.max_per_user && count_of(caller.user_id) >= *settings_.max_per_user) throw Error{k_too_many_connections}.retry_after(60);
    return std::make_shared<LiveClient>(*this, caller, after_id);
}

void Hub::add(std::shared_ptr<LiveClient> client) {
    const auto user_id = client->user_id();
    {
        const std::scoped_lock lock{mutex_};
        auto& clients = clients_[user_id];
        if (clients.empty()) users_.add(1);
        clients.push_back(std::move(client));
    }
    connections_.add(1);
    presence_.change(user_id, +1);
}

void Hub::remove(const LiveClient& client) {
    {
        const std::scoped_lock lock{mutex_};
        const auto found = clients_.find(client.user_id());
        if (found == clients_.end()) return;
        std::erase_if(found->second, [&](const auto& one) { return one.get() == &client; });
        if (found->second.empty()) {
            clients_.erase(found);
            users_.add(-1);
        }
    }
    connections_.add(-1);
    presence_.change(client.user_id(), -1);
}

Hub::Clients Hub::clients_of(std::int64_t user_id) {
    const std::scoped_lock lock{mutex_};
    const auto found = clients_.find(user_id);
    return found == clients_.end() ? Clients{} : found->second;
}

std::size_t Hub::count_of(std::int64_t user_id) {
    const std::scoped_lock lock{mutex_};
    const auto found = clients_.find(user_id);
    return found == clients_.end() ? 0 : found->second.size();
}

void Hub::receive(std::string_view payload) {
    auto decoded = decode(payload);
    if (!decoded) return;
    const auto clients = clients_of(decoded->user_id);
    if (clients.empty()) return;
    const auto push = std::make_shared<const Push>(std::move(*decoded));
    for (const auto& client : clients) boost::asio::post(client->executor(), [client, push] { client->deliver(push); });
}

void Hub::beat(http::Socket::Instant now, const boost::asio::any_io_executor& executor) {
    presence_.beat(now);
    if (watching_->exchange(true)) return;
    async::spawn(executor, "search for ended sessions", watch_sessions(executor));
}

/// Queries twice a second while there are sockets. Whether the bus carries the end of a session also depends on the
/// instance that ends it, and a socket must close within a second in any case.
db::Task<void> Hub::watch_sessions(boost::asio::any_io_executor executor) {
    struct Watching {
        std::shared_ptr<std::atomic<bool>> flag;
        ~Watching() { *flag = false; }
    };
    const Watching until_the_end{watching_};
    boost::asio::steady_timer pause{executor};
    for (;;) {
        bool any = true;
        try {
            any = co_await close_ended();
        } catch (const Error&) { // the database is unavailable
        }
        if (!any) co_return;
        pause.expires_after(k_between_questions);
        co_await pause.async_wait(boost::asio::use_awaitable);
    }
}

/// One query for all sockets of this instance; returns whether there are any sockets.
db::Task<bool> Hub::close_ended() {
    const auto all = all_clients();
    if (all.empty()) co_return false;
    std::vector<std::int64_t> sessions;
    sessions.reserve(all.size());
    for (const auto& client : all) sessions.push_back(client->session_id());
    const auto ended = co_await guard_.ended(std::move(sessions));
    for (const auto& client : all) {
        const auto session_id = client->session_id();
        if (!std::ranges::binary_search(ended, session_id)) continue;
        boost::asio::post(client->executor(), [client, session_id] { client->session_ended(session_id, 0); });
    }
    co_return true;
}

Hub::Clients Hub::all_clients() {
    Clients all;
    const std::scoped_lock lock{mutex_};
    for (const auto& [user_id, clients] : clients_) all.insert(all.end(), clients.begin(), clients.end());
    return all;
}

/// Pushes or ended sessions may have been missed. One socket after the other: all at once would overload the database.
void Hub::look_again() {
    auto at = std::chrono::steady_clock::now();
    for (const auto& client : all_clients()) {
        boost::asio::post(client->executor(), [client, at] { client->look_again_at(at); });
        at += k_between_looks;
    }
}

void Hub::end_sessions(std::string_view payload) {
    std::istringstream in{std::string{payload}};
    auth::Service::Ended ended;
    if (!(in >> ended.user_id >> ended.session_id >> ended.kept)) return;
    for (const auto& client : clients_of(ended.user_id)) {
        boost::asio::post(client->executor(), [client, ended] { client->session_ended(ended.session_id, ended.kept); });
    }
}

} // namespace focus::notifications
