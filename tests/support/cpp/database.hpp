// Real databases for unit tests: each test of a DatabaseTest runs on SQLite and on MariaDB, with a fresh database each.
//
//     class ActivitiesTest : public focus::db::testing::DatabaseTest {};
//     FOCUS_TEST_ON_EACH_DATABASE(ActivitiesTest);
//
//     TEST_P(ActivitiesTest, Inserts) {
//         run([&]() -> db::Task<void> {
//             co_await database().execute(k_insert, 7, "reading");
//             EXPECT_EQ((co_await database().find(k_count))->get<int>(0), 1);
//         });
//     }
//
// The MariaDB is the one that FOCUS_TEST_MYSQL names (mysql://user:password@host:port, may create databases), else one
// that the test process starts for itself and stops at its end.
// Always holds: databases have names of their own per process and test, and are dropped with the test.
#pragma once

#include "core/base/error.hpp"
#include "core/db/database.hpp"
#include "core/db/migrate.hpp"
#include "core/metrics/metrics.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace focus::db::testing {

/// Runs the coroutine that `body` returns to its end, running the io_context on this thread meanwhile. Returns its result or throws its
/// exception.
template <class F, class T = typename std::invoke_result_t<F&>::value_type>
T run_sync(boost::asio::io_context& io, F body) {
    std::exception_ptr failure;
    bool done = false;
    std::conditional_t<std::is_void_v<T>, std::monostate, std::optional<T>> result;
    const auto keep_alive = boost::asio::make_work_guard(io);
    io.restart();
    if constexpr (std::is_void_v<T>) {
        boost::asio::co_spawn(io, body(), [&](std::exception_ptr error) {
            failure = error;
            done = true;
        });
    } else {
        boost::asio::co_spawn(io, body(), [&](std::exception_ptr error, T value) {
            failure = error;
            if (!failure) result.emplace(std::move(value));
            done = true;
        });
    }
    while (!done) {
        // The last task of the run before may have ended on another thread just now, which stops the io_context.
        if (io.run_one() == 0) io.restart();
    }
    if (failure) std::rethrow_exception(failure);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// Runs body(0) … body(n - 1) at the same time on the caller's executor; throws what the first to fail threw, once all have ended.
Task<void> together(int n, std::function<Task<void>(int)> body);

/// The result of a task: "ok", "constraint", "unavailable", or the text of another error.
template <class T>
Task<std::string> outcome(Task<T> task) {
    try {
        (void)co_await std::move(task);
        co_return "ok";
    } catch (const ConstraintError&) {
        co_return "constraint";
    } catch (const Error& error) {
        co_return error.kind() == ErrorKind::unavailable ? "unavailable" : error.what();
    } catch (const std::exception& error) {
        co_return error.what();
    }
}

/// Waits until `holds` returns true, while the caller's executor runs; returns whether it did.
Task<bool> becomes_true(std::function<bool()> holds, std::chrono::milliseconds patience = std::chrono::seconds{10});

/// Waits until `holds` returns true, up to some seconds, and blocks the thread; returns whether it did.
bool eventually(const std::function<bool()>& holds, std::chrono::milliseconds patience = std::chrono::seconds{10});

/// A folder that is deleted with its owner.
class TempFolder {
  public:
    TempFolder();
    ~TempFolder();
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

/// A MariaDB of the test's own on 127.0.0.1; for tests that end or stop it.
class MariaDb {
  public:
    MariaDb();
    ~MariaDb();
    MariaDb(const MariaDb&) = delete;
    MariaDb& operator=(const MariaDb&) = delete;

    /// mysql://focus:…@127.0.0.1:port, without a database.
    [[nodiscard]] std::string url() const;
    /// SIGKILL, and waits until the process has ended.
    void kill();
    /// Starts it again on the same port and data.
    void start();
    /// SIGSTOP and SIGCONT.
    void freeze();
    void thaw();

  private:
    TempFolder folder_;
    int port_ = 0;
    pid_t process_ = -1;
};

/// The administrative URL of the MariaDB that tests share, without a database.
[[nodiscard]] std::string mariadb_url();

/// A database of one dialect that exists as long as this, opened on demand.
class FreshDatabase {
  public:
    explicit FreshDatabase(Dialect dialect);
    /// On a MariaDB of the test's own.
    explicit FreshDatabase(const MariaDb& server);
    ~FreshDatabase();
    FreshDatabase(const FreshDatabase&) = delete;
    FreshDatabase& operator=(const FreshDatabase&) = delete;

    [[nodiscard]] const std::string& url() const { return url_; }
    [[nodiscard]] Dialect dialect() const { return dialect_; }

  private:
    void create(const std::string& server_url);

    Dialect dialect_;
    TempFolder folder_;      // SQLite
    std::string server_url_; // MariaDB; empty when the server is the test's own
    std::string name_;
    std::string url_;
};

/// A test with an empty database and an io_context on the test's thread. Overriding options() changes how it is opened;
/// overriding migrations() sets its schema (the embedded migrations by default).
class DatabaseTest : public ::testing::TestWithParam<Dialect> {
  protected:
    void SetUp() override;
    void TearDown() override;

    virtual Options options() { return {}; }
    virtual std::span<const Migration> migrations() { return embedded_migrations(GetParam()); }

    Database& database() { return *database_; }
    boost::asio::io_context& io() { return io_; }
    metrics::Registry& metrics() { return metrics_; }
    const std::string& url() const { return fresh_->url(); }
    bool is_sqlite() const { return GetParam() == Dialect::sqlite; }
    /// Another Database on the same data, as another process has.
    std::unique_ptr<Database> open_again(Options options = {});

    template <class F>
    auto run(F body) {
        return run_sync(io_, std::move(body));
    }

  private:
    std::unique_ptr<FreshDatabase> fresh_;
    metrics::Registry metrics_;
    boost::asio::io_context io_{1};
    std::unique_ptr<Database> database_;
};

[[nodiscard]] inline std::string dialect_name(const ::testing::TestParamInfo<Dialect>& info) {
    return info.param == Dialect::sqlite ? "sqlite" : "mariadb";
}

} // namespace focus::db::testing

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): GoogleTest's own way to instantiate
#define FOCUS_TEST_ON_EACH_DATABASE(Suite)                                                                                                 \
    INSTANTIATE_TEST_SUITE_P(On, Suite, ::testing::Values(::focus::db::Dialect::sqlite, ::focus::db::Dialect::mysql),                      \
                             ::focus::db::testing::dialect_name)
