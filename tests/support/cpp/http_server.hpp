// A real server on a free port with routes of every kind, and a client with hand-written HTTP, for the tests of core/http.
#pragma once

#include "core/http/server.hpp"
#include "core/metrics/metrics.hpp"

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <functional>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace focus::http::testing {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

/// Blocking client socket that reads whole answers.
class Client {
  public:
    explicit Client(std::uint16_t port) : socket_{context_} {
        socket_.connect({asio::ip::address_v4::loopback(), port});
        const timeval limit{.tv_sec = 10, .tv_usec = 0};
        setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }
    void send(std::string_view text) { asio::write(socket_, asio::buffer(text)); }
    /// Head and body of the next answer; empty when the connection has ended.
    std::string receive(bool with_body = true) {
        while (!buffer_.contains("\r\n\r\n"))
            if (!more()) return std::exchange(buffer_, {});
        const auto head_size = buffer_.find("\r\n\r\n") + 4;
        const auto head = buffer_.substr(0, head_size);
        std::size_t size = head_size;
        if (const auto at = head.find("Content-Length: "); with_body && at != std::string::npos) size += std::stoul(head.substr(at + 16));
        if (head.contains("Transfer-Encoding: chunked") && with_body) {
            while (!buffer_.contains("0\r\n\r\n"))
                if (!more()) return std::exchange(buffer_, {});
            size = buffer_.find("0\r\n\r\n") + 5;
        }
        while (buffer_.size() < size)
            if (!more()) return std::exchange(buffer_, {});
        auto answer = buffer_.substr(0, size);
        buffer_.erase(0, size);
        return answer;
    }
    std::string ask(std::string_view text, bool with_body = true) {
        send(text);
        return receive(with_body);
    }
    /// Whether the server has ended the connection, within the time limit.
    bool is_closed() { return buffer_.empty() && !more() && !timed_out_; }
    void close() { socket_.close(); }
    tcp::socket& socket() { return socket_; }

  private:
    bool more() {
        std::array<char, 65536> piece;
        const auto bytes = ::recv(socket_.native_handle(), piece.data(), piece.size(), 0);
        timed_out_ = bytes < 0 && errno == EAGAIN;
        if (bytes <= 0) return false;
        buffer_.append(piece.data(), static_cast<std::size_t>(bytes));
        return true;
    }
    asio::io_context context_;
    tcp::socket socket_;
    std::string buffer_;
    bool timed_out_ = false;
};

inline int status_of(const std::string& answer) { return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0; }
inline std::string body_of(const std::string& answer) {
    const auto at = answer.find("\r\n\r\n");
    return at == std::string::npos ? std::string{} : answer.substr(at + 4);
}
inline std::string header_of(const std::string& answer, const std::string& name) {
    const auto at = answer.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const auto begin = at + name.size() + 4;
    return answer.substr(begin, answer.find("\r\n", begin) - begin);
}
inline std::string post(std::string_view path, std::string_view body, std::string_view extra = {}) {
    return "POST " + std::string{path} + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
           std::string{extra} + "\r\n" + std::string{body};
}
inline std::string get(std::string_view path, std::string_view extra = {}) {
    return "GET " + std::string{path} + " HTTP/1.1\r\nHost: x\r\n" + std::string{extra} + "\r\n";
}

class ServerTest : public ::testing::Test {
  protected:
    static Options options();
    void SetUp() override;
    void TearDown() override;
    void stop();
    Client connect() { return Client{server_->bound_port()}; }
    void wait_until(const std::function<bool()>& condition) {
        const auto limit = std::chrono::steady_clock::now() + 5s;
        while (!condition() && std::chrono::steady_clock::now() < limit) std::this_thread::sleep_for(2ms);
        EXPECT_TRUE(condition());
    }
    void declare();

    asio::io_context context_{1};
    Clock clock_;
    metrics::Registry registry_;
    Routes routes_;
    std::optional<Server> server_;
    std::thread thread_;
    std::atomic<int> sources_ = 0;
    std::atomic<int> slow_ = 0;
    bool stopped_ = false;
};

} // namespace focus::http::testing
