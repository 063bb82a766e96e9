// The server as a client sees it: a real Server on a free port, and raw sockets.
#include "core/http/server.hpp"

#include "core/http/gzip.hpp"
#include "core/metrics/metrics.hpp"

#include <array>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <gtest/gtest.h>
#include <thread>

namespace focus::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

struct Echo {
    std::string text;
    std::int64_t number;
};
struct Item {
    std::int64_t id;
    std::string name;
};
struct Size {
    std::int64_t bytes;
};

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

int status_of(const std::string& answer) { return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0; }
std::string body_of(const std::string& answer) {
    const auto at = answer.find("\r\n\r\n");
    return at == std::string::npos ? std::string{} : answer.substr(at + 4);
}
std::string header_of(const std::string& answer, const std::string& name) {
    const auto at = answer.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const auto begin = at + name.size() + 4;
    return answer.substr(begin, answer.find("\r\n", begin) - begin);
}
std::string post(std::string_view path, std::string_view body, std::string_view extra = {}) {
    return "POST " + std::string{path} + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
           std::string{extra} + "\r\n" + std::string{body};
}
std::string get(std::string_view path, std::string_view extra = {}) {
    return "GET " + std::string{path} + " HTTP/1.1\r\nHost: x\r\n" + std::string{extra} + "\r\n";
}

/// Tells when it dies.
struct Guard {
    std::atomic<int>* alive;
    explicit Guard(std::atomic<int>* counter) : alive{counter} { ++*alive; }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() { --*alive; }
};

class ServerTest : public testing::Test {
  protected:
    static Options options() {
        Options options;
        options.port = 0;
        options.limits.header_time = 300ms;
        options.limits.idle_time = 2s;
        options.limits.body_time = 500ms;
        options.limits.write_stall = 500ms;
        options.limits.shutdown_time = 1s;
        options.cors_origins = {"https://app.example.org"};
        return options;
    }
    void SetUp() override {
        declare();
        Hooks hooks;
        hooks.authenticate = [](std::string token) -> Task<std::optional<Caller>> {
            if (token == "admin") co_return Caller{.user_id = 1, .role = Role::admin, .is_verified = true};
            if (token == "user") co_return Caller{.user_id = 2, .is_verified = true, .language = Language::fr};
            if (token == "new") co_return Caller{.user_id = 3};
            co_return std::nullopt;
        };
        server_.emplace(options(), routes_, std::move(hooks), clock_, registry_);
        server_->start({&context_});
        thread_ = std::thread{[this] { context_.run(); }};
    }
    void TearDown() override {
        stop();
        thread_.join();
    }
    void stop() {
        if (std::exchange(stopped_, true)) return;
        asio::co_spawn(context_, server_->shutdown(), asio::use_future).get();
    }
    Client connect() { return Client{server_->bound_port()}; }
    void wait_until(const std::function<bool()>& condition) {
        const auto limit = std::chrono::steady_clock::now() + 5s;
        while (!condition() && std::chrono::steady_clock::now() < limit) std::this_thread::sleep_for(2ms);
        EXPECT_TRUE(condition());
    }

    void declare() {
        const Meta open{.id = "x", .summary = "x", .access = Access::nobody};
        routes_.get("/hello", open, [](Call&) -> Task<Reply<Item>> { co_return Item{1, "hello"}; });
        routes_.get("/tagged", {.id = "t", .summary = "t", .access = Access::nobody, .etag = true},
                    [](Call&) -> Task<Reply<Item>> { co_return Item{1, "hello"}; });
        routes_.post("/echo", open, [](Call&, Body<Echo> body) -> Task<Reply<Echo>> { co_return Echo{body->text, body->number}; });
        routes_.post("/size", {.id = "s", .summary = "s", .access = Access::nobody, .body_limit = 8192},
                     [](Call& call) -> Task<Reply<Size>> { co_return Size{static_cast<std::int64_t>(call.body().size())}; });
        routes_.get("/items/{id}", open, [](Call&, Path<IdPath> path) -> Task<Reply<Item>> { co_return Item{path->id, "item"}; });
        routes_.get("/items/special", open, [](Call&) -> Task<Reply<Item>> { co_return Item{0, "special"}; });
        routes_.del("/items/{id}", open, [](Call&, Path<IdPath>) -> Task<Reply<NoContent>> { co_return NoContent{}; });
        routes_.get("/big", open, [](Call&) -> Task<Reply<Item>> { co_return Item{1, std::string(5000, 'a')}; });
        routes_.get("/huge", open,
                    [](Call&) -> Task<Reply<Raw>> { co_return Raw{"application/octet-stream", std::string(32 << 20, 'a')}; });
        routes_.get("/defect", open, [](Call&) -> Task<Reply<Item>> {
            throw std::runtime_error{"secret cause"};
            co_return Item{};
        });
        routes_.get("/me", {.id = "m", .summary = "m", .access = Access::signed_in, .no_store = true},
                    [](Call& call) -> Task<Reply<Item>> { co_return Item{call.user().user_id, "me"}; });
        routes_.get("/verified", {.id = "v", .summary = "v"},
                    [](Call& call) -> Task<Reply<Item>> { co_return Item{call.user().user_id, "v"}; });
        routes_.get("/admin", {.id = "a", .summary = "a", .access = Access::admin},
                    [](Call& call) -> Task<Reply<Item>> { co_return Item{call.user().user_id, "a"}; });
        routes_.get("/list", open, [](Call& call, Query<PageQuery> page) -> Task<Reply<std::vector<Item>>> {
            co_return paged(call, std::vector<Item>{{1, "one"}}, 101, page->skip.value, page->limit.value);
        });
        routes_.get("/slow", open, [this](Call&) -> Task<Reply<Item>> {
            ++slow_;
            asio::steady_timer timer{co_await asio::this_coro::executor, 200ms};
            co_await timer.async_wait(asio::use_awaitable);
            co_return Item{1, "slow"};
        });
        routes_.get("/stream", open, [](Call&) -> Task<Reply<Stream>> {
            auto left = std::make_shared<int>(3);
            co_return Stream{"text/csv", "data.csv", [left]() -> Task<std::optional<std::string>> {
                                 if (--*left < 0) co_return std::nullopt;
                                 co_return "line\n";
                             }};
        });
        routes_.get("/endless", open, [this](Call&) -> Task<Reply<Stream>> {
            auto guard = std::make_shared<Guard>(&sources_);
            co_return Stream{"text/plain", "", [guard]() -> Task<std::optional<std::string>> { co_return std::string(65536, 'x'); }};
        });
    }

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

TEST_F(ServerTest, AnswersJsonWithTheHeadersOfEveryAnswer) {
    auto client = connect();
    const auto answer = client.ask(get("/hello", "X-Request-Id: abc.1-2_3\r\n"));
    EXPECT_EQ(status_of(answer), 200);
    EXPECT_EQ(body_of(answer), R"({"id":1,"name":"hello"})");
    EXPECT_EQ(header_of(answer, "Content-Type"), "application/json");
    EXPECT_EQ(header_of(answer, "X-Request-Id"), "abc.1-2_3");
    EXPECT_TRUE(header_of(answer, "X-Process-Time").starts_with("0.0"));
    EXPECT_TRUE(header_of(answer, "Server-Timing").starts_with("total;dur="));
    EXPECT_EQ(header_of(answer, "X-Content-Type-Options"), "nosniff");
    EXPECT_TRUE(header_of(answer, "Date").ends_with("GMT"));
}

TEST_F(ServerTest, MakesAnIdWhereTheGivenOneIsNotSane) {
    auto client = connect();
    const auto answer = client.ask(get("/hello", "X-Request-Id: a b\r\n"));
    EXPECT_EQ(header_of(answer, "X-Request-Id").size(), 16U);
}

TEST_F(ServerTest, KeepsConnectionsAndAnswersPipelinedRequestsInOrder) {
    auto client = connect();
    std::string all;
    for (int i = 1; i <= 40; ++i) all += get("/items/" + std::to_string(i));
    client.send(all);
    for (int i = 1; i <= 40; ++i) EXPECT_TRUE(client.receive().contains("\"id\":" + std::to_string(i) + ","));
}

TEST_F(ServerTest, TrailingSlashMakesNoDifference) {
    auto client = connect();
    EXPECT_EQ(status_of(client.ask(get("/hello/"))), 200);
    EXPECT_EQ(status_of(client.ask(get("/items/7/"))), 200);
    EXPECT_EQ(status_of(client.ask(get("/hello//"))), 404);
}

TEST_F(ServerTest, HeadHasTheLengthButNoBody) {
    auto client = connect();
    const auto answer = client.ask("HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\n", false);
    EXPECT_EQ(status_of(answer), 200);
    EXPECT_EQ(header_of(answer, "Content-Length"), "23");
    EXPECT_EQ(status_of(client.ask(get("/hello"))), 200);
}

TEST_F(ServerTest, KnowsMethods) {
    auto client = connect();
    const auto wrong = client.ask("PUT /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(status_of(wrong), 405);
    EXPECT_EQ(header_of(wrong, "Allow"), "GET, HEAD, OPTIONS");
    EXPECT_TRUE(wrong.contains(R"("code":"method_not_allowed")"));
    EXPECT_EQ(status_of(client.ask("BREW /hello HTTP/1.1\r\nHost: x\r\n\r\n")), 405);
    EXPECT_EQ(status_of(client.ask("BREW /nothing HTTP/1.1\r\nHost: x\r\n\r\n")), 404);
    const auto options = client.ask("OPTIONS /items/1 HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(status_of(options), 204);
    EXPECT_EQ(header_of(options, "Allow"), "GET, HEAD, DELETE, OPTIONS");
    EXPECT_EQ(status_of(client.ask("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")), 204);
    EXPECT_EQ(status_of(client.ask("DELETE /items/1 HTTP/1.1\r\nHost: x\r\n\r\n")), 204);
}

TEST_F(ServerTest, AnswersCors) {
    auto client = connect();
    const auto preflight = client.ask("OPTIONS /hello HTTP/1.1\r\nHost: x\r\nOrigin: https://app.example.org\r\n"
                                      "Access-Control-Request-Method: GET\r\n\r\n");
    EXPECT_EQ(status_of(preflight), 204);
    EXPECT_EQ(header_of(preflight, "Access-Control-Allow-Origin"), "https://app.example.org");
    EXPECT_EQ(header_of(preflight, "Access-Control-Allow-Credentials"), "true");
    EXPECT_TRUE(header_of(preflight, "Access-Control-Allow-Headers").contains("Authorization"));
    EXPECT_EQ(header_of(client.ask(get("/nothing", "Origin: https://app.example.org\r\n")), "Access-Control-Allow-Origin"),
              "https://app.example.org");
    EXPECT_EQ(header_of(client.ask(get("/hello", "Origin: https://evil.example\r\n")), "Access-Control-Allow-Origin"), "");
}

TEST_F(ServerTest, PathsAreDecodedOnceAndStrictly) {
    auto client = connect();
    EXPECT_EQ(status_of(client.ask(get("/h%65llo"))), 200);
    EXPECT_EQ(status_of(client.ask(get("/h%2565llo"))), 404);
    EXPECT_EQ(status_of(client.ask(get("/hello%"))), 400);
    EXPECT_EQ(status_of(client.ask(get("/hello%zz"))), 400);
    EXPECT_EQ(status_of(client.ask(get("/hello%00"))), 400);
    EXPECT_EQ(status_of(client.ask(get("/items%2f1"))), 400);
    EXPECT_EQ(status_of(client.ask(get("/items/12abc"))), 404);
    EXPECT_EQ(status_of(client.ask(get("/items/-1"))), 404);
    EXPECT_EQ(status_of(client.ask(get("/items/99999999999999999999"))), 404);
    EXPECT_TRUE(client.ask(get("/items/special")).contains("special"));
}

TEST_F(ServerTest, ValidatesBodies) {
    auto client = connect();
    EXPECT_EQ(body_of(client.ask(post("/echo", R"({"text":"é","number":3})"))), R"({"text":"é","number":3})");
    const auto wrong = client.ask(post("/echo", R"({"number":"three"})", "X-Request-Id: r1\r\n"));
    EXPECT_EQ(status_of(wrong), 422);
    EXPECT_EQ(header_of(wrong, "Content-Type"), "application/problem+json");
    EXPECT_TRUE(wrong.contains(R"("loc":["body","text"])"));
    EXPECT_TRUE(wrong.contains(R"("loc":["body","number"])"));
    EXPECT_TRUE(wrong.contains(R"("request_id":"r1")"));
    EXPECT_EQ(status_of(client.ask(post("/echo", "{"))), 422);
    EXPECT_EQ(status_of(client.ask(post("/echo", ""))), 422);
    EXPECT_EQ(status_of(client.ask(post("/echo", "a=1", "Content-Type: application/x-www-form-urlencoded\r\n"))), 422);
    EXPECT_EQ(status_of(client.ask(post("/echo", R"({"text":"a","number":3})", "Content-Type: application/x-www-form-urlencoded\r\n"))),
              200);
    EXPECT_EQ(status_of(client.ask(get("/list?limit=1000&skip=-1"))), 422);
}

TEST_F(ServerTest, SpeaksTheClientsLanguage) {
    auto client = connect();
    EXPECT_TRUE(client.ask(get("/nothing", "Accept-Language: fr-CA\r\n")).contains("Il n'y a rien ici."));
    EXPECT_TRUE(client.ask(get("/admin", "Authorization: Bearer user\r\n")).contains("Vous n'avez pas"));
}

TEST_F(ServerTest, ChecksAccess) {
    auto client = connect();
    const auto anonymous = client.ask(get("/me"));
    EXPECT_EQ(status_of(anonymous), 401);
    EXPECT_EQ(header_of(anonymous, "WWW-Authenticate"), "Bearer");
    const auto wrong = client.ask(get("/me", "Authorization: Bearer nonsense\r\n"));
    EXPECT_EQ(status_of(wrong), 401);
    EXPECT_EQ(header_of(wrong, "WWW-Authenticate"), "Bearer error=\"invalid_token\"");
    const auto me = client.ask(get("/me", "Authorization: bEARER new\r\n"));
    EXPECT_EQ(status_of(me), 200);
    EXPECT_EQ(header_of(me, "Cache-Control"), "no-store");
    EXPECT_TRUE(client.ask(get("/verified", "Authorization: Bearer new\r\n")).contains("email_not_verified"));
    EXPECT_EQ(status_of(client.ask(get("/verified", "Authorization: Bearer user\r\n"))), 200);
    EXPECT_EQ(status_of(client.ask(get("/admin", "Authorization: Bearer user\r\n"))), 403);
    EXPECT_EQ(status_of(client.ask(get("/admin", "Authorization: Bearer admin\r\n"))), 200);
    EXPECT_EQ(status_of(client.ask(get("/me", "Authorization: Basic dXNlcg==\r\n"))), 401);
}

TEST_F(ServerTest, HidesTheCauseOfDefects) {
    auto client = connect();
    const auto answer = client.ask(get("/defect"));
    EXPECT_EQ(status_of(answer), 500);
    EXPECT_FALSE(answer.contains("secret"));
    EXPECT_EQ(status_of(client.ask(get("/hello"))), 200);
}

TEST_F(ServerTest, PagesHaveLinks) {
    auto client = connect();
    const auto middle = client.ask(get("/list?skip=50&q=a%20b"));
    EXPECT_EQ(header_of(middle, "X-Total-Count"), "101");
    EXPECT_EQ(header_of(middle, "Link"), "</list?q=a%20b&skip=100>; rel=\"next\", </list?q=a%20b&skip=0>; rel=\"prev\"");
    EXPECT_EQ(header_of(client.ask(get("/list?skip=100&limit=50")), "Link"), "</list?limit=50&skip=50>; rel=\"prev\"");
}

TEST_F(ServerTest, AnswersConditionalRequests) {
    auto client = connect();
    const auto first = client.ask(get("/tagged"));
    const auto tag = header_of(first, "ETag");
    ASSERT_TRUE(tag.starts_with('"') && tag.ends_with('"'));
    const auto second = client.ask(get("/tagged", "If-None-Match: \"other\", W/" + tag + "\r\n"), false);
    EXPECT_EQ(status_of(second), 304);
    EXPECT_EQ(header_of(second, "ETag"), tag);
    EXPECT_FALSE(second.contains("Content-Length"));
    EXPECT_EQ(status_of(client.ask(get("/tagged", "If-None-Match: \"other\"\r\n"))), 200);
}

TEST_F(ServerTest, CompressesLargeJson) {
    auto client = connect();
    const auto answer = client.ask(get("/big", "Accept-Encoding: br, gzip;q=0.5\r\n"));
    EXPECT_EQ(header_of(answer, "Content-Encoding"), "gzip");
    const auto zipped = body_of(answer);
    EXPECT_LT(zipped.size(), 500U);
    std::string plain;
    Gunzip gunzip{zipped};
    EXPECT_EQ(gunzip.step(plain, 100'000), Gunzip::State::done);
    EXPECT_EQ(plain.size(), body_of(client.ask(get("/big"))).size());
    EXPECT_EQ(header_of(client.ask(get("/big", "Accept-Encoding: gzip;q=0\r\n")), "Content-Encoding"), "");
    EXPECT_EQ(header_of(client.ask(get("/hello", "Accept-Encoding: gzip\r\n")), "Content-Encoding"), "");
}

TEST_F(ServerTest, TakesGzipBodiesWithinTheLimit) {
    auto client = connect();
    Gzip gzip;
    const auto small = gzip.compress(std::string(8192, 'x'));
    EXPECT_EQ(body_of(client.ask(post("/size", small, "Content-Encoding: gzip\r\n"))), R"({"bytes":8192})");
    const auto bomb = gzip.compress(std::string(8193, 'x'));
    EXPECT_EQ(status_of(client.ask(post("/size", bomb, "Content-Encoding: gzip\r\n"))), 413);
    EXPECT_EQ(status_of(client.ask(post("/size", small.substr(0, small.size() - 9), "Content-Encoding: gzip\r\n"))), 400);
    EXPECT_EQ(status_of(client.ask(post("/size", "garbage", "Content-Encoding: gzip\r\n"))), 400);
    const auto other = client.ask(post("/size", "garbage", "Content-Encoding: br\r\n"));
    EXPECT_EQ(status_of(other), 415);
    EXPECT_EQ(header_of(other, "Accept-Encoding"), "gzip");
}

TEST_F(ServerTest, TakesChunkedBodies) {
    auto client = connect();
    constexpr std::string_view k_head = "POST /size HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    client.send(std::string{k_head} + "5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nTrailer: x\r\n\r\n" + get("/hello"));
    EXPECT_EQ(body_of(client.receive()), R"({"bytes":11})");
    EXPECT_EQ(status_of(client.receive()), 200);
    client.send(std::string{k_head});
    for (int i = 0; i < 8; ++i) client.send("3e8\r\n" + std::string(1000, 'x') + "\r\n");
    client.send("0\r\n\r\n");
    EXPECT_EQ(body_of(client.receive()), R"({"bytes":8000})");
    client.send(std::string{k_head} + "2001\r\n");
    EXPECT_EQ(status_of(client.receive()), 413);
    EXPECT_TRUE(client.is_closed());
}

TEST_F(ServerTest, RefusesBadChunks) {
    for (const std::string_view chunks :
         {"5\r\nhelloX\r\n0\r\n\r\n", "zz\r\n", "-1\r\n", "ffffffffffffffffff\r\n", "5 \r\nhello\r\n0\r\n\r\n", "\r\n\r\n"}) {
        auto client = connect();
        EXPECT_EQ(status_of(client.ask("POST /size HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string{chunks})) / 100,
                  4)
            << chunks;
        EXPECT_TRUE(client.is_closed()) << chunks;
    }
}

TEST_F(ServerTest, RefusesWhatIsAmbiguousAndCloses) {
    for (const std::string_view request : {
             "GET /hello HTTP/1.1\r\n\r\n",                                                                                 // no Host
             "GET /hello HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",                                                           //
             "GET /hello HTTP/1.1\r\nHost: a/b\r\n\r\n",                                                                    //
             "POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",                         //
             "POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",                         //
             "POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 4\r\n\r\nabc",                                           //
             "POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc",                                             //
             "POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\nabc",                                             //
             "POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\nabc",                           //
             "POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",          //
             "POST /size HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",          //
             "POST /size HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", //
             "POST /size HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n",                                       //
             "POST /size HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",                         //
             "POST /size HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",                               //
             "GET /hello HTTP/1.1\r\nHost: x\r\nFolded: a\r\n b\r\n\r\n",                                                   //
             "GET /hello HTTP/1.1\r\nHost : x\r\n\r\n",                                                                     //
             "GET /hello HTTP/1.1\r\nHost: x\r\nBad header: x\r\n\r\n",                                                     //
             "GET /hello HTTP/2.0\r\nHost: x\r\n\r\n",                                                                      //
             "GET  /hello HTTP/1.1\r\nHost: x\r\n\r\n",                                                                     //
             "GET hello HTTP/1.1\r\nHost: x\r\n\r\n",                                                                       //
             "GET /hel\xc3\xa9o HTTP/1.1\r\nHost: x\r\n\r\n",                                                               //
             "GET /hello#x HTTP/1.1\r\nHost: x\r\n\r\n",                                                                    //
             "\x16\x03\x01\x02garbage\r\n\r\n", // TLS on the plain port
         }) {
        auto client = connect();
        const auto answer = client.ask(request);
        EXPECT_EQ(status_of(answer), 400) << request;
        EXPECT_EQ(header_of(answer, "Connection"), "close") << request;
        EXPECT_TRUE(client.is_closed()) << request;
    }
    auto client = connect();
    using std::string_literals::operator""s;
    EXPECT_EQ(status_of(client.ask("GET /hello HTTP/1.1\r\nHost: x\r\nNul: a\0b\r\n\r\n"s)), 400);
    auto healthy = connect();
    EXPECT_EQ(status_of(healthy.ask(get("/hello"))), 200);
}

TEST_F(ServerTest, LimitsHeads) {
    auto client = connect();
    EXPECT_EQ(status_of(client.ask(get("/hello", "Filler: " + std::string(15'000, 'x') + "\r\n"))), 200);
    const auto answer = client.ask("GET /hello HTTP/1.1\r\nHost: x\r\nFiller: " + std::string(100'000, 'x') + "\r\n\r\n");
    EXPECT_EQ(status_of(answer), 431);
    EXPECT_TRUE(client.is_closed());
}

TEST_F(ServerTest, LimitsBodiesBeforeReadingThem) {
    auto client = connect();
    EXPECT_EQ(status_of(client.ask("POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n")), 413);
    EXPECT_TRUE(client.is_closed());
    auto again = connect(); // a small one is read over, the connection stays
    EXPECT_EQ(status_of(again.ask(post("/size", std::string(9000, 'x')))), 413);
    EXPECT_EQ(status_of(again.ask(get("/hello"))), 200);
    EXPECT_EQ(status_of(again.ask(post("/nothing", "abc"))), 404);
    EXPECT_EQ(status_of(again.ask(get("/hello"))), 200);
}

TEST_F(ServerTest, ExpectContinue) {
    auto client = connect();
    constexpr std::string_view k_expect = "Expect: 100-continue\r\n\r\n";
    const auto interim = client.ask("POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n" + std::string{k_expect});
    EXPECT_TRUE(interim.starts_with("HTTP/1.1 100 Continue\r\n\r\n"));
    EXPECT_EQ(body_of(client.ask("abc")), R"({"bytes":3})");
    EXPECT_EQ(status_of(client.ask("POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n" + std::string{k_expect})), 413);
    EXPECT_TRUE(client.is_closed());
    auto odd = connect();
    EXPECT_EQ(status_of(odd.ask("POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: magic\r\n\r\n")), 417);
}

TEST_F(ServerTest, SlowSendersAreCutOff) {
    auto slow_head = connect();
    slow_head.send("GET /hello HTTP/1.1\r\nHo");
    const auto started = std::chrono::steady_clock::now();
    EXPECT_EQ(status_of(slow_head.receive()), 408);
    EXPECT_LT(std::chrono::steady_clock::now() - started, 1500ms);
    EXPECT_TRUE(slow_head.is_closed());

    auto dripping = connect(); // a byte now and then doesn't start the time anew
    dripping.send("GET /hello HTTP/1.1\r\nX: ");
    int sent = 0;
    for (; dripping.socket().available() == 0 && sent < 200; ++sent) {
        std::this_thread::sleep_for(10ms);
        dripping.send("x");
    }
    EXPECT_LT(sent, 150);
    EXPECT_EQ(status_of(dripping.receive()), 408);

    auto slow_body = connect();
    slow_body.send("POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
    EXPECT_EQ(status_of(slow_body.receive()), 408);
    EXPECT_TRUE(slow_body.is_closed());
}

TEST_F(ServerTest, IdleConnectionsEnd) {
    auto client = connect();
    EXPECT_EQ(status_of(client.ask(get("/hello"))), 200);
    EXPECT_TRUE(client.is_closed());
}

TEST_F(ServerTest, ClientsThatTakeNothingAreCutOff) {
    auto client = connect();
    client.send(get("/huge"));
    wait_until([&] { return server_->connections() == 1; });
    wait_until([&] { return server_->connections() == 0; });
}

TEST_F(ServerTest, StreamsInChunks) {
    auto client = connect();
    const auto answer = client.ask(get("/stream"));
    EXPECT_EQ(body_of(answer), "5\r\nline\n\r\n5\r\nline\n\r\n5\r\nline\n\r\n0\r\n\r\n");
    EXPECT_EQ(header_of(answer, "Content-Disposition"), "attachment; filename=\"data.csv\"; filename*=UTF-8''data.csv");
    EXPECT_EQ(status_of(client.ask(get("/hello"))), 200);
    auto old = connect();
    const auto plain = old.ask("GET /stream HTTP/1.0\r\n\r\n");
    std::string rest = body_of(plain);
    for (auto more = old.receive(); !more.empty(); more = old.receive()) rest += more;
    EXPECT_EQ(rest, "line\nline\nline\n");
}

TEST_F(ServerTest, StreamsEndWithTheirClients) {
    {
        auto client = connect();
        client.send(get("/endless"));
        std::array<char, 100'000> piece;
        asio::read(client.socket(), asio::buffer(piece));
        EXPECT_EQ(sources_, 1);
    }
    wait_until([&] { return sources_ == 0; });
}

TEST_F(ServerTest, OldClients) {
    auto client = connect();
    const auto answer = client.ask("GET /hello HTTP/1.0\r\n\r\n");
    EXPECT_EQ(status_of(answer), 200);
    EXPECT_TRUE(client.is_closed());
    auto keeping = connect();
    EXPECT_EQ(header_of(keeping.ask("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), "Connection"), "keep-alive");
    EXPECT_EQ(status_of(keeping.ask("GET http://other/hello?x=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")), 200);
    EXPECT_TRUE(keeping.is_closed());
}

TEST_F(ServerTest, TheLastAnswerSurvivesWhatFollowsTheRequest) {
    auto client = connect();
    client.send(get("/big", "Connection: close\r\n") + std::string(200'000, 'x'));
    EXPECT_EQ(body_of(client.receive()).size(), 5018U);
}

TEST_F(ServerTest, TurnsAwayTooManyConnections) {
    auto few = options();
    few.limits.connections = 2;
    metrics::Registry registry;
    Server server{few, routes_, {}, clock_, registry};
    server.start({&context_});
    {
        Client first{server.bound_port()};
        Client second{server.bound_port()};
        EXPECT_EQ(status_of(first.ask(get("/hello"))), 200);
        EXPECT_EQ(status_of(second.ask(get("/hello"))), 200);
        Client third{server.bound_port()};
        EXPECT_TRUE(third.is_closed());
        EXPECT_EQ(status_of(first.ask(get("/hello"))), 200);
    }
    asio::co_spawn(context_, server.shutdown(), asio::use_future).get();
}

TEST_F(ServerTest, ShutdownFinishesWhatRuns) {
    auto idle = connect();
    EXPECT_EQ(status_of(idle.ask(get("/hello"))), 200);
    auto busy = connect();
    busy.send(get("/slow"));
    wait_until([&] { return slow_ == 1; });
    auto done = asio::co_spawn(context_, server_->shutdown(), asio::use_future);
    stopped_ = true;
    EXPECT_TRUE(idle.is_closed());
    const auto answer = busy.receive();
    EXPECT_EQ(status_of(answer), 200);
    EXPECT_EQ(header_of(answer, "Connection"), "close");
    EXPECT_TRUE(busy.is_closed());
    done.get();
    EXPECT_EQ(server_->connections(), 0U);
    EXPECT_THROW(connect(), std::exception);
}

TEST_F(ServerTest, ASecondServerOnThePortIsRefused) {
    auto taken = options();
    taken.port = server_->bound_port();
    metrics::Registry registry;
    Server second{taken, routes_, {}, clock_, registry};
    EXPECT_THROW(second.start({&context_}), std::system_error);
}

} // namespace
} // namespace focus::http
