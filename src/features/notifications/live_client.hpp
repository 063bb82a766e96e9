// LiveClient: one notification socket and its messages (docs/api-guide.md): heartbeats, subscriptions, acknowledgements,
// token renewal, and the notifications in the order of their ids.
// Always holds: a stored notification is sent once and after those before it; when a push names one that this
// socket has not sent, it reads the rows instead of guessing. Used only on its connection's thread, except the
// constructor, user_id(), session_id() and executor().
#pragma once

#include "core/http/websocket.hpp"
#include "features/notifications/hub.hpp"

#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace focus::notifications {

struct SocketMessage;

class LiveClient final : public http::SocketListener, public std::enable_shared_from_this<LiveClient> {
  public:
    LiveClient(Hub& hub, const Caller& caller, std::optional<std::int64_t> after_id);

    [[nodiscard]] std::int64_t user_id() const noexcept { return user_id_; }
    [[nodiscard]] std::int64_t session_id() const noexcept { return session_id_; }
    [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept { return executor_; }

    void deliver(const std::shared_ptr<const Push>& push);
    /// `session_id` 0: every session of the user but `kept`.
    void session_ended(std::int64_t session_id, std::int64_t kept);
    /// Pushes or the end of the session may have been missed: from then on the rows are read.
    void look_again_at(http::Socket::Instant when);

    void on_open(http::Socket& socket) override;
    void on_message(std::string_view text) override;
    void on_tick(http::Socket::Instant now) override;
    void on_drained() override;
    void on_close() override;

  private:
    using Types = std::bitset<8>;

    /// Why a socket reads rows: it opens, a push was missed, or anything may have been missed.
    enum class Reason { opened, missed_push, gap };
    void start_catching_up(Reason reason);
    db::Task<void> catch_up(Reason reason);
    db::Task<void> wait_until_drained();
    void show(Type type, http::SharedText frame);
    void act(const SocketMessage& message);
    void subscribe(const SocketMessage& message, bool on);
    /// Runs a reply's coroutine; its failure becomes an `error` message.
    template <class F>
    void reply_later(F make_reply);
    void reply(std::string frame);
    void fail(std::string_view code, Text text);

    Hub& hub_;
    const std::int64_t user_id_;
    std::atomic<std::int64_t> session_id_;
    EpochMs expires_at_ms_;
    Language language_;
    boost::asio::any_io_executor executor_;
    http::Socket* socket_ = nullptr; // while it is open
    http::Socket::Instant next_heartbeat_;
    std::int64_t last_id_ = 0;             // of the last notification sent (or skipped)
    std::optional<std::int64_t> after_id_; // where the client asked to resume
    bool is_greeted_ = false;              // the `connection` message comes first
    std::vector<http::SharedText> early_;  // replies that wait for it; few: messages are counted
    bool catching_up_ = false;             // reading rows: a push only marks that there are more
    bool has_more_ = false;
    std::optional<http::Socket::Instant> look_again_;
    bool is_narrowed_ = false; // the client has subscribed to some types only
    Types types_ = Types{}.set();
    boost::asio::steady_timer* drained_ = nullptr; // of the coroutine that waits for it
};

} // namespace focus::notifications
