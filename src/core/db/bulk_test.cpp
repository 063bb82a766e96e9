#include "core/db/bulk.hpp"

#include "support/cpp/database.hpp"

namespace focus::db {
namespace {

constexpr Statement k_insert{"numbers.insert", "INSERT INTO numbers (value) VALUES (?)"};
constexpr Statement k_count{"numbers.count", "SELECT COUNT(*) FROM numbers"};
constexpr Statement k_delete{"numbers.delete", Sql{"DELETE FROM numbers WHERE id IN (SELECT id FROM numbers WHERE value < ? LIMIT ?)",
                                                   "DELETE FROM numbers WHERE value < ? LIMIT ?"}};

std::span<const Migration> schema(Dialect dialect) {
    static constexpr Migration sqlite[] = {{1, "numbers", "CREATE TABLE numbers (id INTEGER PRIMARY KEY, value INTEGER NOT NULL);"}};
    static constexpr Migration mysql[] = {
        {1, "numbers", "CREATE TABLE numbers (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, value BIGINT NOT NULL) ENGINE=InnoDB;"}};
    return dialect == Dialect::sqlite ? sqlite : mysql;
}

class BulkTest : public testing::DatabaseTest {
  protected:
    std::span<const Migration> migrations() override { return schema(GetParam()); }

    void insert(int count) {
        std::vector<Values> rows;
        for (int i = 0; i < count; ++i) rows.push_back(values_of(i));
        run([&]() -> Task<void> { co_await database().run(for_rows(GetParam(), k_insert, rows)); });
    }
    std::int64_t left() {
        return run([&]() -> Task<std::int64_t> { co_return (co_await database().find(k_count))->get<std::int64_t>(0); });
    }
    std::uint64_t delete_below(int value, std::function<bool()> may_go_on) {
        return run([&]() -> Task<std::uint64_t> { return delete_in_steps(database(), may_go_on, k_delete, value); });
    }
};
FOCUS_TEST_ON_EACH_DATABASE(BulkTest);

TEST_P(BulkTest, DeletesInSteps) {
    insert(1200);
    int steps = 0;
    const auto count = [&] { return ++steps > 0; };
    EXPECT_EQ(delete_below(1100, count), 1100U);
    EXPECT_EQ(steps, 2) << "the third step deletes fewer rows than it might, so it is the last one";
    EXPECT_EQ(left(), 100);
    EXPECT_EQ(delete_below(1100, nullptr), 0U);
}

TEST_P(BulkTest, StopsBetweenTwoSteps) {
    insert(600);
    EXPECT_EQ(delete_below(600, [] { return false; }), 500U);
    EXPECT_EQ(left(), 100);
}

TEST_P(BulkTest, RunsStepsUntilOneDeletesNothing) {
    std::vector<std::uint64_t> steps{0, 2, 5};
    const auto step = [&]() -> Task<std::uint64_t> {
        const auto rows = steps.back();
        steps.pop_back();
        co_return rows;
    };
    EXPECT_EQ(run([&]() -> Task<std::uint64_t> { return delete_in_steps(step); }), 7U);
    EXPECT_TRUE(steps.empty());
    steps = {0, 2, 5};
    EXPECT_EQ(run([&]() -> Task<std::uint64_t> { return delete_in_steps(step, [] { return false; }); }), 5U);
}

} // namespace
} // namespace focus::db
