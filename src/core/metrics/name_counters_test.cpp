#include "core/metrics/name_counters.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace focus::metrics {
namespace {

class NameCountersTest : public testing::Test {
  protected:
    [[nodiscard]] bool shows(const std::string& name, int value) const {
        return registry_.render().contains("uses_total{app_name=\"" + name + "\"} " + std::to_string(value) + "\n");
    }
    [[nodiscard]] std::ptrdiff_t series() const {
        const auto text = registry_.render();
        std::ptrdiff_t count = 0;
        for (auto at = text.find("\nuses_total{"); at != std::string::npos; at = text.find("\nuses_total{", at + 1)) ++count;
        return count;
    }

    Registry registry_;
    NameCounters counters_{registry_, "uses_total", "Uses", "app_name", 3};
};

TEST_F(NameCountersTest, free_places_go_to_who_comes_first_and_the_rest_is_other) {
    for (const auto* name : {"A", "B", "C", "D", "E", "A"}) counters_.add(name, name);
    EXPECT_TRUE(shows("A", 2));
    EXPECT_TRUE(shows("C", 1));
    EXPECT_TRUE(shows("other", 2));
    EXPECT_EQ(series(), 4);
}

TEST_F(NameCountersTest, a_name_is_one_in_any_spelling) {
    counters_.add("chess", "Chess");
    counters_.add("chess", "CHESS");
    EXPECT_TRUE(shows("Chess", 2));
    EXPECT_EQ(series(), 2);
}

TEST_F(NameCountersTest, what_is_used_most_replaces_what_is_not) {
    for (const auto* name : {"A", "B", "C"}) counters_.add(name, name);
    counters_.prefer({{"B", "B"}, {"X", "X"}, {"Y", "Y"}, {"Z", "Z"}});
    EXPECT_TRUE(shows("B", 1)); // keeps its count
    EXPECT_TRUE(shows("X", 0));
    EXPECT_TRUE(shows("Y", 0));
    EXPECT_EQ(series(), 4);
    counters_.add("A", "A");
    counters_.add("Z", "Z");
    EXPECT_TRUE(shows("other", 2));
}

TEST_F(NameCountersTest, nothing_is_dropped_while_there_is_room) {
    counters_.add("A", "A");
    counters_.prefer({{"X", "X"}});
    EXPECT_TRUE(shows("A", 1));
    EXPECT_TRUE(shows("X", 0));
}

TEST_F(NameCountersTest, the_name_other_is_other) {
    counters_.add("other", "Other");
    counters_.prefer({{"other", "other"}});
    EXPECT_TRUE(shows("other", 1));
    EXPECT_EQ(series(), 1);
}

} // namespace
} // namespace focus::metrics
