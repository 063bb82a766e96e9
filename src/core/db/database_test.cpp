// What holds on both engines.
#include "core/db/database.hpp"

#include "core/base/error.hpp"
#include "support/cpp/database.hpp"

namespace focus::db {
namespace {

constexpr Statement k_insert{"test.insert", "INSERT INTO things (id, name) VALUES (?, ?)"};
constexpr Statement k_rename{"test.rename", "UPDATE things SET name = ? WHERE id = ?"};
constexpr Statement k_name{"test.name", "SELECT name FROM things WHERE id = ?"};
constexpr Statement k_count{"test.count", "SELECT COUNT(*) FROM things"};

class DatabaseTest : public testing::DatabaseTest {
  protected:
    std::span<const Migration> migrations() override {
        static const Migration sqlite[] = {{1, "things",
                                            "CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT UNIQUE, amount INTEGER, ratio REAL);\n"
                                            "CREATE TABLE parts (id INTEGER PRIMARY KEY, thing INTEGER NOT NULL REFERENCES things (id));"}};
        static const Migration mysql[] = {{1, "things",
                                           "CREATE TABLE things (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(200) UNIQUE, "
                                           "amount BIGINT, ratio DOUBLE, body "
                                           "LONGTEXT) ENGINE=InnoDB;\n"
                                           "CREATE TABLE parts (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, thing BIGINT NOT NULL, "
                                           "FOREIGN KEY (thing) REFERENCES things (id)) "
                                           "ENGINE=InnoDB;"}};
        return is_sqlite() ? sqlite : mysql;
    }
    Task<int> count() { co_return (co_await database().find(k_count))->get<int>(0); }
};
FOCUS_TEST_ON_EACH_DATABASE(DatabaseTest);

TEST_P(DatabaseTest, WritesAndReads) {
    run([&]() -> Task<void> {
        const auto inserted = co_await database().execute(k_insert, nullptr, "one");
        EXPECT_EQ(inserted.affected, 1U);
        EXPECT_EQ(inserted.last_insert_id, 1);
        EXPECT_EQ((co_await database().find(k_name, 1))->get<std::string>(0), "one");
        EXPECT_FALSE((co_await database().find(k_name, 2)).has_value());
        const auto same = co_await database().execute(k_rename, "one", 1);
        EXPECT_EQ(same.affected, 1U) << "a row that was matched counts, changed or not";
        const auto missed = co_await database().execute(k_rename, "two", 2);
        EXPECT_EQ(missed.affected, 0U);
    });
}

TEST_P(DatabaseTest, TransactionCommitsAndRunsEffects) {
    run([&]() -> Task<void> {
        int effects = 0;
        const int id = co_await database().transaction([&](Transaction& tx) -> Task<int> {
            co_await tx.execute(k_insert, 5, "five");
            tx.defer(k_insert, 6, "six");
            tx.after_commit([&] { ++effects; });
            EXPECT_EQ((co_await tx.find(k_name, 6))->get<std::string>(0), "six") << "deferred statements run before the next";
            tx.defer(k_insert, 7, "seven");
            EXPECT_EQ(effects, 0);
            co_return 5;
        });
        EXPECT_EQ(id, 5);
        EXPECT_EQ(effects, 1);
        EXPECT_EQ(co_await count(), 3);
    });
}

TEST_P(DatabaseTest, ExceptionRollsBack) {
    run([&]() -> Task<void> {
        int effects = 0;
        bool thrown = false;
        try {
            co_await database().transaction([&](Transaction& tx) -> Task<void> {
                tx.after_commit([&] { ++effects; });
                co_await tx.execute(k_insert, 5, "five");
                throw std::runtime_error{"no"};
            });
        } catch (const std::runtime_error& error) {
            thrown = std::string_view{error.what()} == "no";
        }
        EXPECT_TRUE(thrown);
        EXPECT_EQ(effects, 0);
        EXPECT_EQ(co_await count(), 0);
    });
}

} // namespace
} // namespace focus::db
