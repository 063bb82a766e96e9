// Session, Transaction, Database: how the modules use SQL, the same on both engines.
// A Session runs statements; a Transaction is a Session whose writes become visible together or not at all;
// a Database is a Session outside any transaction that can open one.
// Always holds: transaction() returns only after the commit is durable, and rolls back on any exception;
// after_commit callbacks run exactly once after a commit and never otherwise.
#pragma once

#include "core/async/task.hpp"
#include "core/base/error.hpp"
#include "core/db/value.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace focus::metrics {
class Registry;
}

namespace focus::db {

using async::Task;

enum class Dialect { sqlite, mysql };

/// Runs statements. Every call may throw focus::Error of kind `unavailable` (the database is lost, busy beyond the
/// retries, or too slow) or ConstraintError; anything else is a defect in the SQL.
class Session {
  public:
    Session() = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    virtual ~Session() = default;

    /// Runs the commands in order in one round trip and gives their results in that order. The first that fails ends
    /// the run. Outside a transaction each command is its own transaction.
    virtual Task<std::vector<Result>> run(std::vector<Command> commands) = 0;
    [[nodiscard]] virtual Dialect dialect() const noexcept = 0;

    Task<Result> run_one(Command command);

    /// Runs one query.
    template <class T>
    Task<T> get(Query<T> query) {
        const auto result = co_await run_one(std::move(query.command));
        co_return query.read(result);
    }
    /// Runs the queries in order in one round trip; `auto [apps, total] = co_await session.all(day_apps(…), total(…));`
    template <class... T>
    Task<std::tuple<T...>> all(Query<T>... queries) {
        std::vector<Command> commands;
        commands.reserve(sizeof...(T));
        (commands.push_back(std::move(queries.command)), ...);
        const auto results = co_await run(std::move(commands));
        co_return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return std::tuple<T...>{queries.read(results.at(I))...};
        }(std::index_sequence_for<T...>());
    }

    /// Runs one statement.
    template <class... Args>
    Task<Result> execute(const Statement& statement, const Args&... args) {
        return run_one(Command::of(statement, args...)); // the parameters are copied before the first suspension
    }
    /// The first row, or nothing.
    template <class... Args>
    Task<std::optional<Row>> find(const Statement& statement, const Args&... args) {
        return first_row(Command::of(statement, args...));
    }

  private:
    Task<std::optional<Row>> first_row(Command command);
};

/// A violated unique or foreign key. Expected duplicates are do-nothing inserts, so this is mostly a race worth
/// a clear answer; the modules that expect one catch it.
class ConstraintError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

class Transaction : public Session {
  public:
    /// Queues a statement whose result is unused. Queued statements run, in order, before the next run() or
    /// together with the commit: they cost no round trip of their own. A failure fails the transaction.
    virtual void defer(Command command) = 0;
    template <class... Args>
    void defer(const Statement& statement, const Args&... args) {
        defer(Command::of(statement, args...));
    }
    template <class T>
    void defer(Query<T> query) {
        defer(std::move(query.command));
    }

    /// Runs `effect` after the commit (cache invalidation, pushes, counters), never after a rollback. It must not
    /// throw; what it throws is logged and dropped.
    void after_commit(std::function<void()> effect) { effects_.push_back(std::move(effect)); }

  protected:
    std::vector<std::function<void()>> effects_;
};

/// The pool's state for health reports.
struct PoolStatus {
    int size = 0;
    int active = 0;
    int waiting = 0;
};

class MigrationSession;

/// The database as a whole. One per process; safe from any thread. Where work has to wait, it serves askers (base/asker.hpp)
/// in turn.
class Database : public Session {
  public:
    /// Runs `body` in a transaction and commits. Inside `body` use only the transaction: a write by the Database itself would
    /// wait for this very transaction on SQLite, until both time out. On SQLite it may take no longer than
    /// `statement_timeout` from its first statement to the commit, since others wait for it. `body` may run again from the start after a
    /// deadlock, a serialisation failure or SQLITE_BUSY (at most 8 times), so it must have no effect but through the transaction. T is what
    /// `body` returns.
    template <class F, class T = typename std::invoke_result_t<F&, Transaction&>::value_type>
    Task<T> transaction(F body) {
        if constexpr (std::is_void_v<T>) {
            co_await run_transaction([&body](Transaction& tx) -> Task<void> { co_await body(tx); });
        } else {
            std::optional<T> result;
            co_await run_transaction([&body, &result](Transaction& tx) -> Task<void> { result.emplace(co_await body(tx)); });
            co_return std::move(*result);
        }
    }
    virtual Task<void> run_transaction(std::function<Task<void>(Transaction&)> body) = 0;

    [[nodiscard]] virtual PoolStatus pool_status() const = 0;
    /// What was found broken in the stored data while this process ran; empty while nothing was. Logs it, at most once a minute.
    [[nodiscard]] virtual std::string damage() { return {}; }
    /// A connection of its own for migrate().
    [[nodiscard]] virtual Task<std::unique_ptr<MigrationSession>> migration_session() = 0;
    /// Stops accepting work, finishes what runs (bounded by a few seconds) and closes the connections. The io_contexts must
    /// still exist, and those with work in progress should still run: waiting callers are resumed there.
    virtual void close() = 0;
};

struct Options {
    std::string url;                                     // sqlite:///path, mysql://user:pass@host:port/db
    int pool_size = 16;                                  // MySQL connections; SQLite readers are min(cores + 1, 4)
    std::chrono::milliseconds statement_timeout{10'000}; // then `unavailable`
    std::chrono::milliseconds acquire_timeout{5'000};    // waiting for a connection or a place in the queue
    std::size_t max_queue = 4096;                        // waiting statements beyond which the answer is `unavailable`
};

/// The code of the Error that ends a start: the file is damaged, not writable, its disk is full. Waiting would not help.
inline constexpr ErrorCode k_unusable{
    ErrorKind::unavailable, "database_unusable", {"The database cannot be used.", "La base de données est inutilisable."}};

/// Opens the database of `options.url`. For SQLite this opens (and makes) the file and throws focus::Error when that
/// fails; for MySQL connections are made on demand, so a lost server only shows when statements run.
/// Throws std::invalid_argument for a URL that is not valid (the message holds no password).
/// `executors` belong to the io_contexts that the caller runs, one per I/O thread. MySQL keeps a pool on each (sharing
/// `pool_size`), so that a statement never changes threads; a caller on another executor uses the first and is resumed
/// on its own.
[[nodiscard]] std::unique_ptr<Database> open(Options options, std::vector<boost::asio::any_io_executor> executors,
                                             metrics::Registry& metrics);

} // namespace focus::db
