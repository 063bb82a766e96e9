#include "core/bus/bus.hpp"
#include "core/redis/link.hpp"
#include "support/cpp/database.hpp"
#include "support/cpp/redis.hpp"
#include "support/cpp/start.hpp"

#include <gtest/gtest.h>

namespace focus::bus {
namespace {

using namespace std::chrono_literals;

class RedisBusTest : public ::testing::Test {
  protected:
    void SetUp() override { url_ = focus::testing::redis_url(); }
    void TearDown() override {
        for (const auto& bus : buses_) bus->stop();
        io_.restart();
        io_.run_for(50ms);
    }
    /// A bus whose subscription is active.
    Bus& make(const std::function<void(Bus&)>& prepare) {
        auto& bus = *buses_.emplace_back(make_redis_bus(url_, io_.get_executor()));
        const auto listens = std::make_shared<bool>(false);
        bus.on_gap([listens] { *listens = true; });
        prepare(bus);
        bus.start();
        EXPECT_TRUE(run_until([&] { return *listens; }));
        return bus;
    }
    bool run_until(const std::function<bool()>& holds) { return run_until(io_, holds); }
    static bool run_until(boost::asio::io_context& io, const std::function<bool()>& holds) {
        const auto until = std::chrono::steady_clock::now() + 10s;
        io.restart();
        while (!holds() && std::chrono::steady_clock::now() < until) io.run_for(5ms);
        return holds();
    }
    std::string url_;
    boost::asio::io_context io_{1};
    std::vector<std::unique_ptr<Bus>> buses_;
};

TEST_F(RedisBusTest, reaches_every_instance_once_and_in_order) {
    static std::vector<std::string> at_one;
    static std::vector<std::string> at_two;
    at_one.clear();
    at_two.clear();
    auto& one = make([](Bus& bus) { bus.subscribe("topic", [](std::string_view text) { at_one.emplace_back(text); }); });
    auto& two = make([](Bus& bus) { bus.subscribe("topic", [](std::string_view text) { at_two.emplace_back(text); }); });
    std::vector<std::string> sent;
    for (int i = 0; i < 200; ++i) {
        sent.push_back("line\nnumber " + std::to_string(i));
        one.publish("topic", sent.back());
    }
    EXPECT_EQ(at_one, sent) << "one's own handlers run at once";
    one.publish("another topic", "x");
    EXPECT_TRUE(run_until([&] { return at_two.size() >= sent.size(); }));
    EXPECT_EQ(at_two, sent);
    two.publish("topic", "back");
    EXPECT_TRUE(run_until([&] { return at_one.size() > sent.size(); }));
    EXPECT_EQ(at_one.back(), "back");
    EXPECT_EQ(at_two.size(), sent.size() + 1);
}

TEST_F(RedisBusTest, listens_again_when_the_connection_ends_behind_messages) {
    static std::size_t gaps;
    static std::size_t received;
    gaps = received = 0;
    make([](Bus& bus) {
        bus.on_gap([] { ++gaps; });
        bus.subscribe("topic", [](std::string_view) { ++received; });
    });
    const auto url = redis::parse_url(url_);
    boost::asio::io_context elsewhere{1};
    const auto link = std::make_shared<redis::Link>(url, elsewhere.get_executor());
    const auto run = [&](std::vector<redis::Command> commands) {
        const auto done = std::make_shared<bool>(false);
        focus::testing::start(
            elsewhere,
            [](std::shared_ptr<redis::Link> with, std::vector<redis::Command> all, std::shared_ptr<bool> ended) -> redis::Task<void> {
                *ended = (co_await with->run(std::move(all))).has_value();
            }(link, std::move(commands), done));
        return run_until(elsewhere, [&] { return *done; });
    };
    link->start();
    ASSERT_TRUE(run_until(elsewhere, [&] { return link->is_up(); }));
    for (int round = 0; round < 20; ++round) {
        const auto before = gaps;
        // The listener reads all at once: the messages, and the end of the connection.
        ASSERT_TRUE(
            run(std::vector<redis::Command>(100, {"PUBLISH", "focus:" + std::to_string(url.database) + ":bus", "somebody\ntopic\n"})));
        ASSERT_TRUE(run({{"CLIENT", "KILL", "TYPE", "pubsub"}}));
        ASSERT_TRUE(run_until([&] { return gaps > before; })) << "round " << round;
    }
    EXPECT_GT(received, 0U);
    link->stop();
    elsewhere.restart();
    elsewhere.run_for(50ms);
}

TEST_F(RedisBusTest, may_end_before_its_link_does) {
    const auto calls = std::make_shared<int>(0);
    make([calls](Bus& bus) { bus.subscribe("topic", [calls](std::string_view) { ++*calls; }); });
    auto& other = make([](Bus&) {});
    buses_.erase(buses_.begin());
    other.publish("topic", "for nobody");
    io_.restart();
    io_.run_for(200ms); // the link ends, and before that it may have had the message
    EXPECT_EQ(*calls, 0);
}

TEST_F(RedisBusTest, without_redis_it_is_the_local_bus) {
    const auto bus = make_redis_bus("redis://127.0.0.1:1", io_.get_executor());
    int count = 0;
    bus->subscribe("topic", [&](std::string_view) { ++count; });
    bus->start();
    io_.run_for(20ms);
    bus->publish("topic", "");
    EXPECT_EQ(count, 1);
    bus->stop();
    io_.restart();
    io_.run_for(20ms);
}

} // namespace
} // namespace focus::bus
