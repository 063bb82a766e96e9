// The yardstick of the HTTP benchmarks: the plainest idiomatic Beast server with coroutines. It answers every request
// with "hello", one io_context per thread, time-outs by beast::tcp_stream, and does nothing else.
//
//   beast_hello PORT THREADS
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <sys/socket.h>
#include <thread>
#include <vector>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

namespace {

asio::awaitable<void> serve(tcp::socket socket) {
    beast::tcp_stream stream{std::move(socket)};
    beast::flat_buffer buffer;
    try {
        for (;;) {
            stream.expires_after(std::chrono::seconds{30});
            http::request<http::string_body> request;
            co_await http::async_read(stream, buffer, request, asio::use_awaitable);
            http::response<http::string_body> response{http::status::ok, request.version()};
            response.set(http::field::server, "beast");
            response.set(http::field::content_type, "application/json");
            response.keep_alive(request.keep_alive());
            response.body() = R"({"message":"hello"})";
            response.prepare_payload();
            co_await http::async_write(stream, response, asio::use_awaitable);
            if (!response.keep_alive()) break;
        }
    } catch (const boost::system::system_error&) { // NOLINT: the client has gone
    }
    beast::error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
}

asio::awaitable<void> accept(tcp::acceptor acceptor) {
    for (;;) {
        auto socket = co_await acceptor.async_accept(asio::use_awaitable);
        socket.set_option(tcp::no_delay{true});
        asio::co_spawn(acceptor.get_executor(), serve(std::move(socket)), asio::detached);
    }
}

void run(std::uint16_t port) {
    asio::io_context context{1};
    tcp::acceptor acceptor{context, tcp::v4()};
    const int on = 1;
    acceptor.set_option(tcp::acceptor::reuse_address{true});
    if (::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) std::perror("SO_REUSEPORT");
    acceptor.bind({asio::ip::address_v4::loopback(), port});
    acceptor.listen();
    asio::co_spawn(context, accept(std::move(acceptor)), asio::detached);
    context.run();
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs("usage: beast_hello PORT THREADS\n", stderr);
        return 2;
    }
    const auto port = static_cast<std::uint16_t>(std::atoi(argv[1]));
    std::vector<std::jthread> threads;
    for (int i = 0; i < std::atoi(argv[2]); ++i) threads.emplace_back(run, port);
}
