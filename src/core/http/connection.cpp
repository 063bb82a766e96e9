#include "core/http/connection.hpp"

#include "core/base/log.hpp"
#include "core/http/head_parser.hpp"
#include "core/http/headers.hpp"
#include "core/http/input_buffer.hpp"
#include "core/http/target.hpp"
#include "core/http/websocket_session.hpp"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <optional>

namespace focus::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Clockwork = std::chrono::steady_clock;

constexpr auto k_token = asio::as_tuple(asio::deferred);
constexpr std::size_t k_max_drained = std::size_t{64} << 10; // of an unread body; a longer one closes
constexpr std::size_t k_chunk_buffer = std::size_t{16} << 10;
constexpr std::size_t k_dropped_step = 4096;
constexpr std::chrono::seconds k_linger{2};
constexpr unsigned k_turn = 16; // pipelined requests that are answered before other connections run

bool is_token_char(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view{"!#$%&'*+-.^_`|~"}.contains(c);
}

void append_number(std::string& out, std::size_t value, int base = 10) {
    std::array<char, 20> digits;
    out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value, base).ptr);
}

/// Header values come from handlers: each character that could end the line becomes a space.
void append_value(std::string& out, std::string_view value) {
    for (const char c : value) out += static_cast<unsigned char>(c) < 0x20 && c != '\t' ? ' ' : c;
}

/// Two buffers that are written together.
struct Pieces {
    std::array<asio::const_buffer, 2> list;

    [[nodiscard]] std::size_t size() const noexcept { return list[0].size() + list[1].size(); }
    void advance(std::size_t bytes) noexcept {
        const auto of_first = std::min(bytes, list[0].size());
        list[0] += of_first;
        list[1] += bytes - of_first;
    }
};

template <class Stream>
class Connection final : public Watched, public BodyReader {
    static constexpr bool k_tls = std::is_same_v<Stream, TlsStream>;

  public:
    Connection(std::shared_ptr<Worker> worker, Stream stream, AddressBytes peer, NetworkLimit::Place place)
        : worker_{std::move(worker)}, place_{std::move(place)}, limits_{worker_->shared().options.limits}, stream_{std::move(stream)},
          peer_{peer}, peer_text_{to_text(peer)}, x_{worker_->shared().bodies} {
        ++worker_->shared().connections;
        worker_->watch(*this);
        x_.reader = this;
        x_.gzip = &worker_->gzip();
    }
    ~Connection() { --worker_->shared().connections; }

    Task<void> run() {
        if (!co_await shake_hands()) co_return;
        for (unsigned served = 1; co_await read_head(); ++served) {
            if (!co_await answer()) break;
            if (served % k_turn == 0 && !in_.unread().empty()) co_await asio::post(stream_.get_executor(), asio::use_awaitable);
        }
        if (!handed_over_) co_await say_goodbye();
    }

    void expire() override {
        expired_ = true;
        deadline_ = Instant::max();
        error_code ignored;
        stream_.lowest_layer().cancel(ignored);
    }
    void drain() override {
        if (!idle_) return; // the current answer announces the end of the connection
        error_code ignored;
        stream_.lowest_layer().cancel(ignored);
    }
    void abort() override {
        error_code ignored;
        stream_.lowest_layer().close(ignored);
    }

    Task<void> read_body(std::string& into, std::size_t limit) override {
        const auto length = parser_->content_length();
        if (length && *length > limit) throw Refused{&refusals::too_large};
        body_taken_ = true;
        deadline_ = Clockwork::now() + limits_.body_time;
        const auto* fault = &refusals::bad_request;
        const bool went_on = co_await continue_if_expected();
        const bool complete = went_on && (length ? co_await read_plain_body(into, *length, fault) : co_await read_chunks(limit, fault));
        deadline_ = Instant::max();
        if (complete) co_return;
        must_close_ = true;
        throw Refused{expired_ ? &refusals::request_timeout : fault};
    }

  private:
    Task<bool> shake_hands() {
        if constexpr (k_tls) {
            deadline_ = Clockwork::now() + limits_.header_time;
            const auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::server, k_token);
            deadline_ = Instant::max();
            co_return !error && !expired_;
        }
        co_return true;
    }

    /// Waits for a whole head and parses it into x_. False when the connection ends without another answer;
    /// `refusal_` is set when the head is answered with an error.
    Task<bool> read_head() {
        refusal_ = nullptr;
        bool started = false;
        std::size_t scanned = 0;
        const auto idle_until = Clockwork::now() + limits_.idle_time; // empty lines do not extend it
        for (;;) {
            const auto unread = skip_empty_lines();
            if (const auto end = unread.find("\r\n\r\n", scanned); end != std::string_view::npos && end + 4 <= limits_.header_bytes) {
                deadline_ = Instant::max();
                parse_head(unread.substr(0, end + 4));
                co_return true;
            }
            if (unread.size() >= limits_.header_bytes) co_return refuse_head(refusals::headers_too_large);
            if (!unread.empty() && unread != "\r" && !is_token_char(unread.front())) co_return refuse_head(refusals::bad_request);
            scanned = unread.size() > 3 ? unread.size() - 3 : 0;
            idle_ = unread.empty();
            if (idle_ && worker_->stopping()) co_return false;
            if (idle_)
                deadline_ = idle_until;
            else if (!started)
                deadline_ = Clockwork::now() + limits_.header_time;
            started = !idle_;
            const bool more = co_await read_more(idle_);
            idle_ = false;
            if (!more) co_return !in_.unread().empty() && expired_ && refuse_head(refusals::request_timeout);
        }
    }

    bool refuse_head(const Refusal& refusal) {
        deadline_ = Instant::max();
        refusal_ = &refusal;
        head_size_ = 0;
        x_.reset();
        return true;
    }

    std::string_view skip_empty_lines() { // RFC 9112 §2.2: at least one CRLF before a request line is ignored
        while (in_.unread().starts_with("\r\n")) in_.consume(2);
        return in_.unread();
    }

    void parse_head(std::string_view head) {
        x_.reset();
        head_size_ = head.size();
        parser_.emplace(x_.fields_, x_.body_);
        if (!parser_->parse_head(head)) {
            refusal_ = &refusals::bad_request;
            return;
        }
        x_.method = parser_->method();
        x_.target_ = parser_->target();
        x_.has_body = parser_->chunked() || parser_->content_length().value_or(0) > 0;
        const auto target = split_target(x_.target_);
        if (!target)
            refusal_ = &refusals::bad_request;
        else if (parser_->is_http11() && !parser_->expect().empty() && !expects_continue())
            refusal_ = &refusals::expectation_failed;
        else
            std::tie(x_.encoded_path, x_.query_) = std::pair{target->path, target->query};
        if (target) x_.host = target->host.empty() ? x_.header("Host") : target->host; // RFC 9112 §3.2.2
    }

    [[nodiscard]] bool expects_continue() const { return parser_->is_http11() && equal_ignoring_case(parser_->expect(), "100-continue"); }

    /// Runs one request through the pipeline and sends its answer. False when the connection must end.
    Task<bool> answer() {
        auto& pipeline = worker_->shared().pipeline;
        x_.started = Clockwork::now();
        x_.now_ms_ = worker_->shared().clock.now_ms();
        must_close_ = refusal_ != nullptr;
        body_taken_ = false;
        pipeline.identify(x_, peer_, peer_text_, k_tls);
        if (refusal_ != nullptr)
            pipeline.refuse(x_, *refusal_);
        else
            co_await pipeline.serve(x_);
        if (!x_.response.source) x_.release_body(); // not held while a slow client reads the answer
        // RFC 6455 §4.1: HTTP/1.1, and the client waits for the answer
        if (x_.response.upgrade && (!parser_->is_http11() || in_.unread().size() > head_size_)) {
            must_close_ = true;
            pipeline.refuse(x_, refusals::bad_request);
        }
        const bool left_over = refusal_ == nullptr && x_.has_body && !body_taken_;
        if (left_over && (expects_continue() || parser_->content_length().value_or(k_max_drained + 1) > k_max_drained)) must_close_ = true;
        const bool last = must_close_ || worker_->stopping() || worker_->shared().draining || !parser_->keep_alive();
        written_ = 0;
        if (x_.response.upgrade) co_return become_websocket();
        const bool sent = co_await send(!last);
        lingers_ = sent && last;
        pipeline.finish(x_, written_, sent);
        x_.response = {};
        x_.release_body();
        if (!sent || last) co_return false;
        if (left_over && !co_await drop_body()) co_return false;
        next_request();
        co_return true;
    }

    /// Ends HTTP on this connection; the WebSocket session owns the stream from now on.
    bool become_websocket() {
        worker_->shared().pipeline.finish(x_, 0, true);
        handed_over_ = true;
        start_websocket(worker_, std::move(stream_), std::move(place_), x_, std::move(*x_.response.upgrade));
        return false;
    }

    void next_request() {
        in_.consume(head_size_);
        if (rest_) {
            in_.assign(*rest_);
            rest_.reset();
        }
    }

    // --- the answer ----------------------------------------------------------------------------------------------

    Task<bool> send(bool keep_alive) {
        const auto& response = x_.response;
        const bool streams = static_cast<bool>(response.source);
        const bool chunked = streams && parser_ && parser_->is_http11();
        if (streams && !chunked) keep_alive = false, must_close_ = true; // HTTP/1.0: the end of the connection ends the body
        write_head(keep_alive, chunked);
        if (streams && !x_.is_head) co_return co_await send_stream(chunked);
        auto body = x_.is_head ? std::string_view{} : response.bytes();
        if constexpr (k_tls) {
            if (body.size() <= k_chunk_buffer) out_ += std::exchange(body, {}); // one record instead of two
        }
        Pieces pieces{{asio::buffer(out_), asio::buffer(body)}};
        error_code error;
        if (write_now(pieces, error)) co_return true;
        co_return co_await write(pieces);
    }

    void write_head(bool keep_alive, bool chunked) {
        const auto& response = x_.response;
        out_.assign("HTTP/1.1 ");
        append_number(out_, static_cast<std::size_t>(response.status));
        ((out_ += ' ') += reason_phrase(response.status)) += "\r\nDate: ";
        out_ += worker_->date();
        if (!response.type().empty()) {
            out_ += "\r\nContent-Type: ";
            append_value(out_, response.type());
        }
        if (chunked) {
            out_ += "\r\nTransfer-Encoding: chunked";
        } else if (!response.source && response.status != 204 && response.status != 304) {
            out_ += "\r\nContent-Length: ";
            append_number(out_, response.bytes().size());
        }
        if (!keep_alive)
            out_ += "\r\nConnection: close";
        else if (!parser_->is_http11())
            out_ += "\r\nConnection: keep-alive";
        out_ += "\r\n";
        worker_->shared().pipeline.append_headers(out_, x_);
        for (const auto& [name, value] : response.headers) {
            (out_ += name) += ": ";
            append_value(out_, value);
            out_ += "\r\n";
        }
        out_ += "\r\n";
    }

    /// Pulls piece by piece; the source is destroyed when this returns.
    Task<bool> send_stream(bool chunked) {
        const auto source = std::move(x_.response.source);
        bool whole = false;
        try {
            while (auto piece = co_await source()) {
                if (piece->empty()) continue;
                if (chunked) {
                    append_number(out_, piece->size(), 16);
                    out_ += "\r\n";
                    *piece += "\r\n";
                }
                if (!co_await write({{asio::buffer(out_), asio::buffer(*piece)}})) co_return false;
                out_.clear();
            }
            whole = true;
        } catch (const std::exception& error) {
            log::error("stream broke off", {{"what", error.what()}, {"request_id", std::string_view{x_.origin_.request_id}}});
        }
        if (!whole) co_return false; // without the last chunk the client knows that the body is incomplete
        if (chunked) out_ += "0\r\n\r\n";
        co_return co_await write({{asio::buffer(out_), {}}});
    }

    /// Writes what the socket accepts without waiting. True when nothing is left.
    bool write_now(Pieces& pieces, error_code& error) {
        if constexpr (!k_tls) {
            const auto bytes = stream_.write_some(pieces.list, error);
            written_ += bytes;
            pieces.advance(bytes);
        }
        return pieces.size() == 0;
    }

    Task<bool> write(Pieces pieces) {
        error_code error;
        while (!write_now(pieces, error)) {
            if (error && error != asio::error::would_block && error != asio::error::interrupted) co_return false;
            deadline_ = Clockwork::now() + limits_.write_stall; // restarts whenever the client has read something
            if constexpr (k_tls) {
                const auto& piece = pieces.list[0].size() > 0 ? pieces.list[0] : pieces.list[1];
                const auto [failure, bytes] = co_await stream_.async_write_some(piece, k_token);
                if (failure || expired_) co_return false;
                written_ += bytes;
                pieces.advance(bytes);
            } else {
                const auto [failure] = co_await stream_.async_wait(asio::socket_base::wait_write, k_token);
                if (failure || expired_) co_return false;
            }
        }
        deadline_ = Instant::max();
        co_return true;
    }

    // --- the body ------------------------------------------------------------------------------------------------

    Task<bool> continue_if_expected() {
        if (!expects_continue() || in_.unread().size() > head_size_) co_return true;
        static constexpr std::string_view k_continue = "HTTP/1.1 100 Continue\r\n\r\n";
        co_return co_await write({{asio::buffer(k_continue), {}}});
    }

    /// Bytes that were read together with the head; consumed with it.
    std::string_view take_behind_head(std::size_t most) {
        const auto behind = in_.unread().substr(head_size_, most);
        head_size_ += behind.size();
        return behind;
    }

    Task<bool> read_plain_body(std::string& into, std::size_t length, const Refusal*& fault) {
        const auto behind = take_behind_head(length);
        if (!make_room(into, behind.size(), length, x_.body_share)) co_return out_of_memory(fault);
        into += behind;
        while (into.size() < length) { // grows with the bytes received, not with the announced length
            const auto before = into.size();
            if (!make_room(into, before + 1, length, x_.body_share)) co_return out_of_memory(fault);
            const auto target = std::min(length, into.capacity());
            into.resize(target);
            const auto bytes = co_await read_some(into.data() + before, target - before, false);
            into.resize(before + bytes);
            if (bytes == 0) co_return false;
        }
        co_return true;
    }

    static bool out_of_memory(const Refusal*& fault) {
        fault = &refusals::busy;
        return false;
    }

    Task<bool> read_chunks(std::size_t limit, const Refusal*& fault) {
        parser_->body_limit(limit);
        std::string buffer{take_behind_head(std::string_view::npos)};
        for (;;) {
            bool failed = false;
            auto& body = x_.body_;
            if (!make_room(body, body.size() + std::min(buffer.size(), limit - body.size()), limit, x_.body_share, k_chunk_buffer))
                co_return out_of_memory(fault);
            buffer.erase(0, parser_->parse_chunks(buffer, failed));
            if (parser_->over_limit()) fault = &refusals::too_large;
            if (failed || buffer.size() >= k_chunk_buffer) co_return false;
            if (parser_->is_done()) break;
            const auto before = buffer.size();
            buffer.resize(k_chunk_buffer);
            const auto bytes = co_await read_some(buffer.data() + before, k_chunk_buffer - before, false);
            buffer.resize(before + bytes);
            if (bytes == 0) co_return false;
        }
        rest_ = std::move(buffer); // the next request, sent without waiting
        co_return true;
    }

    /// Reads and discards a body that the answer did not need; it is short and its length is known.
    Task<bool> drop_body() {
        auto left = static_cast<std::size_t>(parser_->content_length().value_or(0));
        left -= take_behind_head(left).size();
        deadline_ = Clockwork::now() + limits_.body_time;
        std::array<char, k_dropped_step> nowhere;
        while (left > 0) {
            const auto bytes = co_await read_some(nowhere.data(), std::min(nowhere.size(), left), false);
            if (bytes == 0) co_return false;
            left -= bytes;
        }
        deadline_ = Instant::max();
        co_return true;
    }

    // --- reading -------------------------------------------------------------------------------------------------

    Task<bool> read_more(bool wait_first) {
        in_.make_room();
        const auto bytes = co_await read_some(in_.room(), in_.room_size(), wait_first);
        in_.filled(bytes);
        co_return bytes > 0;
    }

    /// At least one byte, or 0 when there are no more (or the deadline has passed). `wait_first` saves a read
    /// that would most likely find nothing.
    Task<std::size_t> read_some(char* to, std::size_t size, bool wait_first) {
        if constexpr (k_tls) {
            const auto [error, bytes] = co_await stream_.async_read_some(asio::buffer(to, size), k_token);
            co_return error || expired_ ? 0 : bytes;
        } else {
            for (bool wait = wait_first;; wait = true) {
                if (wait) {
                    const auto [error] = co_await stream_.async_wait(asio::socket_base::wait_read, k_token);
                    if (error || expired_) co_return 0;
                }
                error_code error;
                const auto bytes = stream_.read_some(asio::buffer(to, size), error);
                if (error != asio::error::would_block && error != asio::error::interrupted) co_return error ? 0 : bytes;
            }
        }
    }

    /// Ends the connection so that the client still receives the answer: closing with unread input would reset it.
    Task<void> say_goodbye() {
        expired_ = false;
        deadline_ = Clockwork::now() + k_linger;
        if constexpr (k_tls) {
            co_await stream_.async_shutdown(k_token);
        } else if (lingers_) {
            error_code ignored;
            stream_.shutdown(asio::socket_base::shutdown_send, ignored);
            std::array<char, 4096> nowhere;
            while (co_await read_some(nowhere.data(), nowhere.size(), false) > 0) {
            }
        }
    }

    std::shared_ptr<Worker> worker_;
    NetworkLimit::Place place_;
    const Limits& limits_;
    Stream stream_;
    AddressBytes peer_;
    std::string peer_text_;
    InputBuffer in_;
    std::string out_; // the head of the answer
    std::optional<std::string> rest_;
    std::optional<HeadParser> parser_;
    Exchange x_;
    const Refusal* refusal_ = nullptr;
    std::size_t head_size_ = 0; // of the current request in in_, with the part of its body that was taken
    std::size_t written_ = 0;
    bool idle_ = true;
    bool expired_ = false;
    bool must_close_ = false;
    bool lingers_ = false; // the last answer may still be in transit
    bool body_taken_ = false;
    bool handed_over_ = false;
};

} // namespace

Task<void> serve_connection(std::shared_ptr<Worker> worker, PlainStream stream, AddressBytes peer, NetworkLimit::Place place) {
    Connection<PlainStream> connection{std::move(worker), std::move(stream), peer, std::move(place)};
    co_await connection.run();
}

Task<void> serve_connection(std::shared_ptr<Worker> worker, TlsStream stream, AddressBytes peer, NetworkLimit::Place place) {
    Connection<TlsStream> connection{std::move(worker), std::move(stream), peer, std::move(place)};
    co_await connection.run();
}

} // namespace focus::http
