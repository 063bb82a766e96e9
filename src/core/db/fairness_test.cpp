// That no user waits until another one's work is done: askers are served in turn, on both engines.
#include "core/async/run.hpp"
#include "core/base/asker.hpp"
#include "core/base/error.hpp"
#include "support/cpp/database.hpp"

#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace focus::db {
namespace {

using namespace std::chrono_literals;
using testing::becomes_true;
using testing::outcome;

constexpr Statement k_insert{"test.insert", "INSERT INTO things (id) VALUES (?)"};
constexpr Statement k_count{"test.count", "SELECT COUNT(*) FROM things"};
constexpr Migration k_schema[] = {{1, "things", "CREATE TABLE things (id BIGINT NOT NULL PRIMARY KEY);"}};

constexpr Asker k_ann = asker_user(1);
constexpr Asker k_bob = asker_user(2);

class FairnessTest : public testing::DatabaseTest {
  protected:
    Options options() override {
        Options options;
        options.pool_size = 1;
        options.max_queue = 400;
        return options;
    }
    std::span<const Migration> migrations() override { return k_schema; }

    /// The task, working for `asker`.
    template <class T>
    Task<T> as(Asker asker, Task<T> task) {
        return async::run_on(on_behalf_of(asker, io().get_executor()), std::move(task));
    }
    Task<void> insert(std::string who) {
        co_await database().transaction([&](Transaction& tx) -> Task<void> {
            co_await tx.execute(k_insert, ++last_id_);
            order_.push_back(who);
        });
    }
    /// Holds the writer, or the only connection, until `enough` is true.
    Task<void> hold(std::function<bool()> enough) {
        co_await database().transaction([&](Transaction& tx) -> Task<void> {
            co_await tx.execute(k_insert, ++last_id_);
            held_ = true;
            EXPECT_TRUE(co_await becomes_true(enough));
        });
    }
    int waiting() { return database().pool_status().waiting; }

    std::vector<std::string> order_;
    std::int64_t last_id_ = 0;
    bool held_ = false;
};
FOCUS_TEST_ON_EACH_DATABASE(FairnessTest);

TEST_P(FairnessTest, WhoAsksOnceIsServedBeforeAnothersCrowd) {
    run([&]() -> Task<void> {
        co_await testing::together(52, [&](int i) -> Task<void> {
            if (i == 0) {
                co_await hold([&] { return waiting() == 51; });
                co_return;
            }
            EXPECT_TRUE(co_await becomes_true([&] { return held_ && (i < 51 || waiting() == 50); }));
            co_await as(i < 51 ? k_ann : k_bob, insert(i < 51 ? "ann" : "bob"));
        });
    });
    EXPECT_EQ(order_.size(), 51U);
    EXPECT_LE(std::ranges::find(order_, "bob") - order_.begin(), 1);
}

TEST_P(FairnessTest, TheServiceHasTurnsLikeUsers) {
    run([&]() -> Task<void> {
        co_await testing::together(22, [&](int i) -> Task<void> {
            if (i == 0) {
                co_await hold([&] { return waiting() == 21; });
                co_return;
            }
            EXPECT_TRUE(co_await becomes_true([&] { return held_ && (i < 21 || waiting() == 20); }));
            co_await as(i < 21 ? k_ann : k_service, insert(i < 21 ? "ann" : "job"));
        });
    });
    EXPECT_LE(std::ranges::find(order_, "job") - order_.begin(), 1);
}

TEST_P(FairnessTest, OneAskersCrowdLeavesPlacesInTheQueue) {
    int refused = 0;
    run([&]() -> Task<void> {
        co_await testing::together(152, [&](int i) -> Task<void> {
            if (i == 0) {
                co_await hold([&] { return refused == 50 && waiting() == 101; });
                co_return;
            }
            EXPECT_TRUE(co_await becomes_true([&] { return held_ && (i < 151 || refused == 50); }));
            const auto result = co_await outcome(as(i < 151 ? k_ann : k_bob, insert(i < 151 ? "ann" : "bob")));
            if (result == "unavailable") ++refused;
        });
    });
    EXPECT_EQ(refused, 50);
    EXPECT_EQ(std::ranges::count(order_, "bob"), 1);
}

TEST_P(FairnessTest, ReadsHaveTurns) {
    // Slow enough that all are queued before the last of them is served.
    const Statement slow{
        "test.slow",
        Sql{"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) SELECT MAX(i) FROM n", "SELECT SLEEP(0.02)"}};
    const auto read = [&](std::string who) -> Task<void> {
        co_await database().execute(slow);
        order_.push_back(who);
    };
    run([&]() -> Task<void> {
        co_await testing::together(61, [&](int i) -> Task<void> { co_await as(i < 60 ? k_ann : k_bob, read(i < 60 ? "ann" : "bob")); });
    });
    EXPECT_LT(std::ranges::find(order_, "bob") - order_.begin(), 20);
}

/// Shares of the connections: MySQL only.
class ShareTest : public FairnessTest {
  protected:
    Options options() override {
        Options options;
        options.pool_size = 8;
        return options;
    }
    int active() { return database().pool_status().active; }
};
INSTANTIATE_TEST_SUITE_P(On, ShareTest, ::testing::Values(Dialect::mysql), testing::dialect_name);

TEST_P(ShareTest, OneAskersTransactionsLeaveConnectionsToOthers) {
    run([&]() -> Task<void> {
        bool done = false;
        co_await testing::together(21, [&](int i) -> Task<void> {
            if (i < 20) {
                co_await as(k_ann, hold([&] { return done; }));
                co_return;
            }
            EXPECT_TRUE(co_await becomes_true([&] { return active() == 4 && waiting() == 16; }));
            for (int round = 0; round < 10; ++round) co_await as(k_bob, insert("bob"));
            EXPECT_EQ(active(), 4);
            done = true;
        });
        EXPECT_EQ((co_await database().find(k_count))->get<int>(0), 30) << "all were served in the end";
    });
    EXPECT_EQ(waiting(), 0);
}

TEST_P(ShareTest, AFullPoolHasAQuarterForEach) {
    run([&]() -> Task<void> {
        bool others_done = false;
        bool done = false;
        co_await testing::together(25, [&](int i) -> Task<void> {
            if (i < 4) { // others
                co_await as(asker_user(100 + i), hold([&] { return others_done; }));
                co_return;
            }
            EXPECT_TRUE(co_await becomes_true([&] { return active() >= 4; }));
            if (i < 24) {
                co_await as(k_ann, hold([&] { return done; }));
                co_return;
            }
            EXPECT_TRUE(co_await becomes_true([&] { return active() == 6 && waiting() == 18; }));
            others_done = true;
            EXPECT_TRUE(co_await becomes_true([&] { return active() == 4 && waiting() == 16; })) << "what became free is used";
            done = true;
        });
        EXPECT_EQ((co_await database().find(k_count))->get<int>(0), 24);
    });
}

TEST_P(ShareTest, TheServiceMayHaveAll) {
    run([&]() -> Task<void> {
        bool done = false;
        co_await testing::together(9, [&](int i) -> Task<void> {
            if (i < 8) {
                co_await hold([&] { return done; });
                co_return;
            }
            EXPECT_TRUE(co_await becomes_true([&] { return active() == 8; }));
            done = true;
        });
    });
}

} // namespace
} // namespace focus::db
