// What only MySQL and MariaDB do: connections that are lost, servers that hang, deadlocks, sessions.
#include "core/db/database.hpp"
#include "core/db/mysql/format.hpp"
#include "support/cpp/database.hpp"
#include "support/cpp/start.hpp"

#include <boost/asio/deferred.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/mysql/character_set.hpp>
#include <boost/mysql/format_sql.hpp>

#include <format>
#include <limits>

namespace focus::db {
namespace {

using namespace std::chrono_literals;
using testing::eventually;
using testing::outcome;
using testing::run_sync;

constexpr Statement k_insert{"test.insert", "INSERT INTO things (id, body) VALUES (?, ?)"};
constexpr Statement k_touch{"test.touch", "UPDATE things SET body = CONCAT(body, ?) WHERE id = ?"};
constexpr Statement k_count{"test.count", "SELECT COUNT(*) FROM things"};
constexpr Migration k_schema[] = {
    {1, "things", "CREATE TABLE things (id BIGINT PRIMARY KEY, body TEXT) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;"}};

TEST(MysqlText, FindsPlaceholders) {
    const auto all = [](std::string_view sql) {
        std::vector<std::size_t> found;
        for (auto at = mysql::find_placeholder(sql, 0); at != std::string_view::npos; at = mysql::find_placeholder(sql, at + 1))
            found.push_back(at);
        return found;
    };
    using Places = std::vector<std::size_t>;
    EXPECT_EQ(all("a = ? AND b = ?"), (Places{4, 14}));
    EXPECT_EQ(all("'?' = ?"), (Places{6}));
    EXPECT_EQ(all("'it''s ?' , ?"), (Places{12}));
    EXPECT_EQ(all("\"?\" `?` ?"), (Places{8}));
    EXPECT_EQ(all("-- why?\n?"), (Places{8}));
    EXPECT_EQ(all("# why?\n?"), (Places{7}));
    EXPECT_EQ(all("/* ? */ ?"), (Places{8}));
    EXPECT_EQ(all("1 -? / ?"), (Places{3, 7}));
    EXPECT_EQ(all("'open ?"), (Places{}));
    EXPECT_EQ(all(""), (Places{}));
}

TEST(MysqlText, APlainTextHasNothingButPlaceholders) {
    static_assert(is_plain("SELECT a - b / c FROM t WHERE a = ? AND b IN (?, ?)"));
    for (const std::string_view sql : {"'?' = ?", "\"?\" = ?", "`?` = ?", "# ?", "a -- ?\n = ?", "/* ? */ ?"})
        EXPECT_FALSE(is_plain(sql)) << sql;
}

TEST(MysqlText, FillsInParameters) {
    static constexpr Statement k_plain{"test.plain", "(?, ?, ?, ?, ?)"};
    static constexpr Statement k_quoted{"test.quoted", "'?' ? /* ? */ \"?\" ?"};
    static_assert(k_plain.mysql_is_plain && !k_quoted.mysql_is_plain);
    mysql::QueryText text{{.charset = boost::mysql::utf8mb4_charset, .backslash_escapes = true}};
    text.add("START");
    text.add(Command::of(k_plain, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(), nullptr, 0.5,
                         std::string_view{"it's ? \\ -- é"}));
    text.add(Command::of(k_quoted, -1, 0));
    EXPECT_EQ(text.take(), "START;\n(-9223372036854775808, 9223372036854775807, NULL, 5e-01, 'it\\'s ? \\\\ -- é');\n"
                           "'?' -1 /* ? */ \"?\" 0");
}

TEST(MysqlText, EscapesAsTheLibraryDoes) {
    static constexpr Statement k_one{"test.one", "?"};
    for (const bool backslash_escapes : {true, false}) {
        const boost::mysql::format_options options{.charset = boost::mysql::utf8mb4_charset, .backslash_escapes = backslash_escapes};
        for (int c = 0; c < 128; ++c) {
            const auto value = std::string{"a"} + static_cast<char>(c) + "é";
            for (const auto& one : {value, value.substr(0, 2)}) {
                mysql::QueryText text{options};
                text.add(Command::of(k_one, one));
                EXPECT_EQ(text.take(), boost::mysql::format_sql(options, "{}", one));
            }
        }
    }
}

TEST(MysqlText, RefusesParametersThatDontFit) {
    static constexpr Statement k_one{"test.one", "(?)"};
    static constexpr Statement k_one_quoted{"test.one_quoted", "('?', ?)"};
    for (const auto& statement : {k_one, k_one_quoted}) {
        mysql::QueryText text{{.charset = boost::mysql::utf8mb4_charset, .backslash_escapes = true}};
        EXPECT_THROW(text.add(Command::of(statement)), std::logic_error);
        EXPECT_THROW(text.add(Command::of(statement, 1, 2)), std::logic_error);
    }
}

class MysqlTest : public ::testing::Test {
  protected:
    template <class F>
    auto run(F body) {
        return run_sync(io_, std::move(body));
    }

    ~MysqlTest() override {
        if (!database_) return;
        database_->close();
        io_.restart();
        io_.run_for(2s);
    }

    void start(const std::string& url, Options options = {}) {
        options.url = url;
        database_ = open(options, {io_.get_executor()}, metrics_);
        run([&]() -> Task<void> { co_await migrate(*database_, k_schema); });
    }
    void start_on_shared() {
        fresh_ = std::make_unique<testing::FreshDatabase>(Dialect::mysql);
        start(fresh_->url());
    }
    Database& database() { return *database_; }
    Task<int> count() { co_return (co_await database().find(k_count))->get<int>(0); }
    Task<Result> sql(std::string text) { co_return co_await database().run_one(Command::composed("test.sql", std::move(text), {})); }
    Task<std::string> ask(std::string text) { co_return (co_await sql(std::move(text))).rows.at(0).get<std::string>(0); }

    std::unique_ptr<testing::FreshDatabase> fresh_;
    metrics::Registry metrics_;
    boost::asio::io_context io_{1};
    std::unique_ptr<Database> database_;
};

/// The current position on the stack.
[[gnu::noinline]] std::uintptr_t stack_place() { return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)); }

TEST_F(MysqlTest, AnswersThatComeAtOnceDoNotDeepenTheStack) {
    start_on_shared();
    const auto places = run([&]() -> Task<std::pair<std::uintptr_t, std::uintptr_t>> {
        auto lowest = stack_place();
        auto highest = lowest;
        for (int i = 0; i < 3000; ++i) {
            co_await database().find(k_count);
            lowest = std::min(lowest, stack_place());
            highest = std::max(highest, stack_place());
        }
        co_return std::pair{lowest, highest};
    });
    EXPECT_LT(places.second - places.first, std::size_t{64} << 10);
}

TEST_F(MysqlTest, AFailureIsThatOfItsStatement) {
    start_on_shared();
    static constexpr Statement k_rows{"test.rows", "SELECT id FROM things ORDER BY id"};
    // Its answer has begun, with a row, when it fails: for the first one only does the inner one give a single row.
    static constexpr Statement k_fails_late{"test.fails_late",
                                            "SELECT (SELECT b.id FROM things b WHERE b.id <= a.id) FROM things a ORDER BY a.id"};
    const auto counted = [&](std::string_view what, std::string_view operation) {
        const auto text = metrics_.render();
        const auto line = std::format("focus_api_db_{}_total{{operation=\"{}\"}} ", what, operation);
        const auto at = text.find(line);
        return at == std::string::npos ? "0" : text.substr(at + line.size(), text.find('\n', at) - at - line.size());
    };
    const auto together = [&](const Statement& failing, auto... params) -> Task<std::string> {
        std::vector<Command> commands{Command::of(k_rows), Command::of(failing, params...), Command::of(k_count)};
        co_return co_await outcome(database().transaction([&](Transaction& tx) -> Task<void> {
            tx.defer(k_touch, "x", 1);
            co_await tx.run(commands);
        }));
    };
    run([&]() -> Task<void> {
        co_await database().execute(k_insert, 1, "");
        co_await database().execute(k_insert, 2, "");
        EXPECT_EQ(co_await together(k_insert, 1, "again"), "constraint");
        EXPECT_NE(co_await together(k_fails_late), "ok");
    });
    EXPECT_EQ(counted("queries", "test.touch"), "2");
    EXPECT_EQ(counted("queries", "test.rows"), "2");
    EXPECT_EQ(counted("errors", "test.rows"), "0");
    EXPECT_EQ(counted("errors", "test.insert"), "1");
    EXPECT_EQ(counted("errors", "test.fails_late"), "1");
    EXPECT_EQ(counted("queries", "test.count"), "0") << "never ran";
}

TEST_F(MysqlTest, AStatementWithoutAnswerEndsWithItsContext) {
    start_on_shared();
    struct Mark {
        bool& ended;
        ~Mark() { ended = true; }
    };
    bool ended = false;
    {
        boost::asio::io_context other{1};
        auto its_database = open({.url = fresh_->url()}, {other.get_executor()}, metrics_);
        const auto sleep = [&]() -> Task<void> {
            const Mark mark{ended};
            co_await its_database->transaction(
                [](Transaction& tx) -> Task<void> { co_await tx.run_one(Command::composed("test.sleep", "SELECT SLEEP(60)", {})); });
        };
        focus::testing::start(other, sleep());
        EXPECT_TRUE(eventually([&] {
            other.run_one_for(10ms);
            return its_database->pool_status().active == 1;
        }));
        boost::asio::post(other, [&] { its_database.reset(); }); // which waits for no statement
        while (its_database) other.run_one();
        EXPECT_FALSE(ended);
    }
    EXPECT_TRUE(ended) << "and what it held is given back, as the sanitizers see";
}

TEST_F(MysqlTest, SessionsAreSetUp) {
    start_on_shared();
    run([&]() -> Task<void> {
        EXPECT_EQ(co_await ask("SELECT @@time_zone"), "+00:00");
        EXPECT_EQ(co_await ask("SELECT @@character_set_client"), "utf8mb4");
        EXPECT_EQ(co_await ask("SELECT @@character_set_connection"), "utf8mb4");
        const auto mode = co_await ask("SELECT @@sql_mode");
        EXPECT_NE(mode.find("STRICT_TRANS_TABLES"), std::string::npos);
        EXPECT_NE(mode.find("ONLY_FULL_GROUP_BY"), std::string::npos);
        EXPECT_EQ(mode.find("NO_BACKSLASH_ESCAPES"), std::string::npos);
        const auto isolation = co_await sql("SHOW SESSION VARIABLES WHERE Variable_name IN ('tx_isolation', 'transaction_isolation')");
        EXPECT_EQ(isolation.rows.at(0).get<std::string>(1), "READ-COMMITTED");
        const auto limit = co_await sql("SHOW SESSION VARIABLES WHERE Variable_name IN ('max_statement_time', 'max_execution_time')");
        EXPECT_EQ(std::stoi(limit.rows.at(0).get<std::string>(1)) % 9990, 10);
    });
}

TEST_F(MysqlTest, BackslashesAreSafeOnAServerWithoutBackslashEscapes) {
    testing::MariaDb server;
    const testing::FreshDatabase fresh{server};
    start(fresh.url());
    run([&]() -> Task<void> { co_await sql("SET GLOBAL sql_mode = 'NO_BACKSLASH_ESCAPES'"); });
    database_->close();
    start(fresh.url());
    run([&]() -> Task<void> {
        const std::string hostile = "\\'; DROP TABLE things; -- ";
        co_await database().execute(k_insert, 1, hostile);
        EXPECT_EQ(co_await ask("SELECT body FROM things"), hostile);
    });
}

TEST_F(MysqlTest, DeadlocksAreRunAgain) {
    start_on_shared();
    run([&]() -> Task<void> {
        co_await database().execute(k_insert, 1, "");
        co_await database().execute(k_insert, 2, "");
        int holding = 0;
        int runs = 0;
        co_await testing::together(2, [&](int i) -> Task<void> {
            co_await database().transaction([&](Transaction& tx) -> Task<void> {
                ++runs;
                co_await tx.execute(k_touch, "a", i == 0 ? 1 : 2);
                ++holding;
                while (holding < 2) co_await boost::asio::post(boost::asio::use_awaitable); // both have their first row
                co_await tx.execute(k_touch, "b", i == 0 ? 2 : 1);
            });
        });
        EXPECT_EQ(runs, 3) << "one of the two was the victim, once";
        EXPECT_EQ((co_await ask("SELECT body FROM things WHERE id = 1")).size(), 2U);
        EXPECT_EQ((co_await ask("SELECT body FROM things WHERE id = 2")).size(), 2U);
    });
}

TEST_F(MysqlTest, HiddenDeadlockIsStillRunAgain) {
    start_on_shared();
    run([&]() -> Task<void> {
        int runs = 0;
        co_await database().transaction([&](Transaction& tx) -> Task<void> {
            ++runs;
            co_await tx.execute(k_insert, runs, "x");
            if (runs > 1) co_return;
            co_await outcome(tx.run_one(Command::composed("test.deadlock", "SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213", {})));
            EXPECT_NE(co_await outcome(tx.execute(k_insert, 10, "must not be written outside the transaction")), "ok");
        });
        EXPECT_EQ(runs, 2);
        EXPECT_EQ(co_await count(), 1);
    });
}

TEST_F(MysqlTest, EndlessConflictsEnd) {
    start_on_shared();
    run([&]() -> Task<void> {
        int runs = 0;
        const auto result = co_await outcome(database().transaction([&](Transaction& tx) -> Task<void> {
            ++runs;
            co_await tx.run_one(Command::composed("test.deadlock", "SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213", {}));
        }));
        EXPECT_EQ(result, "unavailable");
        EXPECT_EQ(runs, 8);
    });
}

TEST_F(MysqlTest, KilledConnections) {
    start_on_shared();
    run([&]() -> Task<void> {
        const auto id = co_await sql("SELECT CONNECTION_ID()");
        const auto killer = open({.url = fresh_->url()}, {io_.get_executor()}, metrics_);
        const auto kill = [&](std::int64_t connection) -> Task<void> {
            co_await killer->run_one(Command::composed("test.kill", "KILL CONNECTION " + std::to_string(connection), {}));
        };
        co_await kill(id.rows.at(0).get<std::int64_t>(0));
        EXPECT_EQ(co_await count(), 0) << "a read on a connection that died idle is run again";

        int runs = 0;
        co_await database().transaction([&](Transaction& tx) -> Task<void> {
            ++runs;
            const auto mine = co_await tx.run_one(Command::composed("test.id", "SELECT CONNECTION_ID()", {}));
            co_await tx.execute(k_insert, runs, "x");
            if (runs == 1) co_await kill(mine.rows.at(0).get<std::int64_t>(0));
            co_await tx.execute(k_insert, 10, "y");
        });
        EXPECT_EQ(runs, 2) << "lost before COMMIT: again from the start";
        EXPECT_EQ(co_await count(), 2);

        bool killed = false;
        const auto at_commit = co_await outcome(database().transaction([&](Transaction& tx) -> Task<void> {
            const auto mine = co_await tx.run_one(Command::composed("test.id", "SELECT CONNECTION_ID()", {}));
            co_await tx.execute(k_insert, 20, "x");
            if (!std::exchange(killed, true)) co_await kill(mine.rows.at(0).get<std::int64_t>(0));
        }));
        EXPECT_TRUE(at_commit == "unavailable" || at_commit == "ok") << at_commit;
        EXPECT_EQ(co_await count(), at_commit == "ok" ? 3 : 2) << "what was reported is what holds";
        killer->close();
    });
}

TEST_F(MysqlTest, TlsAsAsked) {
    start_on_shared();
    const auto cipher = [&](const std::string& how) {
        const auto other = open({.url = fresh_->url() + how}, {io_.get_executor()}, metrics_);
        return run([&]() -> Task<std::string> {
            const auto status = co_await other->run_one(Command::composed("test.tls", "SHOW SESSION STATUS LIKE 'Ssl_cipher'", {}));
            other->close();
            co_return status.rows.at(0).get<std::string>(1);
        });
    };
    EXPECT_EQ(cipher("?ssl-mode=disabled"), "");
    EXPECT_EQ(cipher(""), "") << "on the loopback";
    EXPECT_NE(cipher("?ssl-mode=preferred"), "");
    EXPECT_NE(cipher("?ssl-mode=required&ssl-verify=false"), "");
}

TEST_F(MysqlTest, AnAccountThatRequiresTlsGetsItOnTheLoopback) {
    testing::MariaDb server;
    const testing::FreshDatabase fresh{server};
    start(fresh.url());
    run([&]() -> Task<void> {
        co_await sql("CREATE USER limited@'127.0.0.1' IDENTIFIED BY 'limited' REQUIRE SSL");
        co_await sql("GRANT SELECT ON *.* TO limited@'127.0.0.1'");
        auto url = fresh.url();
        url.replace(url.find("focus:focus-test"), 16, "limited:limited");
        const auto other = open({.url = url}, {io_.get_executor()}, metrics_);
        EXPECT_EQ(co_await outcome(other->find(k_count)), "ok");
        other->close();
    });
}

TEST_F(MysqlTest, ACertificateThatNobodyVouchesForIsRefused) {
    start_on_shared();
    const auto other = open({.url = fresh_->url() + "?ssl-mode=required"}, {io_.get_executor()}, metrics_);
    run([&]() -> Task<void> {
        try {
            co_await other->find(k_count);
            ADD_FAILURE();
        } catch (const Error& error) {
            EXPECT_NE(error.cause().find("certificate is refused"), std::string::npos) << error.cause();
        }
    });
    other->close();
    for (const auto* parameter : {"?ssl-ca=/nowhere.pem", "?ssl-cert=/nowhere.pem&ssl-key=/nowhere.pem"})
        EXPECT_THROW((void)open({.url = fresh_->url() + parameter}, {io_.get_executor()}, metrics_), std::invalid_argument);
}

TEST_F(MysqlTest, SessionsDoNotDependOnTheServersDefaults) {
    testing::MariaDb server;
    const testing::FreshDatabase fresh{server};
    start(fresh.url());
    run([&]() -> Task<void> {
        for (const auto* hostile :
             {"completion_type = 1", "sql_safe_updates = 1", "sql_select_limit = 1", "sql_big_selects = 0", "max_join_size = 1",
              "autocommit = 0", "sql_auto_is_null = 1", "foreign_key_checks = 0", "unique_checks = 0", "sql_mode = 'ANSI_QUOTES'"})
            co_await sql(std::string{"SET GLOBAL "} + hostile);
        const auto other = open({.url = fresh.url()}, {io_.get_executor()}, metrics_);
        for (int i = 1; i <= 3; ++i) co_await other->execute(k_insert, i, "x");
        co_await other->transaction([](Transaction& tx) -> Task<void> { co_await tx.execute(k_touch, "y", 1); });
        EXPECT_EQ(co_await outcome(other->run_one(Command::composed("test", "UPDATE things SET body = 'z'", {}))), "ok")
            << "sql_safe_updates";
        const auto rows = co_await other->run_one(Command::composed("test", "SELECT a.id FROM things a JOIN things b", {}));
        EXPECT_EQ(rows.rows.size(), 9U) << "sql_select_limit, max_join_size";
        const auto open_ones = co_await sql("SELECT COUNT(*) FROM information_schema.innodb_trx");
        EXPECT_EQ(open_ones.rows.at(0).get<int>(0), 0) << "completion_type = CHAIN keeps a transaction open";
        const auto checks = co_await other->run_one(
            Command::composed("test", "SELECT @@foreign_key_checks, @@unique_checks, @@sql_auto_is_null, @@autocommit", {}));
        EXPECT_TRUE(checks.rows.at(0).get<bool>(0) && checks.rows.at(0).get<bool>(1));
        EXPECT_FALSE(checks.rows.at(0).get<bool>(2));
        EXPECT_TRUE(checks.rows.at(0).get<bool>(3));
        other->close();
    });
}

TEST_F(MysqlTest, ReadOnlyServerThenWritable) {
    testing::MariaDb server;
    const testing::FreshDatabase fresh{server};
    start(fresh.url());
    run([&]() -> Task<void> {
        co_await sql("CREATE USER limited@'127.0.0.1' IDENTIFIED BY 'limited'");
        co_await sql("GRANT SELECT, INSERT ON *.* TO limited@'127.0.0.1'");
        auto url = fresh.url();
        url.replace(url.find("focus:focus-test"), 16, "limited:limited");
        const auto limited = open({.url = url}, {io_.get_executor()}, metrics_);
        co_await sql("SET GLOBAL read_only = 1");
        EXPECT_EQ(co_await outcome(limited->execute(k_insert, 1, "x")), "unavailable");
        EXPECT_EQ((co_await limited->find(k_count))->get<int>(0), 0);
        co_await sql("SET GLOBAL read_only = 0");
        EXPECT_EQ(co_await outcome(limited->execute(k_insert, 1, "x")), "ok");
        limited->close();
    });
}

TEST_F(MysqlTest, AServerThatTakesNoWritesIsLeft) {
    testing::MariaDb server;
    const testing::FreshDatabase fresh{server};
    start(fresh.url());
    run([&]() -> Task<void> {
        co_await sql("CREATE USER limited@'127.0.0.1' IDENTIFIED BY 'limited'");
        co_await sql("GRANT SELECT, INSERT ON *.* TO limited@'127.0.0.1'");
        auto url = fresh.url();
        url.replace(url.find("focus:focus-test"), 16, "limited:limited");
        const auto limited = open({.url = url, .pool_size = 4}, {io_.get_executor()}, metrics_);
        const auto connection = [&]() -> Task<std::int64_t> {
            co_return (co_await limited->run_one(Command::composed("test.id", "SELECT CONNECTION_ID()", {})))
                .rows.at(0)
                .get<std::int64_t>(0);
        };
        const auto newest = [&]() -> Task<std::int64_t> {
            const auto found = co_await sql("SELECT MAX(id) FROM information_schema.processlist WHERE user = 'limited'");
            co_return found.rows.at(0).get<std::int64_t>(0);
        };
        co_await testing::together(
            4, [&](int) -> Task<void> { co_await limited->run_one(Command::composed("test.sleep", "SELECT SLEEP(0.2)", {})); });
        const auto before = co_await newest();
        co_await sql("SET GLOBAL read_only = 1");
        EXPECT_EQ(co_await outcome(limited->execute(k_insert, 1, "x")), "unavailable");
        EXPECT_LE(co_await newest(), before) << "connections that were only just made are kept";
        boost::asio::steady_timer timer{io_, 1100ms};
        co_await timer.async_wait(boost::asio::deferred);
        EXPECT_EQ(co_await outcome(limited->transaction([](Transaction& tx) -> Task<void> { co_await tx.execute(k_insert, 1, "x"); })),
                  "unavailable");
        EXPECT_GT(co_await connection(), before) << "none of the idle ones is used again";
        limited->close();
    });
}

TEST_F(MysqlTest, WrongPasswordIsUnavailableAndNotShown) {
    start_on_shared();
    auto url = fresh_->url();
    url.replace(url.find('@'), 1, "-wrong-secret@");
    const auto other = open({.url = url}, {io_.get_executor()}, metrics_);
    run([&]() -> Task<void> {
        try {
            co_await other->find(k_count);
            ADD_FAILURE();
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::unavailable);
            EXPECT_TRUE(error.retry_after_s().has_value());
            EXPECT_EQ(error.cause().find("wrong-secret"), std::string::npos) << error.cause();
        }
    });
}

TEST_F(MysqlTest, KilledServerComesBack) {
    testing::MariaDb server;
    const testing::FreshDatabase fresh{server};
    start(fresh.url());
    run([&]() -> Task<void> {
        co_await testing::together(8, [&](int i) -> Task<void> { co_await database().execute(k_insert, i, "x"); });
        server.kill();
        for (int i = 0; i < 20; ++i) {
            const auto begin = std::chrono::steady_clock::now();
            EXPECT_EQ(co_await outcome(database().execute(k_insert, 100 + i, "x")), "unavailable");
            EXPECT_EQ(co_await outcome(
                          database().transaction([&](Transaction& tx) -> Task<void> { co_await tx.execute(k_insert, 200 + i, "x"); })),
                      "unavailable");
            EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
        }
    });
    server.start();
    EXPECT_TRUE(eventually(
        [&] { return run([&]() -> Task<bool> { co_return co_await outcome(database().execute(k_insert, 300, "x")) == "ok"; }); }));
    EXPECT_EQ(run([&]() { return count(); }), 9) << "what was acknowledged, and nothing that was refused";
}

TEST_F(MysqlTest, FrozenServerIsAnsweredInTime) {
    testing::MariaDb server;
    const testing::FreshDatabase fresh{server};
    start(fresh.url(), {.statement_timeout = 500ms, .acquire_timeout = 1000ms});
    run([&]() -> Task<void> {
        co_await testing::together(4, [&](int i) -> Task<void> { co_await database().execute(k_insert, i, "x"); });
        server.freeze();
        const auto begin = std::chrono::steady_clock::now();
        co_await testing::together(
            40, [&](int i) -> Task<void> { EXPECT_EQ(co_await outcome(database().execute(k_insert, 100 + i, "x")), "unavailable"); });
        EXPECT_LT(std::chrono::steady_clock::now() - begin, 9s);
        const auto again = std::chrono::steady_clock::now();
        co_await testing::together(40, [&](int) -> Task<void> { EXPECT_EQ(co_await outcome(count()), "unavailable"); });
        EXPECT_LT(std::chrono::steady_clock::now() - again, 9s);
    });
    server.thaw();
    EXPECT_TRUE(eventually([&] { return run([&]() -> Task<bool> { co_return co_await outcome(count()) == "ok"; }); }));
}

TEST_F(MysqlTest, ManyThreadsAtOnce) {
    fresh_ = std::make_unique<testing::FreshDatabase>(Dialect::mysql);
    start(fresh_->url());
    std::vector<std::unique_ptr<boost::asio::io_context>> contexts;
    std::vector<boost::asio::any_io_executor> executors;
    for (int i = 0; i < 4; ++i) executors.emplace_back(contexts.emplace_back(std::make_unique<boost::asio::io_context>(1))->get_executor());
    const auto shared = open({.url = fresh_->url(), .pool_size = 8}, executors, metrics_);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            auto& own = *contexts[static_cast<std::size_t>(t)];
            run_sync(own, [&]() -> Task<void> {
                co_await testing::together(8, [&](int i) -> Task<void> {
                    for (int round = 0; round < 10; ++round) {
                        const int id = (t * 10'000) + (i * 100) + round;
                        co_await shared->transaction([&](Transaction& tx) -> Task<void> {
                            co_await tx.execute(k_insert, id, "x");
                            tx.defer(k_insert, id + 50, "y");
                        });
                        co_await outcome(shared->execute(k_insert, id, "twice"));
                    }
                });
            });
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(run([&]() { return count(); }), 640);
    EXPECT_LE(shared->pool_status().size, 8);
    shared->close();
    for (const auto& context : contexts) {
        context->restart();
        context->run_for(2s);
    }
}

} // namespace
} // namespace focus::db
