#include "core/cache/memory.hpp"

#include <gtest/gtest.h>

namespace focus::cache {
namespace {

using namespace std::chrono_literals;

const Memory::Instant k_now{};

Entry entry(std::int64_t version, std::string text) { return {version, std::make_shared<const std::string>(std::move(text))}; }

TEST(CacheMemory, gives_back_what_was_set_until_its_time_is_over) {
    Memory memory{1 << 20};
    memory.set("a", entry(1, "text"), k_now + 1s);
    ASSERT_TRUE(memory.get("a", k_now));
    EXPECT_EQ(*memory.get("a", k_now)->text, "text");
    EXPECT_FALSE(memory.get("b", k_now));
    EXPECT_FALSE(memory.get("a", k_now + 1s));
    EXPECT_EQ(memory.size(), 0U);
    EXPECT_EQ(memory.bytes(), 0U);
}

TEST(CacheMemory, a_slow_reader_cannot_put_old_data_back) {
    Memory memory{1 << 20};
    memory.set("a", entry(2, "new"), k_now + 1s);
    memory.set("a", entry(1, "old"), k_now + 1s);
    EXPECT_EQ(*memory.get("a", k_now)->text, "new");
    memory.set("a", entry(3, "newer"), k_now + 1s);
    EXPECT_EQ(*memory.get("a", k_now)->text, "newer");
}

TEST(CacheMemory, stays_within_its_bounds_and_keeps_what_is_used) {
    constexpr std::size_t k_bound = 16 * 8 * 1024;
    Memory memory{k_bound};
    memory.set("hot", entry(1, "x"), k_now + 1h);
    for (int i = 0; i < 5000; ++i) {
        memory.set("cold" + std::to_string(i), entry(1, std::string(100, 'y')), k_now + 1h);
        ASSERT_TRUE(memory.get("hot", k_now)) << i;
        ASSERT_LE(memory.bytes(), k_bound);
    }
    EXPECT_FALSE(memory.get("cold0", k_now));
    EXPECT_TRUE(memory.get("cold4999", k_now));
    memory.set("huge", entry(1, std::string(k_bound, 'z')), k_now + 1h);
    EXPECT_FALSE(memory.get("huge", k_now));
}

TEST(CacheMemory, removes_by_key_and_by_pattern) {
    Memory memory{1 << 20};
    for (const auto* key : {"user:4", "user:42", "user:4:public", "activity:4:day:1"}) memory.set(key, entry(1, "x"), k_now + 1h);
    EXPECT_EQ(memory.remove_matching("user:4:*"), 1U);
    EXPECT_TRUE(memory.remove("user:4"));
    EXPECT_FALSE(memory.remove("user:4"));
    EXPECT_TRUE(memory.get("user:42", k_now));
    EXPECT_EQ(memory.remove_matching("*"), 2U);
    EXPECT_EQ(memory.bytes(), 0U);
}

TEST(CacheMemory, patterns) {
    EXPECT_TRUE(matches("*", ""));
    EXPECT_TRUE(matches("a*c", "abbc"));
    EXPECT_TRUE(matches("a*b*c", "aXbYbZc"));
    EXPECT_TRUE(matches("a?c", "abc"));
    EXPECT_FALSE(matches("a?c", "ac"));
    EXPECT_FALSE(matches("a*c", "abcd"));
    EXPECT_FALSE(matches("", "a"));
    EXPECT_TRUE(matches("user:*", "user:1:2"));
    EXPECT_FALSE(matches("User:*", "user:1"));
}

} // namespace
} // namespace focus::cache
