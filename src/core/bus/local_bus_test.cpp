#include "core/bus/bus.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <stdexcept>
#include <thread>
#include <vector>

namespace focus::bus {
namespace {

TEST(LocalBus, reaches_every_subscriber_of_the_topic_in_order) {
    const auto bus = make_local_bus();
    std::vector<std::string> seen;
    bus->subscribe("a", [&](std::string_view payload) { seen.push_back("1" + std::string{payload}); });
    bus->subscribe("a", [&](std::string_view payload) { seen.push_back("2" + std::string{payload}); });
    bus->subscribe("b", [&](std::string_view) { seen.emplace_back("b"); });
    bus->publish("a", "x");
    bus->publish("a", "y");
    bus->publish("nobody", "z");
    EXPECT_EQ(seen, (std::vector<std::string>{"1x", "2x", "1y", "2y"}));
}

TEST(LocalBus, a_throwing_handler_does_not_stop_the_others) {
    const auto bus = make_local_bus();
    bool reached = false;
    bus->subscribe("a", [](std::string_view) { throw std::runtime_error{"broken on purpose"}; });
    bus->subscribe("a", [&](std::string_view) { reached = true; });
    EXPECT_NO_THROW(bus->publish("a", ""));
    EXPECT_TRUE(reached);
}

TEST(LocalBus, a_handler_may_publish_and_subscribe) {
    const auto bus = make_local_bus();
    int inner = 0;
    bus->subscribe("outer", [&](std::string_view) {
        bus->subscribe("inner", [&](std::string_view) { ++inner; });
        bus->publish("inner", "");
    });
    bus->publish("outer", "");
    EXPECT_EQ(inner, 1);
}

TEST(LocalBus, serves_many_threads) {
    const auto bus = make_local_bus();
    std::atomic<int> count{0};
    bus->subscribe("a", [&](std::string_view) { ++count; });
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&] {
                for (int k = 0; k < 1000; ++k) bus->publish("a", "x");
            });
        bus->subscribe("late", [](std::string_view) {});
    }
    EXPECT_EQ(count, 4000);
}

} // namespace
} // namespace focus::bus
