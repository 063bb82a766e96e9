#include "core/http/websocket_session.hpp"

#include "core/base/log.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <utility>
#include <vector>

namespace focus::http {
namespace {

namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;
using Clockwork = std::chrono::steady_clock;

constexpr std::size_t k_kept_buffer = 2048; // of an idle connection
constexpr int k_send_buffer = 64 << 10;     // in the kernel: the backlog of a slow client must grow here, where it is bounded
constexpr std::size_t k_sent_kept = 64;
constexpr unsigned k_messages_per_second = 20;
constexpr unsigned k_control_frames_per_second = 100;
constexpr std::chrono::seconds k_close_time{5}; // for the closing handshake
constexpr std::chrono::seconds k_tick{1};

/// Counts events within a second, and compares them with the limit.
class PerSecond {
  public:
    bool is_too_many(unsigned limit, Clockwork::time_point now) noexcept {
        if (now - since_ >= std::chrono::seconds{1}) {
            since_ = now;
            count_ = 0;
        }
        return ++count_ > limit;
    }

  private:
    Clockwork::time_point since_;
    unsigned count_ = 0;
};

beast::http::request<beast::http::empty_body> request_of(const Exchange& x) {
    beast::http::request<beast::http::empty_body> request;
    request.method(beast::http::verb::get);
    request.target(x.target_);
    request.version(11);
    for (const auto& field : x.fields_) request.insert(field.name, field.value);
    return request;
}

template <class Stream>
class WebSocketSession final : public Watched, public Socket, public std::enable_shared_from_this<WebSocketSession<Stream>> {
  public:
    WebSocketSession(std::shared_ptr<Worker> worker, Stream stream, NetworkLimit::Place place, Upgrade upgrade)
        : worker_{std::move(worker)}, place_{std::move(place)}, ws_{std::move(stream)}, upgrade_{std::move(upgrade)} {
        ++worker_->shared().connections;
        worker_->watch(*this);
    }
    ~WebSocketSession() { --worker_->shared().connections; }

    void start(const Exchange& x) {
        ws_.read_message_max(k_max_message);
        ws_.auto_fragment(false);
        error_code ignored;
        beast::get_lowest_layer(ws_).set_option(boost::asio::socket_base::send_buffer_size{k_send_buffer}, ignored);
        ws_.set_option(websocket::stream_base::decorator(
            [id = x.origin_.request_id, protocol = upgrade_.subprotocol](websocket::response_type& response) {
                response.erase(beast::http::field::server);
                response.set("X-Request-Id", id);
                if (!protocol.empty()) response.set(beast::http::field::sec_websocket_protocol, protocol);
            }));
        ws_.control_callback([this](websocket::frame_type, beast::string_view) {
            heard_at_ = Clockwork::now();
            if (control_frames_.is_too_many(k_control_frames_per_second, heard_at_)) flooded_ = true;
        });
        deadline_ = Clockwork::now() + k_close_time; // for the handshake
        const auto request = std::make_shared<beast::http::request<beast::http::empty_body>>(request_of(x));
        ws_.async_accept(*request, [self = this->shared_from_this(), request](error_code error) { self->on_accept(error); });
    }

    // --- Socket ----------------------------------------------------------------------------------------------------

    void send(SharedText text) override {
        if (phase_ != Phase::open) return;
        backlog_ += text->size();
        if (backlog_ > k_max_backlog) return drop_slow_client();
        waiting_.push_back(std::move(text));
        if (!writing_) write_next();
    }

    void close(std::uint16_t code, std::string_view reason) override {
        if (phase_ != Phase::open) return;
        phase_ = Phase::closing;
        deadline_ = Clockwork::now() + k_close_time;
        close_reason_ = websocket::close_reason{static_cast<websocket::close_code>(code), reason};
        if (!writing_) send_close(); // else after the queued messages
    }

    [[nodiscard]] std::size_t backlog() const noexcept override { return backlog_; }
    [[nodiscard]] Socket::Instant last_heard() const noexcept override { return heard_at_; }
    [[nodiscard]] boost::asio::any_io_executor executor() const override {
        return const_cast<websocket::stream<Stream, false>&>(ws_).get_executor();
    }

    // --- Watched ---------------------------------------------------------------------------------------------------

    void expire() override {
        if (phase_ != Phase::open) return abort(); // the handshake or the close took too long
        const auto now = Clockwork::now();
        deadline_ = now + k_tick;
        if (flooded_) return close(close_codes::too_many_messages, "too many control frames");
        upgrade_.listener->on_tick(now);
    }
    void drain() override {
        if (phase_ == Phase::open) close(close_codes::going_away, "the server shuts down");
    }
    void abort() override {
        error_code ignored;
        beast::get_lowest_layer(ws_).close(ignored);
    }

  private:
    enum class Phase { handshake, open, closing, over };

    void on_accept(error_code error) {
        if (error) {
            phase_ = Phase::over;
            return;
        }
        phase_ = Phase::open;
        heard_at_ = Clockwork::now();
        deadline_ = heard_at_ + k_tick;
        upgrade_.listener->on_open(*this);
        if (worker_->stopping()) drain();
        read_next();
    }

    void read_next() {
        ws_.async_read(buffer_, [self = this->shared_from_this()](error_code error, std::size_t) { self->on_read(error); });
    }

    void on_read(error_code error) {
        if (error) return end();
        const auto now = Clockwork::now();
        heard_at_ = now;
        if (flooded_ || messages_.is_too_many(k_messages_per_second, now)) {
            close(close_codes::too_many_messages, "too many messages");
        } else if (!ws_.got_text()) {
            close(close_codes::unsupported_data, "text messages only");
        } else if (phase_ == Phase::open) {
            const auto data = buffer_.data();
            upgrade_.listener->on_message({static_cast<const char*>(data.data()), data.size()});
        }
        buffer_.consume(buffer_.size());
        if (buffer_.capacity() > k_kept_buffer) buffer_.shrink_to_fit();
        read_next();
    }

    void write_next() {
        writing_ = std::move(waiting_[sent_++]);
        if (sent_ >= k_sent_kept && 2 * sent_ >= waiting_.size()) { // bounds a queue that is never empty
            waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(sent_));
            sent_ = 0;
        }
        ws_.text(true);
        ws_.async_write(boost::asio::buffer(*writing_),
                        [self = this->shared_from_this()](error_code error, std::size_t) { self->on_written(error); });
    }

    void on_written(error_code error) {
        backlog_ -= std::min(backlog_, writing_->size());
        writing_.reset();
        if (error) return give_up();
        if (sent_ < waiting_.size()) return write_next();
        waiting_ = {}; // an idle connection keeps no memory for a queue
        sent_ = 0;
        backlog_ = 0;
        if (phase_ == Phase::closing)
            send_close();
        else if (phase_ == Phase::open)
            upgrade_.listener->on_drained();
    }

    /// The backlog is full: the queue is discarded. A client that reads again at once still gets the reason.
    void drop_slow_client() {
        forget_waiting();
        close(close_codes::try_again_later, "too slow");
    }

    /// Nothing more can be sent, so the pending read is about to fail: Beast has answered an invalid frame with a close
    /// frame, or the connection is lost.
    void give_up() {
        forget_waiting();
        if (phase_ == Phase::open) {
            phase_ = Phase::closing;
            deadline_ = Clockwork::now() + k_close_time;
        }
    }

    void forget_waiting() {
        waiting_ = {};
        sent_ = 0;
        backlog_ = writing_ ? writing_->size() : 0;
    }

    void send_close() {
        ws_.async_close(close_reason_, [self = this->shared_from_this()](error_code) {});
    }

    void end() {
        if (phase_ == Phase::over) return;
        phase_ = Phase::over;
        upgrade_.listener->on_close();
        upgrade_.listener.reset();
        abort();
    }

    std::shared_ptr<Worker> worker_;
    NetworkLimit::Place place_;
    websocket::stream<Stream, false> ws_; // false: no permessage-deflate; an offer of it is declined
    Upgrade upgrade_;
    beast::flat_buffer buffer_;
    std::vector<SharedText> waiting_; // from sent_ on
    std::size_t sent_ = 0;
    std::size_t backlog_ = 0;
    SharedText writing_;
    websocket::close_reason close_reason_;
    Clockwork::time_point heard_at_;
    PerSecond messages_;
    PerSecond control_frames_;
    Phase phase_ = Phase::handshake;
    bool flooded_ = false;
};

template <class Stream>
void start(std::shared_ptr<Worker> worker, Stream stream, NetworkLimit::Place place, const Exchange& x, Upgrade upgrade) {
    std::make_shared<WebSocketSession<Stream>>(std::move(worker), std::move(stream), std::move(place), std::move(upgrade))->start(x);
}

} // namespace

void start_websocket(std::shared_ptr<Worker> worker, PlainStream stream, NetworkLimit::Place place, const Exchange& x, Upgrade upgrade) {
    start(std::move(worker), std::move(stream), std::move(place), x, std::move(upgrade));
}

void start_websocket(std::shared_ptr<Worker> worker, TlsStream stream, NetworkLimit::Place place, const Exchange& x, Upgrade upgrade) {
    start(std::move(worker), std::move(stream), std::move(place), x, std::move(upgrade));
}

} // namespace focus::http
