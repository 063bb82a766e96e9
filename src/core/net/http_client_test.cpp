#include "core/net/http_client.hpp"

#include "support/cpp/servers.hpp"
#include "support/cpp/start.hpp"

#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

namespace focus::net {
namespace {

class Http : public ::testing::Test {
  protected:
    Response fetch(HttpClient& client, Request request) {
        auto result = focus::testing::start(context_, client.fetch(std::move(request)));
        context_.restart();
        context_.run();
        return result.get();
    }
    Response fetch(Request request) { return fetch(client_, std::move(request)); }
    [[nodiscard]] std::string url(const std::string& path) const { return "http://localhost:" + std::to_string(server_.port()) + path; }

    boost::asio::io_context context_;
    testing::ServerProcess server_{"http_server.py", {}};
    HttpClient client_{{.allow_plain_http = true}};
};

TEST_F(Http, GetsAndPosts) {
    const Response hello = fetch({.url = url("/hello")});
    EXPECT_EQ(hello.status, 200);
    EXPECT_EQ(hello.body, "hello");
    EXPECT_EQ(hello.header("x-mixed-case"), "spaced");
    EXPECT_TRUE(hello.header("x-agent").starts_with("focus/"));
    EXPECT_EQ(hello.header("no-such"), "");
    EXPECT_EQ(fetch({.url = url("/missing")}).status, 404);

    const std::string body{"a=1&b=\0\xff", 8};
    const Response echo =
        fetch({.url = url("/"), .method = "POST", .headers = {{"Content-Type", "text/x-any"}, {"X-Token", "t"}}, .body = body});
    EXPECT_EQ(echo.status, 201);
    EXPECT_EQ(echo.body, body);
    EXPECT_EQ(echo.header("x-type"), "text/x-any");
    EXPECT_EQ(echo.header("x-token"), "t");
    EXPECT_EQ(fetch({.url = url("/hello")}).body, "hello") << "nothing of the last request is left";
}

TEST_F(Http, FollowsOnlyTheAllowedRedirects) {
    const Response moved = fetch({.url = url("/redirect/0")});
    EXPECT_EQ(moved.status, 302);
    EXPECT_EQ(moved.header("location"), "/hello");
    const Response followed = fetch({.url = url("/redirect/1"), .max_redirects = 2});
    EXPECT_EQ(followed.status, 200);
    EXPECT_EQ(followed.body, "hello");
    EXPECT_EQ(followed.header("location"), "");
    EXPECT_THROW(fetch({.url = url("/redirect/5"), .max_redirects = 2}), TransferError);
    EXPECT_THROW(fetch({.url = url("/to-file"), .max_redirects = 2}), TransferError);
}

TEST_F(Http, KeepsItsLimits) {
    EXPECT_EQ(fetch({.url = url("/big"), .max_response_bytes = 5000}).body.size(), 5000U);
    EXPECT_THROW(fetch({.url = url("/big"), .max_response_bytes = 4999}), TransferError);
    EXPECT_THROW(fetch({.url = url("/headers")}), TransferError);
    const auto start = std::chrono::steady_clock::now();
    EXPECT_THROW(fetch({.url = url("/slow"), .timeout = std::chrono::milliseconds{200}}), TransferError);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{2});
    EXPECT_THROW(fetch({.url = url("/hello"), .method = "DELETE"}), std::invalid_argument);
    EXPECT_THROW(fetch({.url = url("/hello"), .headers = {{"X-Bad", "a\r\nX-More: b"}}}), std::invalid_argument);
}

TEST_F(Http, ChecksSchemesAndCertificates) {
    HttpClient strict{{}};
    EXPECT_THROW(fetch(strict, {.url = url("/hello")}), TransferError);
    EXPECT_THROW(fetch({.url = "file:///etc/hostname"}), TransferError);
    EXPECT_THROW(fetch({.url = "not a url"}), TransferError);

    const testing::ServerProcess tls{"http_server.py", {"--tls"}};
    const auto at = [&](const char* host) { return "https://" + std::string{host} + ":" + std::to_string(tls.port()) + "/hello"; };
    EXPECT_THROW(fetch(strict, {.url = at("localhost")}), TransferError) << "signed by nobody we know";
    HttpClient knowing{{.ca_file = tls.ca_file()}};
    EXPECT_EQ(fetch(knowing, {.url = at("localhost")}).body, "hello");
    EXPECT_THROW(fetch(knowing, {.url = at("127.0.0.1")}), TransferError) << "signed for another name";
}

} // namespace
} // namespace focus::net
