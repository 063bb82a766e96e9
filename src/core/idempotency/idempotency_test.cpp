#include "core/idempotency/idempotency.hpp"

#include "core/base/error.hpp"
#include "core/db/query.hpp"
#include "support/cpp/database.hpp"

#include <gtest/gtest.h>

namespace focus::idempotency {
namespace {

constexpr db::Statement k_make_table{"test.make", "CREATE TABLE effects (id INTEGER)"};
constexpr db::Statement k_effect{"test.effect", "INSERT INTO effects (id) VALUES (1)"};
constexpr auto k_count = db::select<int>("test.count", "SELECT COUNT(*) FROM effects");

using Found = http::IdempotencyStore::Found;

struct Answer {
    int number = 0;
};

class IdempotencyTest : public db::testing::DatabaseTest {
  protected:
    void SetUp() override {
        DatabaseTest::SetUp();
        clock_.freeze(1'000'000'000'000);
        store_ = std::make_unique<Store>(database(), clock_, std::string(32, 'k'));
        run([&]() -> db::Task<void> { co_await database().execute(k_make_table); });
    }
    void TearDown() override {
        store_.reset();
        DatabaseTest::TearDown();
    }
    Found find(std::string key = "key", std::string hash = "hash", std::int64_t user = 7, std::string route = "POST /a") {
        return run([&]() -> db::Task<Found> { co_return co_await store_->find({user, route, key, hash}); });
    }
    Origin origin_of(const Found& found) {
        Origin origin;
        origin.request_key = std::get<http::IdempotencyStore::Fresh>(found).key;
        return origin;
    }
    void effect(const Origin& origin, int number, bool fail = false) {
        run([&]() -> db::Task<void> {
            co_await database().transaction([&](db::Transaction& tx) -> db::Task<void> {
                co_await tx.execute(k_effect);
                keep(tx, origin, Answer{number}, clock_.now_ms());
                if (fail) throw not_found();
            });
        });
    }
    int effects() {
        return run([&]() -> db::Task<int> { co_return co_await database().get(k_count.one()); });
    }

    Clock clock_;
    std::unique_ptr<Store> store_;
};
FOCUS_TEST_ON_EACH_DATABASE(IdempotencyTest);

TEST_P(IdempotencyTest, TheAnswerComesWithTheEffect) {
    effect(origin_of(find()), 1);
    const auto again = find();
    ASSERT_TRUE(std::holds_alternative<Store::Stored>(again));
    EXPECT_EQ(std::get<Store::Stored>(again).status, 201);
    EXPECT_EQ(std::get<Store::Stored>(again).body, R"({"number":1})");
    EXPECT_TRUE(std::holds_alternative<Store::Mismatch>(find("key", "another body")));
    EXPECT_TRUE(std::holds_alternative<Store::Fresh>(find("another key")));
    EXPECT_TRUE(std::holds_alternative<Store::Fresh>(find("key", "hash", 8)));
    EXPECT_TRUE(std::holds_alternative<Store::Fresh>(find("key", "hash", 7, "POST /b")));
}

TEST_P(IdempotencyTest, KeysOfClientsWithoutAnAccountArePerNetwork) {
    const auto find_from = [&](std::string network, std::string hash = "hash") {
        return run([&]() -> db::Task<Found> { co_return co_await store_->find({0, "POST /a", "1", hash, network}); });
    };
    effect(origin_of(find_from("203.0.113.9")), 1);
    EXPECT_TRUE(std::holds_alternative<Store::Stored>(find_from("203.0.113.9")));
    EXPECT_TRUE(std::holds_alternative<Store::Mismatch>(find_from("203.0.113.9", "another body")));
    EXPECT_TRUE(std::holds_alternative<Store::Fresh>(find_from("203.0.113.10")));
}

TEST_P(IdempotencyTest, AnEffectThatFailedLeavesTheKeyFree) {
    EXPECT_THROW(effect(origin_of(find()), 1, true), Error);
    EXPECT_TRUE(std::holds_alternative<Store::Fresh>(find()));
    EXPECT_EQ(effects(), 0);
}

TEST_P(IdempotencyTest, OfTwoAtOnceOneIsUndone) {
    const auto first = find();
    const auto second = find(); // neither found an answer
    effect(origin_of(first), 1);
    EXPECT_THROW(effect(origin_of(second), 2), db::ConstraintError);
    EXPECT_EQ(effects(), 1);
    EXPECT_EQ(std::get<Store::Stored>(find()).body, R"({"number":1})");
}

TEST_P(IdempotencyTest, AfterADayTheKeyIsFreeAgain) {
    effect(origin_of(find()), 1);
    clock_.freeze(clock_.now_ms() + k_kept_ms - 1);
    EXPECT_TRUE(std::holds_alternative<Store::Stored>(find()));
    clock_.freeze(clock_.now_ms() + 1);
    const auto found = find();
    ASSERT_TRUE(std::holds_alternative<Store::Fresh>(found));
    effect(origin_of(found), 2);
    EXPECT_EQ(effects(), 2);
}

TEST_P(IdempotencyTest, WithoutAKeyNothingIsKept) {
    effect({}, 1);
    effect({}, 1);
    EXPECT_EQ(effects(), 2);
}

TEST_P(IdempotencyTest, FinishKeepsWhatTheHandlerDidNot) {
    const auto key = std::get<Store::Fresh>(find()).key;
    run([&]() -> db::Task<void> { co_await store_->finish(key, {200, "{}"}); });
    EXPECT_EQ(std::get<Store::Stored>(find()).status, 200);
    const auto kept = find("kept");
    effect(origin_of(kept), 5);
    EXPECT_TRUE(std::get<Store::Fresh>(kept).key->kept);
    run([&]() -> db::Task<void> { co_await store_->finish(origin_of(kept).request_key, {200, "{}"}); });
    EXPECT_EQ(std::get<Store::Stored>(find("kept")).body, R"({"number":5})");
}

TEST_P(IdempotencyTest, ExpiredAnswersAreDeleted) {
    for (const auto* key : {"a", "b", "c"}) effect(origin_of(find(key)), 1);
    const auto clean = [&](EpochMs now) { return run([&]() -> db::Task<std::uint64_t> { return delete_expired(database(), now); }); };
    EXPECT_EQ(clean(clock_.now_ms()), 0U);
    EXPECT_EQ(clean(clock_.now_ms() + k_kept_ms), 3U);
}

} // namespace
} // namespace focus::idempotency
