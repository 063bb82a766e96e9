#include "core/http/rate_limiter.hpp"

#include "core/http/routes.hpp"

#include <gtest/gtest.h>

namespace focus::http {
namespace {

using namespace std::chrono_literals;

class RateLimiterTest : public testing::Test {
  protected:
    RateDecision take(const std::string& key, Rate rate = Rate::auth) { return limiter_.take(rate, key, now_); }

    MemoryRateLimiter limiter_{RatePolicy{.auth = {4, 60}, .write = {1, 1}}, 100};
    MemoryRateLimiter::Instant now_ = std::chrono::steady_clock::now();
};

TEST_F(RateLimiterTest, LetsABurstThroughAndSaysWhatIsLeft) {
    for (const int left : {3, 2, 1, 0}) {
        const auto decision = take("a");
        EXPECT_TRUE(decision.allowed);
        EXPECT_EQ(decision.limit, 4);
        EXPECT_EQ(decision.remaining, left);
        EXPECT_EQ(decision.reset_s, (4 - left) * 15);
    }
    const auto refused = take("a");
    EXPECT_FALSE(refused.allowed);
    EXPECT_EQ(refused.remaining, 0);
    EXPECT_EQ(refused.retry_after_s, 15);
    EXPECT_EQ(refused.reset_s, 60);
}

TEST_F(RateLimiterTest, ComesBackEvenly) {
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(take("a").allowed);
    now_ += 14s;
    EXPECT_EQ(take("a").retry_after_s, 1);
    now_ += 1s;
    EXPECT_TRUE(take("a").allowed); // refusals use up nothing
    EXPECT_FALSE(take("a").allowed);
    now_ += 1h;
    EXPECT_EQ(take("a").remaining, 3);
}

TEST_F(RateLimiterTest, SeveralAtOnceAreAllOrNone) {
    EXPECT_EQ(limiter_.take(Rate::auth, "a", now_, 1, 3).remaining, 1);
    const auto refused = limiter_.take(Rate::auth, "a", now_, 1, 2);
    EXPECT_FALSE(refused.allowed);
    EXPECT_EQ(refused.remaining, 1);
    EXPECT_EQ(refused.retry_after_s, 15);
    EXPECT_TRUE(limiter_.take(Rate::auth, "a", now_, 1, 1).allowed);
}

TEST_F(RateLimiterTest, KeysAndClassesAreApart) {
    for (int i = 0; i < 5; ++i) static_cast<void>(take("a"));
    EXPECT_FALSE(take("a").allowed);
    EXPECT_TRUE(take("b").allowed);
    EXPECT_TRUE(take("a", Rate::write).allowed);
    EXPECT_FALSE(take("a", Rate::write).allowed);
    EXPECT_TRUE(take("a", Rate::read).allowed);
}

TEST_F(RateLimiterTest, AnEmptyBucketIsNotForgottenBeforeItIsFull) {
    now_ += 59s; // just before the generations change
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(take("a").allowed);
    now_ += 2s;
    EXPECT_FALSE(take("a").allowed);
    for (int i = 0; i < 60; ++i) {
        now_ += 1s;
        static_cast<void>(take("b"));
    }
    EXPECT_EQ(take("a").remaining, 3);
}

TEST_F(RateLimiterTest, AFactorEnlargesTheBucket) {
    const auto one = limiter_.take(Rate::auth, "a", now_, 1);
    const auto ten = limiter_.take(Rate::auth, "b", now_, 10);
    EXPECT_EQ(ten.limit, 10 * one.limit);
    int taken = 1;
    while (taken < 1000 && limiter_.take(Rate::auth, "b", now_, 10).allowed) ++taken;
    EXPECT_EQ(taken, 10 * one.limit);
}

TEST_F(RateLimiterTest, MemoryIsBounded) {
    for (int i = 0; i < 1000; ++i) static_cast<void>(take(std::to_string(i)));
    EXPECT_LE(limiter_.size(), 200U);
    EXPECT_EQ(take("999").remaining, 2); // the latest are kept
    now_ += 2min;
    static_cast<void>(take("x"));
    now_ += 2min;
    static_cast<void>(take("y"));
    EXPECT_EQ(limiter_.size(), 2U);
}

} // namespace
} // namespace focus::http
