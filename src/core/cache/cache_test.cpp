#include "core/cache/cache.hpp"

#include "core/redis/client.hpp"
#include "support/cpp/database.hpp"
#include "support/cpp/redis.hpp"

#include <boost/asio/this_coro.hpp>

namespace focus::cache {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using db::testing::together;

/// A cache of one instance, with its own layer in memory.
struct Instance {
    Instance(db::Database& database, const std::string& redis_url, asio::io_context& io, Options options = {})
        : bus{redis_url.empty() ? bus::make_local_bus() : bus::make_redis_bus(redis_url, io.get_executor())},
          redis{redis_url.empty()
                    ? nullptr
                    : std::make_unique<redis::Client>(redis::parse_url(redis_url), std::vector<asio::any_io_executor>{io.get_executor()})},
          cache{options, database, redis.get(), *bus, metrics} {
        bus->start();
        if (redis) redis->start();
    }
    metrics::Registry metrics;
    std::unique_ptr<bus::Bus> bus;
    std::unique_ptr<redis::Client> redis;
    Cache cache;
};

class CacheTest : public db::testing::DatabaseTest {
  protected:
    void TearDown() override {
        for (const auto& instance : instances_) {
            instance->bus->stop();
            if (instance->redis) instance->redis->stop();
        }
        io().restart();
        io().run_for(50ms);
        instances_.clear();
        DatabaseTest::TearDown();
    }
    Cache& make(const std::string& redis_url = "", Options options = {}) {
        auto& made = *instances_.emplace_back(std::make_unique<Instance>(database(), redis_url, io(), options));
        if (made.redis) wait([&] { return made.redis->is_up(); });
        return made.cache;
    }
    void wait(const std::function<bool()>& holds) {
        for (int i = 0; i < 1000 && !holds(); ++i) {
            run([]() -> db::Task<void> {
                asio::steady_timer timer{co_await asio::this_coro::executor, 5ms};
                co_await timer.async_wait(asio::use_awaitable);
            });
        }
        ASSERT_TRUE(holds());
    }
    /// A loader of what `value` is then; counts.
    Cache::Loader loader(const std::optional<std::string>& value) {
        return [this, &value]() -> Task<std::optional<std::string>> {
            ++loads_;
            asio::steady_timer timer{co_await asio::this_coro::executor, 5ms};
            const auto read = value;
            co_await timer.async_wait(asio::use_awaitable);
            co_return read;
        };
    }
    Cache::Topics topics() const { return {"topic"}; }
    std::string read(Cache& cache, const std::optional<std::string>& value, std::string key = "thing") {
        return run([&]() -> Task<std::string> {
            const auto text = co_await cache.get_or_load(key, topics(), loader(value));
            co_return text ? *text : "nothing";
        });
    }
    void change(std::string topic = "topic") {
        run([&]() -> Task<void> {
            co_await database().transaction([&](db::Transaction& tx) -> Task<void> {
                changed(tx, topic);
                co_return;
            });
        });
    }
    int loads_ = 0;
    std::vector<std::unique_ptr<Instance>> instances_;
};
FOCUS_TEST_ON_EACH_DATABASE(CacheTest);

TEST_P(CacheTest, loads_once_and_again_after_a_change) {
    auto& cache = make();
    std::optional<std::string> value = "one";
    EXPECT_EQ(read(cache, value), "one");
    EXPECT_EQ(read(cache, value), "one");
    EXPECT_EQ(loads_, 1);
    value = "two";
    change("another topic");
    EXPECT_EQ(read(cache, value), "one"); // no change of its topic was reported
    change();
    EXPECT_EQ(read(cache, value), "two");
    EXPECT_EQ(loads_, 2);
}

TEST_P(CacheTest, one_of_many_loads_and_nothing_is_remembered_too) {
    auto& cache = make();
    const std::optional<std::string> nothing;
    run([&]() -> Task<void> {
        co_await together(20, [&](int) -> Task<void> {
            const auto text = co_await cache.get_or_load("thing", topics(), loader(nothing));
            EXPECT_EQ(text, nullptr);
        });
    });
    EXPECT_EQ(loads_, 1);
    EXPECT_EQ(read(cache, nothing), "nothing");
    EXPECT_EQ(loads_, 1);
}

TEST_P(CacheTest, a_change_during_the_load_is_seen_by_who_comes_after_it) {
    auto& cache = make();
    std::optional<std::string> value = "old";
    run([&]() -> Task<void> {
        co_await together(2, [&](int i) -> Task<void> {
            if (i == 0) { // the slow reader: its value was read before the change and comes back after it
                co_await cache.get_or_load("thing", topics(), [&]() -> Task<std::optional<std::string>> {
                    const auto read = value;
                    co_await database().transaction([&](db::Transaction& tx) -> Task<void> {
                        changed(tx, "topic");
                        co_return;
                    });
                    value = "new";
                    asio::steady_timer timer{co_await asio::this_coro::executor, 30ms};
                    co_await timer.async_wait(asio::use_awaitable);
                    co_return read;
                });
            } else {
                asio::steady_timer timer{co_await asio::this_coro::executor};
                while (value != "new") {
                    timer.expires_after(1ms);
                    co_await timer.async_wait(asio::use_awaitable);
                }
                const auto text = co_await cache.get_or_load("thing", topics(), loader(value));
                EXPECT_EQ(*text, "new");
            }
        });
    });
    EXPECT_EQ(read(cache, value), "new");
    EXPECT_EQ(loads_, 1);
}

TEST_P(CacheTest, a_failed_load_fails_all_who_wait_and_leaves_nothing) {
    auto& cache = make();
    run([&]() -> Task<void> {
        co_await together(5, [&](int) -> Task<void> {
            const auto outcome =
                co_await db::testing::outcome(cache.get_or_load("thing", topics(), []() -> Task<std::optional<std::string>> {
                    asio::steady_timer timer{co_await asio::this_coro::executor, 5ms};
                    co_await timer.async_wait(asio::use_awaitable);
                    throw unavailable("on purpose");
                }));
            EXPECT_EQ(outcome, "unavailable");
        });
    });
    EXPECT_EQ(read(cache, "value"), "value");
}

TEST_P(CacheTest, answers_end_with_their_time_and_without_topics_only_then) {
    auto& cache = make("", {.ttl = 50ms});
    std::optional<std::string> value = "one";
    EXPECT_EQ(read(cache, value), "one");
    value = "two";
    wait([&, until = std::chrono::steady_clock::now() + 60ms] { return std::chrono::steady_clock::now() > until; });
    EXPECT_EQ(read(cache, value), "two");
}

TEST_P(CacheTest, disabled_it_only_loads) {
    auto& cache = make("", {.enabled = false});
    read(cache, "one");
    read(cache, "one");
    EXPECT_EQ(loads_, 2);
    EXPECT_EQ(cache.health(), "disabled");
}

TEST_P(CacheTest, instances_share_by_redis_and_none_sees_old_data) {
    const auto url = focus::testing::redis_url();
    auto& one = make(url);
    auto& two = make(url);
    run([&]() -> Task<void> { co_await one.remove_matching("*"); });
    std::optional<std::string> value = "first";
    EXPECT_EQ(read(one, value), "first");
    EXPECT_EQ(read(two, value), "first");
    EXPECT_EQ(loads_, 1);
    for (int i = 0; i < 50; ++i) {
        value = std::to_string(i);
        change();
        EXPECT_EQ(read(i % 2 == 0 ? two : one, value), *value);
        EXPECT_EQ(read(i % 2 == 0 ? one : two, value), *value);
    }
    EXPECT_EQ(loads_, 51);
}

TEST_P(CacheTest, forgets_by_pattern_on_every_instance) {
    const auto url = focus::testing::redis_url();
    auto& one = make(url);
    auto& two = make(url);
    run([&]() -> Task<void> {
        co_await one.remove_matching("*");
        const Entry entry{1, std::make_shared<const std::string>("x")};
        for (int i = 0; i < 3000; ++i) co_await one.set("user:1:" + std::to_string(i), entry);
        co_await one.set("user:12", entry);
        EXPECT_TRUE(co_await two.exists("user:1:7"));
        one.forget({"user:1:*"});
    });
    wait([&] { return !run([&] { return two.exists("user:1:7"); }) && !run([&] { return one.exists("user:1:2999"); }); });
    EXPECT_TRUE(run([&] { return two.exists("user:12"); }));
    Status status; // the link may have been given up while nothing ran its loop
    wait([&] {
        status = run([&] { return one.status(); });
        return status.status == "ok";
    });
    EXPECT_EQ(status.backend, "redis");
    EXPECT_GT(status.used_memory.value_or(0), 0);
    EXPECT_TRUE(status.version);
}

TEST_P(CacheTest, a_redis_that_is_not_there_costs_no_waiting) {
    auto& made = *instances_.emplace_back(std::make_unique<Instance>(database(), "redis://127.0.0.1:1", io()));
    EXPECT_EQ(read(made.cache, "one"), "one");
    const auto since = std::chrono::steady_clock::now();
    for (int i = 0; i < 100; ++i) EXPECT_EQ(read(made.cache, "value", "key" + std::to_string(i)), "value");
    EXPECT_LT(std::chrono::steady_clock::now() - since, 5s);
    EXPECT_EQ(made.cache.health(), "unavailable");
    EXPECT_EQ(run([&] { return made.cache.status(); }).status, "unavailable");
}

} // namespace
} // namespace focus::cache
