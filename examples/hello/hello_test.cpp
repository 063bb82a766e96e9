// Runs the example as a reader of the page does: as a process of its own, with requests over HTTP.
#include "core/net/http_client.hpp"
#include "support/cpp/database.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <string>

namespace focus {
namespace {

using db::testing::TempFolder;

/// The `hello` beside this test's binary, on a free port.
class HelloTest : public ::testing::Test {
  protected:
    void SetUp() override {
        const auto program = (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "hello").string();
        const auto url = "sqlite:///" + (folder_.path() / "hello.db").string();
        std::array<int, 2> output{};
        ASSERT_EQ(pipe2(output.data(), O_CLOEXEC), 0);
        process_ = fork();
        if (process_ == 0) {
            dup2(output[1], STDOUT_FILENO);
            execl(program.c_str(), program.c_str(), url.c_str(), "0", nullptr);
            _exit(127);
        }
        close(output[1]);
        std::string line;
        for (char c = 0; read(output[0], &c, 1) == 1 && c != '\n';) line += c;
        close(output[0]);
        ASSERT_FALSE(line.empty()) << program << " did not start";
        base_ = "http://127.0.0.1:" + line;
    }
    void TearDown() override {
        if (process_ <= 0) return; // kill() would use it for a process group, or for every process
        int status = -1;
        kill(process_, SIGTERM);
        waitpid(process_, &status, 0);
        EXPECT_EQ(status, 0);
    }

    net::Response ask(const std::string& path, std::string body = {}) {
        const std::string method = body.empty() ? "GET" : "POST";
        return db::testing::run_sync(
            io_, [&] { return client_.fetch({.url = base_ + path, .method = method, .headers = {}, .body = std::move(body)}); });
    }

    TempFolder folder_;
    boost::asio::io_context io_{1};
    net::HttpClient client_{{.allow_plain_http = true}};
    pid_t process_ = -1;
    std::string base_;
};

TEST_F(HelloTest, ServesItsRoutesRunsItsJobAndDescribesItself) {
    EXPECT_EQ(ask("/guests").body, "[]");
    const auto added = ask("/guests", R"({"name":"Ada"})");
    EXPECT_EQ(added.status, 201);
    EXPECT_EQ(added.body, R"({"id":1,"name":"Ada","greeting":null})");
    EXPECT_EQ(ask("/guests", R"({"name":""})").status, 422);

    const std::string greeted = R"([{"id":1,"name":"Ada","greeting":"Hello, Ada!"}])";
    EXPECT_TRUE(db::testing::eventually([&] { return ask("/guests").body == greeted; })) << ask("/guests").body;

    const auto document = ask("/api/openapi.json");
    EXPECT_EQ(document.status, 200);
    for (const auto* part : {R"("title":"Hello")", R"("operationId":"addGuest")", R"("operationId":"listGuests")", R"("greeting")"})
        EXPECT_TRUE(document.body.contains(part)) << part;
}

} // namespace
} // namespace focus
