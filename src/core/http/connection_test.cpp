// The life cycle of connections: invalid requests, limits, streams, the end.
#include "support/cpp/http_server.hpp"
#include "support/cpp/start.hpp"

#include <boost/asio/read.hpp>
#include <gtest/gtest.h>

namespace focus::http {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using namespace testing;

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
             "GET /hello HTTP/1.1\r\nHost: x\r\nFolded:\r\n b\r\n\r\n",                                                     //
             "GET /hello HTTP/1.1\r\nHost:\r\n x\r\n\r\n",                                                                  //
             "POST /size HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n 2\r\n\r\n{}",                                           //
             "POST /size HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\r\n\tchunked\r\n\r\n0\r\n\r\n",                          //
             "GET /hello HTTP/1.1\r\n Host: x\r\nHost: x\r\n\r\n",                                                          //
             "GET /hello HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\nAuthorization: Bearer a\r\n\r\n",                //
             "GET http://x?<a> HTTP/1.1\r\nHost: x\r\n\r\n",                                                                //
             "GET http://x?a#b HTTP/1.1\r\nHost: x\r\n\r\n",                                                                //
             "GET http://user@x/hello HTTP/1.1\r\nHost: x\r\n\r\n",                                                         //
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

TEST_F(ServerTest, EmptyLinesDoNotKeepAnIdleConnection) {
    auto client = connect();
    EXPECT_EQ(status_of(client.ask("\r\n\r\n" + get("/hello"))), 200);
    client.send("\r"); // the rest of an empty line may come later
    std::this_thread::sleep_for(50ms);
    client.send("\n" + get("/hello"));
    EXPECT_EQ(status_of(client.receive()), 200);
    const auto begun = std::chrono::steady_clock::now();
    std::atomic<bool> closed = false;
    std::thread sender{[&] {
        while (!closed && std::chrono::steady_clock::now() - begun < 8s) {
            static_cast<void>(::send(client.socket().native_handle(), "\r\n", 2, MSG_NOSIGNAL));
            std::this_thread::sleep_for(200ms);
        }
    }};
    EXPECT_TRUE(client.receive().empty()); // the connection ends without an answer
    closed = true;
    sender.join();
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 6s); // idle_time is 2 s
}

TEST_F(ServerTest, BodiesThatWereNotNeededAreReadOverAndNotKept) {
    auto client = connect();
    const auto request = post("/nothing", std::string(60'000, 'x'));
    EXPECT_EQ(status_of(client.ask(request.substr(0, 10'000))), 404);
    client.send(request.substr(10'000) + get("/hello"));
    EXPECT_EQ(status_of(client.receive()), 200);
    EXPECT_EQ(status_of(client.ask(post("/nothing", std::string(60'000, 'x')) + get("/hello"))), 404);
    EXPECT_EQ(status_of(client.receive()), 200);
    EXPECT_EQ(status_of(client.ask(post("/size", "abc"))), 200);
}

TEST_F(ServerTest, AnswersOfTheDrainAreTheirConnectionsLast) {
    auto kept = connect();
    EXPECT_EQ(header_of(kept.ask(get("/hello")), "Connection"), "");
    server_->drain();
    const auto answer = kept.ask(get("/hello"));
    EXPECT_EQ(status_of(answer), 200);
    EXPECT_EQ(header_of(answer, "Connection"), "close");
    EXPECT_TRUE(kept.is_closed());
    auto fresh = connect();
    EXPECT_EQ(header_of(fresh.ask(get("/hello")), "Connection"), "close");
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
    auto again = connect(); // a small body is discarded, the connection stays open
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

    auto dripping = connect(); // single bytes do not restart the time limit
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
    for (const auto limit : {&Limits::connections, &Limits::connections_per_network}) {
        auto few = options();
        few.limits.*limit = 2;
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
        focus::testing::start(context_, server.shutdown()).get();
    }
}

TEST_F(ServerTest, ShutdownFinishesWhatRuns) {
    auto idle = connect();
    EXPECT_EQ(status_of(idle.ask(get("/hello"))), 200);
    auto busy = connect();
    busy.send(get("/slow"));
    wait_until([&] { return slow_ == 1; });
    auto done = focus::testing::start(context_, server_->shutdown());
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
