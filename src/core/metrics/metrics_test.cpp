#include "core/metrics/metrics.hpp"

#include <chrono>
#include <cstdlib>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace focus::metrics {
namespace {

double value_of(const std::string& text, const std::string& series) {
    const auto at = text.find("\n" + series + " ");
    EXPECT_NE(at, std::string::npos) << series << " in\n" << text;
    return at == std::string::npos ? -1 : std::strtod(text.c_str() + at + series.size() + 2, nullptr);
}

TEST(Metrics, the_same_name_and_labels_are_one_series) {
    Registry registry;
    registry.counter("focus_requests_total", "Requests", {{"route", "/a"}, {"status", "200"}}).add();
    registry.counter("focus_requests_total", "Requests", {{"status", "200"}, {"route", "/a"}}).add(2);
    registry.counter("focus_requests_total", "Requests", {{"route", "/b"}, {"status", "200"}}).add();
    const auto text = registry.render();
    EXPECT_EQ(value_of(text, R"(focus_requests_total{route="/a",status="200"})"), 3);
    EXPECT_EQ(value_of(text, R"(focus_requests_total{route="/b",status="200"})"), 1);
    EXPECT_TRUE(text.contains("# TYPE focus_requests_total counter\n"));
}

TEST(Metrics, gauges_and_histograms) {
    Registry registry;
    const auto gauge = registry.gauge("focus_connections", "Connections");
    gauge.set(5);
    gauge.add(-2);
    const auto histogram = registry.histogram("focus_seconds", "Seconds", {}, {0.1, 1});
    histogram.observe(0.05);
    histogram.observe(0.5);
    histogram.observe(7);
    registry.histogram("focus_other_seconds", "With the usual buckets").observe(0.002);
    const auto text = registry.render();
    EXPECT_EQ(value_of(text, "focus_connections"), 3);
    EXPECT_EQ(value_of(text, R"(focus_seconds_bucket{le="0.1"})"), 1);
    EXPECT_EQ(value_of(text, R"(focus_seconds_bucket{le="1"})"), 2);
    EXPECT_EQ(value_of(text, R"(focus_seconds_bucket{le="+Inf"})"), 3);
    EXPECT_EQ(value_of(text, "focus_seconds_sum"), 7.55);
    EXPECT_EQ(value_of(text, R"(focus_other_seconds_bucket{le="0.0025"})"), 1);
}

TEST(Metrics, handles_count_from_many_threads) {
    Registry registry;
    const auto counter = registry.counter("focus_total", "Total");
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&] {
                for (int k = 0; k < 10'000; ++k) counter.add();
            });
        EXPECT_FALSE(registry.render().empty());
    }
    EXPECT_EQ(value_of(registry.render(), "focus_total"), 40'000);
}

TEST(Metrics, a_level_has_no_type) {
    Registry registry;
    registry.level("focus_users_total", "Users", {{"status", "active"}}).set(7);
    const auto text = registry.render();
    EXPECT_EQ(value_of(text, R"(focus_users_total{status="active"})"), 7);
    EXPECT_TRUE(text.contains("# TYPE focus_users_total untyped\n"));
}

TEST(Metrics, a_dropped_counter_is_gone_and_starts_again_from_nothing) {
    Registry registry;
    registry.counter("focus_total", "Total", {{"a", "1"}}).add(5);
    registry.drop_counter("focus_total", "Total", {{"a", "1"}});
    EXPECT_FALSE(registry.render().contains("focus_total{"));
    registry.counter("focus_total", "Total", {{"a", "1"}}).add();
    EXPECT_EQ(value_of(registry.render(), R"(focus_total{a="1"})"), 1);
}

TEST(Metrics, looks_before_each_scrape) {
    Registry registry;
    const auto gauge = registry.gauge("focus_looks", "Looks");
    registry.on_scrape([gauge] { gauge.add(1); });
    EXPECT_EQ(value_of(registry.render(), "focus_looks"), 1);
    EXPECT_EQ(value_of(registry.render(), "focus_looks"), 2);
    registry.on_scrape({});
    EXPECT_EQ(value_of(registry.render(), "focus_looks"), 2);
}

TEST(Metrics, one_that_is_off_counts_nothing) {
    Registry registry{false};
    registry.counter("focus_total", "Total").add();
    registry.gauge("focus_gauge", "Gauge").set(1);
    registry.level("focus_level", "Level").set(1);
    registry.histogram("focus_seconds", "Seconds").observe(1);
    EXPECT_FALSE(registry.render().contains("focus_"));
}

TEST(Metrics, tells_of_the_process) {
    const Registry registry;
    const auto text = registry.render();
    EXPECT_GT(value_of(text, "process_resident_memory_bytes"), 1e6);
    EXPECT_GE(value_of(text, "process_virtual_memory_bytes"), value_of(text, "process_resident_memory_bytes"));
    EXPECT_GE(value_of(text, "process_open_fds"), 3);
    EXPECT_GE(value_of(text, "process_max_fds"), value_of(text, "process_open_fds"));
    EXPECT_GE(value_of(text, "process_threads"), 1);
    EXPECT_GE(value_of(text, "process_cpu_seconds_total"), 0);
    const auto now =
        static_cast<double>(std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count());
    EXPECT_NEAR(value_of(text, "process_start_time_seconds"), now, 600);
}

} // namespace
} // namespace focus::metrics
