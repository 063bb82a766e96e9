// Requests and their answers as a client sees them.
#include "core/http/gzip.hpp"
#include "support/cpp/http_server.hpp"

#include <gtest/gtest.h>
#include <regex>

namespace focus::http {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using namespace testing;

TEST_F(ServerTest, AnswersJsonWithTheHeadersOfEveryAnswer) {
    auto client = connect();
    const auto answer = client.ask(get("/hello", "X-Request-Id: abc.1-2_3\r\n"));
    EXPECT_EQ(status_of(answer), 200);
    EXPECT_EQ(body_of(answer), R"({"id":1,"name":"hello"})");
    EXPECT_EQ(header_of(answer, "Content-Type"), "application/json");
    EXPECT_EQ(header_of(answer, "X-Request-Id"), "abc.1-2_3");
    EXPECT_TRUE(std::regex_match(header_of(answer, "X-Process-Time"), std::regex{R"(0\.\d{3})"})); // milliseconds only
    EXPECT_TRUE(std::regex_match(header_of(answer, "Server-Timing"), std::regex{R"(total;dur=\d+)"}));
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

TEST_F(ServerTest, HandlersWorkForTheCaller) {
    auto client = connect();
    EXPECT_TRUE(client.ask(post("/asker", "", "Authorization: Bearer admin\r\n")).contains(R"("id":1,)"));
    EXPECT_TRUE(client.ask(post("/asker", "", "Authorization: Bearer user\r\n")).contains(R"("id":2,)"));
    EXPECT_TRUE(client.ask(post("/asker", "")).contains(R"("id":-)")) << "a stranger's network";
    EXPECT_TRUE(client.ask(get("/asker/stream", "Authorization: Bearer user\r\n")).contains("\r\n2\r\n"));
}

TEST_F(ServerTest, PathsAreDecodedOnceAndStrictly) {
    auto client = connect();
    EXPECT_EQ(status_of(client.ask(get("/h%65llo"))), 200);
    EXPECT_EQ(status_of(client.ask(get("/h%2565llo"))), 404);
    EXPECT_EQ(status_of(client.ask(get("/hello%"))), 400);
    EXPECT_EQ(status_of(client.ask(get("/hello%zz"))), 400);
    EXPECT_EQ(status_of(client.ask(get("/hello%00"))), 400);
    EXPECT_EQ(status_of(client.ask(get("/items%2f1"))), 404);
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

} // namespace
} // namespace focus::http
