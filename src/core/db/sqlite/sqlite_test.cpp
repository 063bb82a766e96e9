// What only SQLite does: group commit, its files, its locks, its disk.
#include "core/db/database.hpp"
#include "support/cpp/database.hpp"

#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>

namespace focus::db {
namespace {

using namespace std::chrono_literals;
using testing::eventually;
using testing::outcome;
using testing::run_sync;

constexpr Statement k_insert{"test.insert", "INSERT INTO things (id, body) VALUES (?, ?)"};
constexpr Statement k_count{"test.count", "SELECT COUNT(*) FROM things"};
constexpr Statement k_endless{
    "test.endless", "UPDATE things SET body = (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT MAX(i) FROM n)"};
constexpr Migration k_schema[] = {{1, "things", "CREATE TABLE things (id INTEGER PRIMARY KEY, body TEXT);"}};

/// Another program with the file open.
class Intruder {
  public:
    explicit Intruder(const std::filesystem::path& file) { sqlite3_open(file.c_str(), &handle_); }
    Intruder(const Intruder&) = delete;
    Intruder& operator=(const Intruder&) = delete;
    ~Intruder() { sqlite3_close(handle_); }
    bool execute(const char* sql) { return sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) == SQLITE_OK; }

  private:
    sqlite3* handle_ = nullptr;
};

class SqliteTest : public ::testing::Test {
  protected:
    template <class F>
    auto run(F body) {
        return run_sync(io_, std::move(body));
    }

    SqliteTest() { reopen(); }
    ~SqliteTest() override { database_->close(); }

    void reopen(Options options = {}) {
        database_.reset();
        options.url = "sqlite:///" + file().string();
        database_ = open(options, {io_.get_executor()}, metrics_);
        run([&]() -> Task<void> { co_await migrate(*database_, k_schema); });
    }
    [[nodiscard]] std::filesystem::path file() const { return folder_.path() / "focus.db"; }
    Database& database() { return *database_; }
    Task<int> count() { co_return (co_await database().find(k_count))->get<int>(0); }
    /// COMMITs so far.
    int commits() {
        const std::string name = "focus_api_db_queries_total{operation=\"commit\"} ";
        const auto text = metrics_.render();
        const auto at = text.find(name);
        return at == std::string::npos ? 0 : std::stoi(text.substr(at + name.size()));
    }

    testing::TempFolder folder_;
    metrics::Registry metrics_;
    boost::asio::io_context io_{1};
    std::unique_ptr<Database> database_;
};

TEST_F(SqliteTest, WaitingWritesShareOneCommit) {
    run([&]() -> Task<void> {
        // The first holds the writer until all others wait.
        const auto before = commits();
        co_await testing::together(101, [&](int i) -> Task<void> {
            if (i == 0) {
                co_await database().transaction([&](Transaction& tx) -> Task<void> {
                    co_await tx.execute(k_insert, 1000, "first");
                    while (database().pool_status().waiting < 100) co_await boost::asio::post(boost::asio::use_awaitable);
                });
            } else if (i % 2 == 0) {
                co_await database().execute(k_insert, i, "alone");
            } else {
                co_await database().transaction([&](Transaction& tx) -> Task<void> {
                    tx.defer(k_insert, i, "in a transaction");
                    co_return;
                });
            }
        });
        EXPECT_EQ(co_await count(), 101);
        EXPECT_LE(commits() - before, 10) << "of 101 transactions";
    });
}

TEST_F(SqliteTest, OneFailureOfAGroupUndoesOnlyItself) {
    run([&]() -> Task<void> {
        std::vector<std::string> outcomes(30);
        co_await testing::together(30, [&](int i) -> Task<void> {
            auto& mine = outcomes[static_cast<std::size_t>(i)];
            mine = co_await outcome(database().transaction([&](Transaction& tx) -> Task<void> {
                if (i == 0) {
                    while (database().pool_status().waiting < 20) co_await boost::asio::post(boost::asio::use_awaitable);
                }
                co_await tx.execute(k_insert, i, "x");
                if (i % 3 == 1) co_await tx.execute(k_insert, i, "again");
                if (i % 3 == 2) throw std::runtime_error{"no"};
            }));
        });
        for (std::size_t i = 0; i < outcomes.size(); ++i) EXPECT_EQ(outcomes[i], i % 3 == 0 ? "ok" : i % 3 == 1 ? "constraint" : "no");
        EXPECT_EQ(co_await count(), 10);
    });
}

TEST_F(SqliteTest, TimeLimitOfOneDoesNotHurtItsGroup) {
    reopen({.statement_timeout = 500ms});
    run([&]() -> Task<void> {
        co_await database().execute(k_insert, 0, "x");
        std::vector<std::string> outcomes(21);
        co_await testing::together(21, [&](int i) -> Task<void> {
            auto& mine = outcomes[static_cast<std::size_t>(i)];
            if (i == 10)
                mine = co_await outcome(database().execute(k_endless));
            else
                mine = co_await outcome(database().execute(k_insert, i + 1, "x"));
        });
        for (std::size_t i = 0; i < outcomes.size(); ++i) EXPECT_EQ(outcomes[i], i == 10 ? "unavailable" : "ok");
        EXPECT_EQ(co_await count(), 21);
    });
}

TEST_F(SqliteTest, StuckTransactionLosesTheWriter) {
    reopen({.statement_timeout = 300ms});
    run([&]() -> Task<void> {
        co_await testing::together(2, [&](int i) -> Task<void> {
            if (i == 0) {
                const auto stuck = co_await outcome(database().transaction([&](Transaction& tx) -> Task<void> {
                    co_await tx.execute(k_insert, 1, "stuck");
                    boost::asio::steady_timer long_thought{co_await boost::asio::this_coro::executor, 1s};
                    co_await long_thought.async_wait(boost::asio::use_awaitable);
                    co_await tx.execute(k_insert, 2, "too late");
                }));
                EXPECT_EQ(stuck, "unavailable");
            } else {
                EXPECT_EQ(co_await outcome(database().execute(k_insert, 3, "patient")), "ok");
            }
        });
        EXPECT_EQ(co_await count(), 1);
    });
}

TEST_F(SqliteTest, FilesArePrivate) {
    run([&]() -> Task<void> { co_await database().execute(k_insert, 1, "x"); });
    for (const auto* suffix : {"", "-wal", "-shm"}) {
        struct stat about{};
        ASSERT_EQ(::stat((file().string() + suffix).c_str(), &about), 0) << suffix;
        EXPECT_EQ(about.st_mode & 0777, 0600U) << suffix;
    }
}

TEST_F(SqliteTest, LockedByAnotherProgramThenFree) {
    reopen({.acquire_timeout = 300ms});
    Intruder intruder{file()};
    ASSERT_TRUE(intruder.execute("BEGIN IMMEDIATE"));
    run([&]() -> Task<void> {
        const auto begin = std::chrono::steady_clock::now();
        EXPECT_EQ(co_await outcome(database().execute(k_insert, 1, "x")), "unavailable");
        EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
        EXPECT_EQ(co_await count(), 0) << "reading goes on";
    });
    ASSERT_TRUE(intruder.execute("COMMIT"));
    EXPECT_EQ(run([&]() { return outcome(database().execute(k_insert, 1, "x")); }), "ok");
}

TEST_F(SqliteTest, TwoServersOnOneFile) {
    const auto other = open({.url = "sqlite:///" + file().string()}, {io_.get_executor()}, metrics_);
    run([&]() -> Task<void> {
        co_await testing::together(20, [&](int i) -> Task<void> {
            Database& mine = i % 2 == 0 ? database() : *other;
            for (int round = 0; round < 20; ++round) {
                co_await mine.transaction([&](Transaction& tx) -> Task<void> {
                    co_await tx.find(k_count);
                    co_await tx.execute(k_insert, (i * 1000) + round, "x");
                });
            }
        });
        EXPECT_EQ(co_await count(), 400);
    });
    other->close();
}

TEST_F(SqliteTest, FullDiskThenRoom) {
    run([&]() -> Task<void> { co_await database().execute(k_insert, 1, "x"); });
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    rlimit old_limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old_limit), 0);
    const auto size = std::filesystem::file_size(file().string() + "-wal");
    const rlimit full{size + 50'000, old_limit.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
    run([&]() -> Task<void> {
        EXPECT_EQ(co_await outcome(database().execute(k_insert, 2, std::string(1'000'000, 'x'))), "unavailable");
        const auto in_transaction = co_await outcome(database().transaction([&](Transaction& tx) -> Task<void> {
            co_await tx.execute(k_insert, 3, "small");
            co_await tx.execute(k_insert, 4, std::string(1'000'000, 'x'));
        }));
        EXPECT_EQ(in_transaction, "unavailable");
        EXPECT_EQ(co_await count(), 1);
    });
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old_limit), 0);
    (void)std::signal(SIGXFSZ, old_handler);
    run([&]() -> Task<void> {
        EXPECT_EQ(co_await outcome(database().execute(k_insert, 2, std::string(1'000'000, 'x'))), "ok");
        EXPECT_EQ(co_await count(), 2);
    });
}

TEST_F(SqliteTest, WhatIsNoDatabaseIsRefused) {
    const auto text_file = folder_.path() / "letter.txt";
    std::ofstream{text_file} << std::string(5000, 'a');
    EXPECT_THROW((void)open({.url = "sqlite:///" + text_file.string()}, {io_.get_executor()}, metrics_), Error);
    EXPECT_THROW((void)open({.url = "sqlite:////nowhere/at/all.db"}, {io_.get_executor()}, metrics_), Error);
}

TEST_F(SqliteTest, ManyThreadsAtOnce) {
    // They stay until the database is closed: it releases a caller's executor a moment after the caller resumes.
    std::vector<std::unique_ptr<boost::asio::io_context>> contexts;
    for (int t = 0; t < 4; ++t) contexts.push_back(std::make_unique<boost::asio::io_context>(1));
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            run_sync(*contexts[static_cast<std::size_t>(t)], [&]() -> Task<void> {
                co_await testing::together(8, [&](int i) -> Task<void> {
                    for (int round = 0; round < 10; ++round) {
                        const int id = (t * 10'000) + (i * 100) + round;
                        co_await database().transaction([&](Transaction& tx) -> Task<void> {
                            co_await tx.execute(k_insert, id, "x");
                            tx.defer(k_insert, id + 50, "y");
                        });
                        co_await outcome(database().execute(k_insert, id, "twice"));
                        co_await database().find(k_count);
                    }
                });
            });
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(run([&]() { return count(); }), 640);
    database().close();
}

} // namespace
} // namespace focus::db
