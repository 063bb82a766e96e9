#include "core/attempts/attempts.hpp"

#include "core/base/error.hpp"
#include "core/db/query.hpp"
#include "support/cpp/database.hpp"

#include <gtest/gtest.h>

namespace focus::attempts {
namespace {

constexpr Patience k_patience{.free = 3, .first_wait_ms = 1000, .longest_wait_ms = 5000, .memory_ms = k_hour_ms};
constexpr Patience k_shared{.free = 4, .first_wait_ms = 60'000, .longest_wait_ms = 60'000, .memory_ms = k_hour_ms};
constexpr auto k_keys = db::select<std::string>("test.keys", "SELECT attempt_key FROM attempts");

TEST(Attempts, WaitsDouble) {
    for (const auto& [wrong, wait] : {std::pair{1, 0}, {2, 0}, {3, 1000}, {4, 2000}, {5, 4000}, {6, 5000}, {7, 5000}, {1'000'000, 5000}})
        EXPECT_EQ(wait_after(k_patience, wrong), wait) << wrong;
}

class AttemptsTest : public db::testing::DatabaseTest {
  protected:
    void SetUp() override {
        DatabaseTest::SetUp();
        clock_.freeze(1'000'000'000'000);
        guard_ = std::make_unique<Guard>(database(), clock_, Guard::Options{.hash_key = std::string(32, 'k')});
    }
    void advance(EpochMs by) { clock_.freeze(clock_.now_ms() + by); }

    db::Task<int> wait_of(std::string own, bool with_shared) {
        Limit limit{std::move(own), k_patience};
        std::optional<Limit> shared;
        if (with_shared) shared = Limit{"everybody", k_shared};
        try {
            last_ = co_await guard_->begin(std::move(limit), std::move(shared));
            co_return 0;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::rate_limited);
            co_return error.retry_after_s().value_or(-1);
        }
    }
    /// Seconds to wait; 0: the try was counted.
    int try_it(std::string own = "me", bool with_shared = false) {
        return run([&]() { return wait_of(own, with_shared); });
    }
    void succeed(EpochMs trusted_until = 0) {
        run([&]() -> db::Task<void> {
            co_await database().transaction([&](db::Transaction& tx) -> db::Task<void> {
                guard_->succeed(tx, last_, trusted_until);
                co_return;
            });
        });
    }

    Clock clock_;
    std::unique_ptr<Guard> guard_;
    Try last_;
};
FOCUS_TEST_ON_EACH_DATABASE(AttemptsTest);

TEST_P(AttemptsTest, SomeAreFreeThenEachWaitsLonger) {
    for (int i = 0; i < 3; ++i) EXPECT_EQ(try_it(), 0);
    EXPECT_EQ(try_it(), 1);
    advance(999);
    EXPECT_EQ(try_it(), 1); // a refusal counts nothing
    advance(1);
    EXPECT_EQ(try_it(), 0);
    EXPECT_EQ(try_it(), 2);
    EXPECT_EQ(try_it("somebody else"), 0);
    advance(k_hour_ms);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(try_it(), 0);
}

TEST_P(AttemptsTest, ARightOneStartsAnew) {
    for (int i = 0; i < 3; ++i) EXPECT_EQ(try_it(), 0);
    succeed();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(try_it(), 0);
    EXPECT_EQ(try_it(), 1);
}

TEST_P(AttemptsTest, ManyAtOnceGainNothing) {
    int counted = 0;
    run([&]() -> db::Task<void> {
        co_await db::testing::together(20, [&](int) -> db::Task<void> {
            if (co_await wait_of("me", true) == 0) ++counted;
        });
    });
    EXPECT_EQ(counted, 3);
}

TEST_P(AttemptsTest, StrangersUseUpWhatTheyShareOnly) {
    EXPECT_EQ(try_it("owner", true), 0);
    succeed(clock_.now_ms() + k_day_ms);
    for (const auto* stranger : {"a", "b", "c", "d"}) EXPECT_EQ(try_it(stranger, true), 0) << stranger;
    EXPECT_EQ(try_it("e", true), 60);
    EXPECT_EQ(try_it("owner", true), 0);
    EXPECT_TRUE(last_.shared.empty());
    advance(k_day_ms);
    for (const auto* stranger : {"a", "b", "c", "d"}) EXPECT_EQ(try_it(stranger, true), 0) << stranger;
    EXPECT_EQ(try_it("owner", true), 60); // trust ends
}

TEST_P(AttemptsTest, WhatWasNeverJudgedDoesNotCount) {
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(try_it("me", true), 0);
        run([&]() { return guard_->take_back(last_); });
    }
}

TEST_P(AttemptsTest, WhoIsNotAdmittedLeavesNothingBehind) {
    const auto refused = [&](std::optional<bool>& was_trusted) {
        return run([&]() -> db::Task<bool> {
            std::function<void(bool)> admit = [&](bool is_trusted) {
                was_trusted = is_trusted;
                throw unavailable("full");
            };
            Limit own{"me", k_patience};
            try {
                co_await guard_->begin(std::move(own), std::nullopt, std::move(admit));
            } catch (const Error& error) {
                co_return error.kind() == ErrorKind::unavailable;
            }
            co_return false;
        });
    };
    std::optional<bool> was_trusted;
    EXPECT_TRUE(refused(was_trusted));
    EXPECT_EQ(was_trusted, false);
    run([&]() -> db::Task<void> { EXPECT_TRUE((co_await database().get(k_keys.all())).empty()); });
    EXPECT_EQ(try_it(), 0);
    succeed(clock_.now_ms() + k_day_ms);
    EXPECT_TRUE(refused(was_trusted));
    EXPECT_EQ(was_trusted, true);
}

TEST_P(AttemptsTest, TrustWithoutATry) {
    for (const auto* stranger : {"a", "b", "c", "d"}) EXPECT_EQ(try_it(stranger, true), 0);
    run([&]() -> db::Task<void> {
        co_await database().transaction([&](db::Transaction& tx) -> db::Task<void> {
            guard_->trust(tx, "owner", clock_.now_ms() + k_day_ms);
            co_return;
        });
    });
    EXPECT_EQ(try_it("owner", true), 0);
    EXPECT_EQ(try_it("e", true), 60);
}

TEST_P(AttemptsTest, TakesQuietly) {
    const auto take = [&] {
        return run([&]() -> db::Task<bool> {
            co_return co_await database().transaction([&](db::Transaction& tx) -> db::Task<bool> {
                Limit limit{"mail", k_patience};
                co_return co_await guard_->take(tx, std::move(limit));
            });
        });
    };
    EXPECT_TRUE(take() && take() && take());
    EXPECT_FALSE(take());
}

TEST_P(AttemptsTest, TheTableNamesNobodyAndForgets) {
    EXPECT_EQ(try_it("ada@example.org"), 0);
    run([&]() -> db::Task<void> {
        const auto keys = co_await database().get(k_keys.all());
        EXPECT_EQ(keys.size(), 1U);
        EXPECT_EQ(keys.at(0).size(), 43U);
        EXPECT_FALSE(keys.at(0).contains("ada"));
        EXPECT_EQ(co_await Guard::delete_expired(database(), clock_.now_ms()), 0U);
        EXPECT_EQ(co_await Guard::delete_expired(database(), clock_.now_ms() + k_hour_ms + 1), 1U);
    });
}

TEST_P(AttemptsTest, CanBeTurnedOff) {
    guard_ = std::make_unique<Guard>(database(), clock_, Guard::Options{.hash_key = std::string(32, 'k'), .enabled = false});
    for (int i = 0; i < 10; ++i) EXPECT_EQ(try_it("me", true), 0);
    succeed();
}

} // namespace
} // namespace focus::attempts
