#include "core/db/migrate.hpp"

#include "support/cpp/database.hpp"

namespace focus::db {
namespace {

using testing::outcome;

constexpr Migration k_one{1, "one", "CREATE TABLE one (id BIGINT PRIMARY KEY);"};
constexpr Migration k_two{2, "two", "CREATE TABLE two (id BIGINT PRIMARY KEY);\nINSERT INTO two (id) VALUES (1);"};
constexpr Migration k_broken{3, "broken",
                             "INSERT INTO two (id) VALUES (2);\nINSERT INTO nowhere (id) VALUES (1);\nINSERT INTO two (id) VALUES (3);"};

class MigrateTest : public testing::DatabaseTest {
  protected:
    std::span<const Migration> migrations() override { return {}; }
    int apply(std::vector<Migration> list) {
        return run([&]() -> Task<int> { return migrate(database(), list); });
    }
    int number(std::string sql) {
        return run(
            [&]() -> Task<int> { co_return (co_await database().run_one(Command::composed("test", sql, {}))).rows.at(0).get<int>(0); });
    }
};
FOCUS_TEST_ON_EACH_DATABASE(MigrateTest);

TEST_P(MigrateTest, EachOnceInOrder) {
    EXPECT_EQ(apply({k_one}), 1);
    EXPECT_EQ(apply({k_one, k_two}), 1);
    EXPECT_EQ(apply({k_one, k_two}), 0);
    EXPECT_EQ(number("SELECT COUNT(*) FROM two"), 1);
    const auto states = run([&]() -> Task<std::vector<MigrationState>> {
        const std::vector<Migration> list{k_one, k_two, k_broken};
        co_return co_await migration_status(database(), list);
    });
    ASSERT_EQ(states.size(), 3U);
    EXPECT_EQ(states[1].name, "two");
    EXPECT_GT(states[1].applied_at_ms.value_or(0), 1'600'000'000'000);
    EXPECT_FALSE(states[2].applied_at_ms.has_value());
}

TEST_P(MigrateTest, StatusOfAnEmptyDatabase) {
    const testing::FreshDatabase fresh{GetParam()};
    const auto other = open({.url = fresh.url()}, {io().get_executor()}, metrics());
    const auto states = run([&]() -> Task<std::vector<MigrationState>> {
        const std::vector<Migration> list{k_one};
        co_return co_await migration_status(*other, list);
    });
    ASSERT_EQ(states.size(), 1U);
    EXPECT_FALSE(states[0].applied_at_ms.has_value());
}

TEST_P(MigrateTest, NewerSchemaIsRefused) {
    apply({k_one, k_two});
    try {
        apply({k_one});
        FAIL();
    } catch (const std::runtime_error& error) {
        EXPECT_NE(std::string_view{error.what()}.find("0002_two"), std::string_view::npos) << error.what();
    }
}

TEST_P(MigrateTest, FailureSaysWhere) {
    apply({k_one, k_two});
    try {
        apply({k_one, k_two, k_broken});
        FAIL();
    } catch (const std::runtime_error& error) {
        const std::string_view what = error.what();
        EXPECT_NE(what.find("0003_broken"), std::string_view::npos) << what;
        EXPECT_NE(what.find("statement 2"), std::string_view::npos) << what;
        EXPECT_NE(what.find("nowhere"), std::string_view::npos) << what;
    }
    EXPECT_EQ(number("SELECT COUNT(*) FROM two"), 1) << "what came before the failure is undone";
    EXPECT_EQ(apply({k_one, k_two, {3, "repaired", "INSERT INTO two (id) VALUES (2);"}}), 1) << "and it isn't noted as applied";
}

TEST_P(MigrateTest, TwoServersAtOnce) {
    std::vector<Migration> list;
    std::vector<std::string> texts;
    for (int i = 1; i <= 12; ++i)
        texts.push_back(std::format("CREATE TABLE t{} (id BIGINT PRIMARY KEY);\nINSERT INTO t{} (id) VALUES (1);", i, i));
    for (int i = 1; i <= 12; ++i) list.push_back({i, "table", texts[static_cast<std::size_t>(i - 1)]});
    std::atomic<int> applied{0};
    std::atomic<int> failed{0};
    std::vector<std::thread> servers;
    for (int server = 0; server < 4; ++server) {
        servers.emplace_back([&] {
            boost::asio::io_context own{1};
            const auto again = open({.url = url()}, {own.get_executor()}, metrics());
            try {
                applied += testing::run_sync(own, [&]() -> Task<int> { return migrate(*again, list); });
            } catch (const std::exception& error) {
                ++failed;
                ADD_FAILURE() << error.what();
            }
        });
    }
    for (auto& server : servers) server.join();
    EXPECT_EQ(applied, 12);
    EXPECT_EQ(failed, 0);
    EXPECT_EQ(number("SELECT COUNT(*) FROM schema_migrations"), 12);
    EXPECT_EQ(number("SELECT COUNT(*) FROM t12"), 1);
}

TEST_P(MigrateTest, ADatabaseOfAnEarlierVersionGoesOn) {
    run([&]() -> Task<void> { // which made its table, and no other
        for (const auto* statement : {"CREATE TABLE one (id BIGINT PRIMARY KEY)",
                                      "INSERT INTO schema_migrations (number, name, applied_at_ms) VALUES (1, 'one', 1)"})
            co_await database().run_one(Command::composed("test", statement, {}));
    });
    EXPECT_EQ(apply({k_one, k_two}), 1);
    EXPECT_EQ(number("SELECT COUNT(*) FROM two"), 1);
}

TEST_P(MigrateTest, SaysHowFarItIs) {
    apply({k_one});
    std::vector<std::pair<int, int>> told;
    run([&]() -> Task<void> {
        const std::vector<Migration> list{k_one, k_two, {3, "three", "CREATE TABLE three (id BIGINT PRIMARY KEY);"}};
        co_await migrate(database(), list, [&](MigrationProgress progress) { told.emplace_back(progress.at, progress.of); });
    });
    EXPECT_EQ(told, (std::vector<std::pair<int, int>>{{1, 2}, {2, 2}}));
}

constexpr std::string_view k_many = "CREATE TABLE a (id BIGINT PRIMARY KEY, x INT);\n"
                                    "INSERT INTO a (id, x) VALUES (1, 1);\n"
                                    "UPDATE a SET x = x + 1;\n"
                                    "ALTER TABLE a ADD COLUMN y INT, ADD COLUMN z INT;\n"
                                    "CREATE INDEX a_y ON a (y);\n"
                                    "UPDATE a SET x = x * 10;\n"
                                    "ALTER TABLE a DROP COLUMN z;\n"
                                    "ALTER TABLE a CHANGE COLUMN y w INT;\n"
                                    "CREATE TABLE b (id BIGINT PRIMARY KEY, a BIGINT);\n"
                                    "ALTER TABLE b ADD CONSTRAINT b_a FOREIGN KEY (a) REFERENCES a (id);\n"
                                    "ALTER TABLE b ADD CONSTRAINT b_positive CHECK (id > 0);\n"
                                    "INSERT INTO b (id, a) VALUES (1, 1);\n"
                                    "DROP INDEX a_y ON a;\n"
                                    "RENAME TABLE b TO c;\n"
                                    "DROP TABLE c;";

/// After each statement the process is lost, before or after it could note that the statement is done.
TEST(MysqlMigrations, AnInterruptedOneGoesOnWhereItStopped) {
    const auto statements = split_statements(k_many);
    for (std::size_t stop = 0; stop <= statements.size(); ++stop) {
        for (const bool noted : {true, false}) {
            if (!noted && (stop == 0 || statements[stop - 1].starts_with("INSERT") || statements[stop - 1].starts_with("UPDATE")))
                continue; // data is committed together with the note
            const testing::FreshDatabase fresh{Dialect::mysql};
            boost::asio::io_context io{1};
            metrics::Registry metrics;
            const auto database = open({.url = fresh.url()}, {io.get_executor()}, metrics);
            const auto sql = [&](std::string text) -> Task<Result> { return database->run_one(Command::composed("test", text, {})); };
            testing::run_sync(io, [&]() -> Task<void> {
                const std::vector<Migration> first{{1, "first", "CREATE TABLE zero (id INT PRIMARY KEY);"}};
                co_await migrate(*database, first);
                for (std::size_t i = 0; i < stop; ++i) co_await sql(statements[i]);
                co_await sql(std::format("UPDATE schema_progress SET number = 2, done = {}", noted ? stop : stop - 1));
                const std::vector<Migration> both{first.front(), {2, "many", k_many}};
                EXPECT_EQ(co_await outcome(migrate(*database, both)), "ok") << stop << noted;
                const auto row = co_await sql("SELECT id, x, w FROM a");
                EXPECT_EQ(row.rows.at(0).get<int>(1), 20) << stop << noted;
                const auto left = co_await sql("SHOW TABLES LIKE 'c'");
                EXPECT_TRUE(left.rows.empty());
                database->close();
            });
        }
    }
}

TEST(MysqlMigrations, WhoIsSilentLosesTheLockAndCannotNote) {
    const testing::FreshDatabase fresh{Dialect::mysql};
    boost::asio::io_context io{1};
    metrics::Registry metrics;
    const auto database = open({.url = fresh.url()}, {io.get_executor()}, metrics);
    const auto sql = [&](std::string text) -> Task<Result> { return database->run_one(Command::composed("test", text, {})); };
    testing::run_sync(io, [&]() -> Task<void> {
        const std::vector<Migration> first{k_one};
        co_await migrate(*database, first);
        co_await sql("UPDATE schema_lock SET holder = 'lost'");
        bool waited = false;
        const std::vector<Migration> both{k_one, k_two};
        EXPECT_EQ(co_await migrate(*database, both, [&](MigrationProgress progress) { waited = waited || progress.at == 0; }), 1);
        EXPECT_TRUE(waited);
        // Another process takes the lock while this one is working.
        const std::vector<Migration> three{k_one,
                                           k_two,
                                           {3, "three",
                                            "CREATE TABLE three (id INT PRIMARY KEY);\nUPDATE schema_progress SET holder = 'other';\n"
                                            "CREATE TABLE four (id INT PRIMARY KEY);"}};
        EXPECT_EQ(co_await outcome(migrate(*database, three)), "unavailable");
        EXPECT_EQ(co_await migrate(*database, three), 1);
        database->close();
    });
}

TEST_P(MigrateTest, EmbeddedOnesApply) {
    const auto embedded = embedded_migrations(GetParam());
    ASSERT_FALSE(embedded.empty());
    EXPECT_EQ(apply({embedded.begin(), embedded.end()}), std::ssize(embedded));
}

TEST(Migrations, BothDialectsHaveTheSame) {
    const auto sqlite = embedded_migrations(Dialect::sqlite);
    const auto mysql = embedded_migrations(Dialect::mysql);
    ASSERT_EQ(sqlite.size(), mysql.size());
    for (std::size_t i = 0; i < sqlite.size(); ++i) {
        EXPECT_EQ(sqlite[i].number, mysql[i].number);
        EXPECT_EQ(sqlite[i].name, mysql[i].name);
    }
}

TEST(Migrations, RebuildingATableOnSqliteMustKeepItsChildren) {
    const testing::FreshDatabase fresh{Dialect::sqlite};
    boost::asio::io_context io{1};
    metrics::Registry metrics;
    const auto database = open({.url = fresh.url()}, {io.get_executor()}, metrics);
    const auto apply = [&](std::vector<Migration> list) {
        return testing::run_sync(io, [&]() -> Task<std::string> { return outcome(migrate(*database, list)); });
    };
    const Migration first{1, "first",
                          "CREATE TABLE parents (id INTEGER PRIMARY KEY);\n"
                          "CREATE TABLE children (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents (id) ON DELETE CASCADE);\n"
                          "INSERT INTO parents VALUES (1);\nINSERT INTO children VALUES (1, 1);"};
    EXPECT_EQ(apply({first}), "ok");
    EXPECT_NE(apply({first, {2, "loses", "DELETE FROM parents;"}}), "ok");
    const Migration rebuild{
        2, "rebuild",
        "CREATE TABLE new_parents (id INTEGER PRIMARY KEY, name TEXT);\nINSERT INTO new_parents SELECT id, 'x' FROM parents;\n"
        "DROP TABLE parents;\nALTER TABLE new_parents RENAME TO parents;"};
    EXPECT_EQ(apply({first, rebuild}), "ok");
    const auto left = testing::run_sync(io, [&]() -> Task<int> {
        co_return (co_await database->run_one(Command::composed("test", "SELECT COUNT(*) FROM children", {}))).rows.at(0).get<int>(0);
    });
    EXPECT_EQ(left, 1);
}

TEST(SplitStatements, AtLinesThatEndInASemicolon) {
    const auto parts =
        split_statements("-- a comment; not a statement;\nCREATE TABLE a (\n  b TEXT DEFAULT ';', -- why;not\n  c TEXT\n);\r\n\n"
                         "INSERT INTO a VALUES ('x;y', 'z');  \n  -- the end;\nDELETE FROM a");
    ASSERT_EQ(parts.size(), 3U);
    EXPECT_EQ(parts[0], "CREATE TABLE a (\n  b TEXT DEFAULT ';', -- why;not\n  c TEXT\n)");
    EXPECT_EQ(parts[1], "INSERT INTO a VALUES ('x;y', 'z')");
    EXPECT_EQ(parts[2], "DELETE FROM a");
    EXPECT_TRUE(split_statements("").empty());
    EXPECT_TRUE(split_statements(";\n;\n").empty());
}

} // namespace
} // namespace focus::db
