#include "support/cpp/http_server.hpp"

#include "core/base/asker.hpp"
#include "support/cpp/start.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>

namespace focus::http::testing {
namespace {

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

/// Counts its live objects.
struct Guard {
    std::atomic<int>* alive;
    explicit Guard(std::atomic<int>* counter) : alive{counter} { ++*alive; }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() { --*alive; }
};

} // namespace

Options ServerTest::options() {
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

void ServerTest::SetUp() {
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

void ServerTest::TearDown() {
    stop();
    thread_.join();
}

void ServerTest::stop() {
    if (std::exchange(stopped_, true)) return;
    focus::testing::start(context_, server_->shutdown()).get();
}

void ServerTest::declare() {
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
    routes_.get("/huge", open, [](Call&) -> Task<Reply<Raw>> { co_return Raw{"application/octet-stream", std::string(32 << 20, 'a')}; });
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
    routes_.post("/asker", open, [](Call&) -> Task<Reply<Item>> {
        co_return Item{static_cast<std::int64_t>(asker_of(co_await asio::this_coro::executor)), "asker"};
    });
    routes_.get("/asker/stream", open, [](Call&) -> Task<Reply<Stream>> {
        co_return Stream{"text/plain", "", [sent = false]() mutable -> Task<std::optional<std::string>> {
                             const auto asker = static_cast<std::int64_t>(asker_of(co_await asio::this_coro::executor));
                             co_return std::exchange(sent, true) ? std::nullopt : std::optional{std::to_string(asker)};
                         }};
    });
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

} // namespace focus::http::testing
