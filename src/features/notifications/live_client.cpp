#include "features/notifications/live_client.hpp"

#include "core/async/run.hpp"
#include "core/base/log.hpp"
#include "features/notifications/errors.hpp"
#include "features/notifications/socket_message.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace focus::notifications {

namespace {

namespace asio = boost::asio;
namespace codes = http::close_codes;

constexpr int k_page = 100;                                      // notifications read at once
constexpr std::size_t k_enough_backlog = std::size_t{128} << 10; // then the next page waits until it is sent

constexpr Text k_connected{"Connected to your notifications.", "Connecté à vos notifications."};
constexpr Text k_invalid_json{"The message is not a JSON object.", "Le message n'est pas un objet JSON."};
constexpr Text k_invalid_message{"A field of the message has a wrong type.", "Un champ du message est d'un mauvais type."};
constexpr Text k_unknown_action{"This action is not known.", "Cette action est inconnue."};
constexpr Text k_unknown_event{"One of the events is not known.", "L'un des événements est inconnu."};
constexpr Text k_internal{"Something went wrong on our side.", "Une erreur est survenue de notre côté."};

struct Connected {
    std::string_view type = "connection";
    std::string_view message;
    std::int64_t user_id;
    std::int64_t heartbeat_seconds;
    json::Timestamp timestamp;
};
struct Plain {
    std::string_view type;
    json::Timestamp timestamp;
};
struct Subscribed {
    std::string_view type;
    std::vector<std::string> events;
    json::Timestamp timestamp;
};
struct Statistics {
    std::string_view type = "stats";
    std::int64_t active_users;
    std::int64_t connections;
    std::int64_t my_connections;
    json::Timestamp timestamp;
};
struct Authenticated {
    std::string_view type = "authenticated";
    json::Timestamp expires_at;
    json::Timestamp timestamp;
};
struct Acked {
    std::string_view type = "acked";
    std::int64_t id;
    json::Timestamp timestamp;
};
struct Failed {
    std::string_view type = "error";
    std::string_view code;
    std::string message;
    json::Timestamp timestamp;
};

} // namespace

LiveClient::LiveClient(Hub& hub, const Caller& caller, std::optional<std::int64_t> after_id)
    : hub_{hub}, user_id_{caller.user_id}, session_id_{caller.session_id}, expires_at_ms_{caller.token_expires_at_ms},
      language_{caller.language}, after_id_{after_id} {}

void LiveClient::on_open(http::Socket& socket) {
    socket_ = &socket;
    executor_ = socket.executor();
    next_heartbeat_ = std::chrono::steady_clock::now() + hub_.settings().heartbeat;
    hub_.add(shared_from_this());
    start_catching_up(Reason::opened);
}

void LiveClient::on_close() {
    socket_ = nullptr;
    if (drained_ != nullptr) drained_->cancel();
    hub_.remove(*this);
}

void LiveClient::on_drained() {
    if (drained_ != nullptr) drained_->cancel();
}

void LiveClient::on_tick(http::Socket::Instant now) {
    hub_.beat(now, executor_);
    if (hub_.clock().now_ms() >= expires_at_ms_) return socket_->close(codes::session_over, "the token has expired");
    if (now - socket_->last_heard() >= 2 * hub_.settings().heartbeat) return socket_->close(codes::silent, "no sign of life");
    if (look_again_ && now >= *look_again_ && !catching_up_) {
        look_again_.reset();
        start_catching_up(Reason::gap);
    }
    if (now < next_heartbeat_ || !is_greeted_) return;
    next_heartbeat_ = std::max(next_heartbeat_ + hub_.settings().heartbeat, now); // one delay does not add up
    reply(json::write(Plain{"heartbeat", {hub_.clock().now_ms()}}));
}

void LiveClient::session_ended(std::int64_t session_id, std::int64_t kept) {
    const bool mine = session_id == 0 ? session_id_ != kept : session_id_ == session_id;
    if (socket_ != nullptr && mine) socket_->close(codes::session_over, "the session has ended");
}

void LiveClient::look_again_at(http::Socket::Instant when) { look_again_ = when; }

// --- notifications in order --------------------------------------------------------------------------------------------

void LiveClient::deliver(const std::shared_ptr<const Push>& push) {
    if (socket_ == nullptr) return;
    if (push->id == 0) {
        if (is_greeted_) show(push->type, {push, &push->frame});
        return;
    }
    if (catching_up_) {
        has_more_ = true;
        return;
    }
    if (push->id <= last_id_) return; // already sent from the rows
    if (push->previous_id != last_id_) return start_catching_up(Reason::missed_push);
    last_id_ = push->id;
    if (!push->is_silent) show(push->type, {push, &push->frame});
}

void LiveClient::show(Type type, http::SharedText frame) {
    if (types_.test(static_cast<std::size_t>(type))) socket_->send(std::move(frame));
}

void LiveClient::start_catching_up(Reason reason) {
    catching_up_ = true;
    const auto run = [](std::shared_ptr<LiveClient> self, Reason why) -> db::Task<void> {
        try {
            co_await self->catch_up(why);
        } catch (const std::exception& error) {
            if (self->socket_ == nullptr) co_return;
            log::warning("a socket's notifications could not be read", {{"cause", std::string_view{error.what()}}});
            self->socket_->close(codes::internal_error, "please connect again"); // with after_id nothing is lost
        }
    };
    async::spawn(executor_, "notifications of a socket", run(shared_from_this(), reason));
}

db::Task<void> LiveClient::catch_up(Reason reason) {
    auto& service = hub_.service();
    if (reason != Reason::missed_push) { // it may have ended unnoticed, for example during the handshake
        const bool stands = co_await hub_.guard().stands(user_id_, session_id_);
        if (!stands && socket_ != nullptr) socket_->close(codes::session_over, "the session has ended");
    }
    if (reason == Reason::opened) {
        const auto newest = co_await service.last_id(user_id_);
        last_id_ = std::min(after_id_.value_or(newest), newest);
        if (socket_ == nullptr) co_return;
        is_greeted_ = true;
        reply(json::write(Connected{.message = k_connected.in(language_),
                                    .user_id = user_id_,
                                    .heartbeat_seconds = hub_.settings().heartbeat.count(),
                                    .timestamp = {hub_.clock().now_ms()}}));
        for (auto& frame : std::exchange(early_, {})) socket_->send(std::move(frame));
        has_more_ = has_more_ || last_id_ < newest;
    }
    for (bool more = reason != Reason::opened || has_more_; more;) {
        has_more_ = false;
        const auto page = co_await service.pushed_after(user_id_, last_id_, k_page);
        for (const auto& notification : page) {
            if (socket_ == nullptr) co_return;
            last_id_ = notification.id;
            show(notification.notification_type, std::make_shared<const std::string>(frame_of(notification)));
        }
        co_await wait_until_drained();
        if (socket_ == nullptr) co_return;
        more = has_more_ || page.size() == static_cast<std::size_t>(k_page);
    }
    catching_up_ = false; // before anything else: from here on pushes are sent as they arrive
}

db::Task<void> LiveClient::wait_until_drained() {
    asio::steady_timer timer{executor_, http::Socket::Instant::max()};
    while (socket_ != nullptr && socket_->backlog() > k_enough_backlog) {
        drained_ = &timer;
        boost::system::error_code cancelled;
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
        drained_ = nullptr;
    }
}

// --- messages of the client --------------------------------------------------------------------------------------------

void LiveClient::on_message(std::string_view text) {
    try {
        act(json::parse<SocketMessage>(text, "message"));
    } catch (const Error& error) {
        const bool is_object = std::ranges::none_of(error.faults(), [](const Fault& fault) { return fault.loc.size() < 2; });
        if (is_object)
            fail("invalid_message", k_invalid_message);
        else
            fail("invalid_json", k_invalid_json);
    } catch (const std::exception& defect) {
        log::error("a socket's message could not be handled", {{"cause", std::string_view{defect.what()}}});
        fail("internal_error", k_internal);
    }
}

void LiveClient::act(const SocketMessage& message) {
    const auto now = json::Timestamp{hub_.clock().now_ms()};
    const auto action = message.action.value_or("");
    if (action == "ping") {
        reply(json::write(Plain{"pong", now}));
    } else if (action == "subscribe" || action == "unsubscribe") {
        subscribe(message, action == "subscribe");
    } else if (action == "get_stats") {
        const auto totals = hub_.totals(user_id_);
        reply(json::write(Statistics{
            .active_users = totals.active_users, .connections = totals.connections, .my_connections = totals.of_user, .timestamp = now}));
    } else if (action == "auth") {
        reply_later([this, token = message.token.value_or("")]() -> db::Task<std::string> {
            const auto caller = co_await hub_.guard().authenticate(token);
            if (!caller) throw Error{k_invalid_token};
            if (caller->user_id != user_id_) throw Error{k_other_user};
            session_id_ = caller->session_id;
            expires_at_ms_ = caller->token_expires_at_ms;
            language_ = caller->language;
            co_return json::write(Authenticated{.expires_at = {expires_at_ms_}, .timestamp = {hub_.clock().now_ms()}});
        });
    } else if (action == "ack" && message.id) {
        reply_later([this, id = *message.id]() -> db::Task<std::string> {
            co_await hub_.service().mark_read(user_id_, id);
            co_return json::write(Acked{.id = id, .timestamp = {hub_.clock().now_ms()}});
        });
    } else if (action == "ack") {
        fail("invalid_message", k_invalid_message);
    } else {
        fail("unknown_action", k_unknown_action);
    }
}

void LiveClient::subscribe(const SocketMessage& message, bool on) {
    const auto events = message.events.value_or(std::vector<std::string>{"*"});
    Types named;
    for (const auto& event : events) {
        if (event == "*") {
            named.set();
        } else if (std::ranges::contains(json::k_enum_names<Type>, event)) {
            named.set(static_cast<std::size_t>(type_of(event)));
        } else {
            return fail("unknown_event", k_unknown_event);
        }
    }
    if (on && !is_narrowed_) types_.reset(); // the first subscription narrows
    is_narrowed_ = true;
    types_ = on ? types_ | named : types_ & ~named;
    reply(json::write(Subscribed{on ? "subscribed" : "unsubscribed", events, {hub_.clock().now_ms()}}));
}

template <class F>
void LiveClient::reply_later(F make_reply) {
    // The coroutine's frame keeps the lambda alive as long as the coroutine that it creates.
    const auto run = [](std::shared_ptr<LiveClient> self, F make) -> db::Task<void> {
        try {
            auto frame = co_await make();
            self->reply(std::move(frame));
        } catch (const Error& error) {
            self->reply(json::write(
                Failed{.code = error.code(), .message = error.message(self->language_), .timestamp = {self->hub_.clock().now_ms()}}));
        } catch (const std::exception& defect) {
            log::error("a socket's message could not be handled", {{"cause", std::string_view{defect.what()}}});
            self->fail("internal_error", k_internal);
        }
    };
    async::spawn(executor_, "message of a socket", run(shared_from_this(), std::move(make_reply)));
}

void LiveClient::reply(std::string frame) {
    if (socket_ == nullptr) return;
    auto text = std::make_shared<const std::string>(std::move(frame));
    if (is_greeted_)
        socket_->send(std::move(text));
    else
        early_.push_back(std::move(text));
}

void LiveClient::fail(std::string_view code, Text text) {
    reply(json::write(Failed{.code = code, .message = std::string{text.in(language_)}, .timestamp = {hub_.clock().now_ms()}}));
}

} // namespace focus::notifications
