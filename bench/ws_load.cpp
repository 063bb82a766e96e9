// The client of ./dev bench ws: very many notification sockets in one process, and a user who records activities.
// Like a well-behaved client it answers each heartbeat with a pong. A notification whose title has "sent=<ns>" (of the
// wall clock) tells how long it took.
//
//   ws_load HOST PORT TOKENS_FILE CONNECTIONS STALLED    (the first STALLED connections are opened, but never read)
//
// Prints one JSON object per line: {"open":…} when all are connected, then one for each command on standard input:
//   report              latencies (ms) of the notifications since the last report
//   post RATE SECONDS   records RATE activities a second, of the tokens' users in turn; latencies from sending one to
//                       its live update on each of its user's sockets
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <format>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using namespace std::chrono_literals;

namespace {

constexpr auto k_token = asio::as_tuple(asio::use_awaitable);
constexpr int k_at_once = 64; // connections being opened
constexpr int k_posters = 32; // HTTP connections

double wall_ms() { return std::chrono::duration<double, std::milli>(std::chrono::system_clock::now().time_since_epoch()).count(); }

/// The integer behind `key`, if it is there.
std::optional<std::int64_t> number_behind(std::string_view text, std::string_view key) {
    const auto at = text.find(key);
    if (at == std::string_view::npos) return std::nullopt;
    std::int64_t value = 0;
    const auto digits = text.substr(at + key.size());
    if (std::from_chars(digits.data(), digits.data() + digits.size(), value).ec != std::errc{}) return std::nullopt;
    return value;
}

std::string summary(std::vector<double> values) {
    std::ranges::sort(values);
    const auto quantile = [&](double q) {
        return values.empty() ? 0.0 : values[std::min(values.size() - 1, static_cast<std::size_t>(q * static_cast<double>(values.size())))];
    };
    return std::format(R"("received":{},"p50_ms":{:.2f},"p99_ms":{:.2f},"max_ms":{:.2f})", values.size(), quantile(0.5), quantile(0.99),
                       values.empty() ? 0.0 : values.back());
}

class Load {
  public:
    Load(asio::io_context& context, tcp::endpoint server, std::vector<std::string> tokens, int connections, int stalled)
        : context_{context}, server_{server}, tokens_{std::move(tokens)}, connections_{connections}, stalled_{stalled} {}

    asio::awaitable<void> run() {
        for (int i = 0; i < k_at_once; ++i) asio::co_spawn(context_, open_some(), asio::detached);
        while (open_ + failed_ < connections_) co_await pause(10ms);
        std::cout << std::format(R"({{"open":{},"failed":{}}})", open_, failed_) << std::endl;
        asio::posix::stream_descriptor input{context_, ::dup(STDIN_FILENO)};
        std::string line;
        for (;;) {
            const auto [error, bytes] = co_await asio::async_read_until(input, asio::dynamic_buffer(line), '\n', k_token);
            if (error) break;
            std::istringstream command{line.substr(0, bytes)};
            line.erase(0, bytes);
            co_await obey(command);
        }
        context_.stop();
    }

  private:
    using Stream = websocket::stream<tcp::socket, false>;

    asio::awaitable<void> pause(std::chrono::milliseconds time) {
        asio::steady_timer timer{context_, time};
        co_await timer.async_wait(asio::use_awaitable);
    }

    asio::awaitable<void> obey(std::istringstream& command) {
        std::string verb;
        command >> verb;
        if (verb == "report") {
            std::cout << std::format(R"({{{},"open":{}}})", summary(std::exchange(latencies_, {})), open_) << std::endl;
        } else if (verb == "post") {
            double rate = 0;
            double seconds = 0;
            command >> rate >> seconds;
            co_await post_for(rate, seconds);
        }
    }

    asio::awaitable<void> open_some() {
        while (next_ < connections_) {
            const auto number = next_++;
            auto stream = std::make_shared<Stream>(tcp::socket{context_});
            auto& socket = stream->next_layer();
            const auto [refused] = co_await socket.async_connect(server_, k_token);
            if (number < stalled_ && !refused) socket.set_option(asio::socket_base::receive_buffer_size{4096});
            const auto target = "/api/ws/notifications?token=" + tokens_[static_cast<std::size_t>(number) % tokens_.size()];
            const auto [failure] = co_await stream->async_handshake("127.0.0.1", target, k_token);
            if (refused || failure) {
                ++failed_;
                continue;
            }
            ++open_;
            if (number < stalled_)
                stuck_.push_back(std::move(stream));
            else
                asio::co_spawn(context_, listen(std::move(stream)), asio::detached);
        }
    }

    asio::awaitable<void> listen(std::shared_ptr<Stream> stream) {
        beast::flat_buffer buffer;
        const websocket::ping_data nothing;
        for (;;) {
            const auto [error, bytes] = co_await stream->async_read(buffer, k_token);
            if (error) break;
            const auto now = wall_ms();
            const std::string_view text{static_cast<const char*>(buffer.data().data()), bytes};
            if (text.starts_with(R"({"type":"heartbeat")"))
                co_await stream->async_pong(nothing, k_token);
            else if (const auto sent = number_behind(text, "sent="))
                latencies_.push_back(now - static_cast<double>(*sent) / 1e6);
            else if (const auto id = number_behind(text, R"("activity_ids":[)"))
                seen_.emplace_back(*id, now);
            buffer.consume(bytes);
            if (buffer.capacity() > 4096) buffer.shrink_to_fit();
        }
        --open_;
    }

    /// Requests leave at their time, whether or not earlier ones were answered, as far as there are free connections.
    asio::awaitable<void> post_for(double rate, double seconds) {
        seen_.clear();
        posted_.clear();
        answered_.clear();
        post_errors_ = 0;
        const auto count = static_cast<int>(rate * seconds);
        const auto begun = std::chrono::steady_clock::now();
        int at_work = k_posters;
        posts_taken_ = 0;
        for (int i = 0; i < k_posters; ++i)
            asio::co_spawn(context_, poster(rate, count, begun), [&at_work](std::exception_ptr) { --at_work; });
        while (at_work > 0) co_await pause(10ms);
        co_await pause(500ms);
        std::vector<double> latencies;
        for (const auto& [id, at] : seen_) {
            if (const auto found = posted_.find(id); found != posted_.end()) latencies.push_back(at - found->second);
        }
        std::cout << std::format(R"({{{},"posted":{},"errors":{},"answers":{{{}}}}})", summary(std::move(latencies)), posted_.size(),
                                 post_errors_, summary(std::exchange(answered_, {})))
                  << std::endl;
    }

    asio::awaitable<void> poster(double rate, int count, std::chrono::steady_clock::time_point begun) {
        tcp::socket socket{context_};
        co_await socket.async_connect(server_, asio::use_awaitable);
        socket.set_option(tcp::no_delay{true});
        beast::flat_buffer buffer;
        asio::steady_timer timer{context_};
        while (posts_taken_ < count) {
            const auto number = posts_taken_++;
            timer.expires_at(begun +
                             std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(number / rate)));
            co_await timer.async_wait(asio::use_awaitable);
            http::request<http::string_body> request{http::verb::post, "/api/activities", 11};
            request.set(http::field::host, "127.0.0.1");
            request.set(http::field::authorization, "Bearer " + tokens_[static_cast<std::size_t>(number) % tokens_.size()]);
            request.set(http::field::content_type, "application/json");
            request.body() = R"({"app_name":"Instagram","duration_minutes":0.01})";
            request.prepare_payload();
            const auto sent = wall_ms();
            co_await http::async_write(socket, request, asio::use_awaitable);
            http::response<http::string_body> response;
            co_await http::async_read(socket, buffer, response, asio::use_awaitable);
            const auto id = number_behind(response.body(), R"("id":)");
            if (response.result_int() != 201 || !id) {
                ++post_errors_;
                continue;
            }
            answered_.push_back(wall_ms() - sent);
            posted_[*id] = sent;
        }
    }

    asio::io_context& context_;
    tcp::endpoint server_;
    std::vector<std::string> tokens_;
    int connections_;
    int stalled_;
    int next_ = 0;
    int open_ = 0;
    int failed_ = 0;
    std::vector<std::shared_ptr<Stream>> stuck_;
    std::vector<double> latencies_;
    std::vector<std::pair<std::int64_t, double>> seen_; // activity, when its update came
    std::unordered_map<std::int64_t, double> posted_;   // when it was sent
    std::vector<double> answered_;
    int posts_taken_ = 0;
    int post_errors_ = 0;
};

} // namespace

int main(int argc, char** argv) {
    if (argc != 6) {
        std::cerr << "usage: ws_load HOST PORT TOKENS_FILE CONNECTIONS STALLED\n";
        return 2;
    }
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    std::vector<std::string> tokens;
    std::ifstream file{argv[3]};
    for (std::string token; file >> token;) tokens.push_back(token);
    asio::io_context context{1};
    const tcp::endpoint server{asio::ip::make_address(argv[1]), static_cast<std::uint16_t>(std::stoi(argv[2]))};
    Load load{context, server, std::move(tokens), std::stoi(argv[4]), std::stoi(argv[5])};
    asio::co_spawn(context, load.run(), [](std::exception_ptr failure) {
        if (failure) std::rethrow_exception(failure);
    });
    context.run();
    return 0;
}
