#include "core/db/sqlite/database.hpp"

#include "core/base/error.hpp"
#include "core/db/migration_session.hpp"
#include "core/db/sql_text.hpp"
#include "core/db/sqlite/open.hpp"

#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <ranges>

namespace focus::db::sqlite {

namespace {

using Clock = std::chrono::steady_clock;
namespace asio = boost::asio;
using namespace std::chrono_literals;

void count(const StatementMetrics& metrics, const Hop& hop, Clock::time_point since) {
    const auto took = Clock::now() - since;
    for (std::size_t i = 0; i < hop.results.size(); ++i) metrics.count(hop.commands[i].name, took, false);
    if (hop.error && hop.results.size() < hop.commands.size()) metrics.count(hop.commands[hop.results.size()].name, took, true);
}

class SqliteTransaction final : public EngineTransaction {
  public:
    SqliteTransaction(Asker asker, Writer& writer, const StatementMetrics& metrics)
        : writer_{writer}, metrics_{metrics}, visit_{std::make_shared<Visit>(asker, false)} {}
    ~SqliteTransaction() override { leave(); }

    Task<std::vector<Result>> run(std::vector<Command> commands) override {
        const auto deferred = static_cast<std::ptrdiff_t>(deferred_.size());
        Hop hop;
        hop.commands = take(std::move(commands));
        co_await visit(hop);
        if (deferred > 0) {
            if (hop.error && std::cmp_less(hop.results.size(), deferred)) failure_ = hop.error;
            const auto own = std::min(deferred, std::ssize(hop.results));
            hop.results.erase(hop.results.begin(), hop.results.begin() + own);
        }
        if (hop.error) std::rethrow_exception(hop.error);
        co_return std::move(hop.results);
    }

    [[nodiscard]] Dialect dialect() const noexcept override { return Dialect::sqlite; }
    void defer(Command command) override { deferred_.push_back(std::move(command)); }

    Task<void> commit() override {
        if (failure_) std::rethrow_exception(failure_);
        if (deferred_.empty() && !visited_) co_return; // did nothing
        Hop hop;
        hop.commands = take({});
        hop.then_commit = true;
        co_await visit(hop);
        left_ = true;
        if (hop.error) std::rethrow_exception(hop.error);
    }

    Task<void> roll_back() override {
        leave();
        co_return;
    }

    [[nodiscard]] bool must_restart() const noexcept override { return must_restart_; }

  private:
    /// The deferred commands with `commands` after them.
    std::vector<Command> take(std::vector<Command> commands) {
        if (deferred_.empty()) return commands;
        std::ranges::move(commands, std::back_inserter(deferred_));
        return std::exchange(deferred_, {});
    }

    Task<void> visit(Hop& hop) {
        if (failure_) std::rethrow_exception(failure_);
        const auto since = Clock::now();
        visited_ = true;
        co_await async::suspend<>([this, &hop](async::Completion<> done) {
            hop.done = std::move(done);
            writer_.submit(visit_, hop);
        });
        count(metrics_, hop, since);
        if (!hop.restart) co_return;
        must_restart_ = true;
        failure_ = std::make_exception_ptr(Restart{"sqlite: busy, or undone with its group"});
        hop.error = failure_;
    }

    void leave() {
        if (visited_ && !std::exchange(left_, true)) writer_.drop(visit_);
    }

    Writer& writer_;
    const StatementMetrics& metrics_;
    std::shared_ptr<Visit> visit_;
    std::vector<Command> deferred_;
    std::exception_ptr failure_; // no statement may follow
    bool must_restart_ = false;
    bool visited_ = false;
    bool left_ = false;
};

/// Migrations have a connection and a thread of their own: they may wait for another process and take long.
class SqliteMigrations final : public MigrationSession {
  public:
    explicit SqliteMigrations(std::string path) : path_{std::move(path)} {}
    ~SqliteMigrations() override { thread_.join(); }

    Task<Result> run(std::string sql) override {
        const auto on_thread = [this, &sql]() -> Result {
            try {
                if (!connection_) {
                    connection_ = std::make_unique<Connection>(path_, Access::read_write, 60'000ms, true);
                    // A migration that rebuilds a table must not cascade; check() verifies the result.
                    connection_->execute("PRAGMA foreign_keys=OFF");
                }
                return connection_->run(Command::composed("migrate", sql, {}));
            } catch (const SqliteError& error) {
                std::rethrow_exception(error_at_start(error, path_));
            }
        };
        co_return co_await async::suspend<Result>([this, &on_thread](async::Completion<Result> done) {
            asio::post(thread_, [&on_thread, done = std::move(done)]() mutable {
                try {
                    done.complete(on_thread());
                } catch (...) {
                    done.fail(std::current_exception());
                }
            });
        });
    }

    [[nodiscard]] Dialect dialect() const noexcept override { return Dialect::sqlite; }
    Task<void> repeat(std::string sql) override { co_await run(std::move(sql)); } // never needed: a migration is one transaction
    Task<void> begin() override { co_await run("BEGIN IMMEDIATE"); }              // the lock, too
    Task<void> commit() override {
        const auto broken = co_await run("PRAGMA foreign_key_check");
        if (!broken.rows.empty())
            throw std::runtime_error{"leaves rows of " + broken.rows.front().get<std::string>(0) + " without their parents"};
        co_await run("COMMIT");
    }
    Task<void> roll_back() override { co_await run("ROLLBACK"); }

  private:
    std::string path_;
    std::unique_ptr<Connection> connection_; // the thread's
    asio::thread_pool thread_{1};
};

int reader_threads() { return static_cast<int>(std::min(std::thread::hardware_concurrency() + 1, 4U)); }

} // namespace

SqliteDatabase::SqliteDatabase(std::string path, const Options& options, metrics::Registry& metrics)
    : path_{std::move(path)}, patience_{options.statement_timeout}, metrics_{metrics},
      writer_{path_, {options.statement_timeout, options.acquire_timeout, options.max_queue}, metrics_, damage_},
      reader_count_{reader_threads()},
      readers_{path_, reader_count_, {options.statement_timeout, options.acquire_timeout, options.max_queue}, metrics_, damage_} {}

SqliteDatabase::~SqliteDatabase() = default;

Task<std::vector<Result>> SqliteDatabase::run(std::vector<Command> commands) {
    const Asker asker = asker_of(co_await asio::this_coro::executor);
    const bool reads = std::ranges::all_of(commands, [](const Command& command) { return only_reads(text_of(command, Dialect::sqlite)); });
    for (int attempt = 1;; ++attempt) {
        Hop hop;
        hop.commands = std::move(commands);
        const auto since = Clock::now();
        co_await async::suspend<>([this, asker, reads, &hop](async::Completion<> done) {
            hop.done = std::move(done);
            if (reads)
                readers_.submit(asker, hop);
            else
                writer_.submit(std::make_shared<Visit>(asker, true), hop);
        });
        count(metrics_, hop, since);
        if (!hop.error) co_return std::move(hop.results);
        if (!hop.restart || attempt == k_max_attempts) std::rethrow_exception(hop.error);
        commands = std::move(hop.commands);
        co_await back_off(attempt);
    }
}

std::unique_ptr<EngineTransaction> SqliteDatabase::begin(const asio::any_io_executor& executor) {
    return std::make_unique<SqliteTransaction>(asker_of(executor), writer_, metrics_);
}

PoolStatus SqliteDatabase::pool_status() const {
    return {reader_count_ + 1, readers_.busy() + (writer_.is_busy() ? 1 : 0), readers_.waiting() + writer_.waiting()};
}

Task<std::unique_ptr<MigrationSession>> SqliteDatabase::migration_session() { co_return std::make_unique<SqliteMigrations>(path_); }

std::string SqliteDatabase::damage() { return damage_.found(Clock::now()); }

void SqliteDatabase::close() {
    readers_.close();
    writer_.close();
}

std::unique_ptr<Database> open(const SqliteUrl& url, const Options& options, metrics::Registry& metrics) {
    try {
        return std::make_unique<SqliteDatabase>(url.path, options, metrics);
    } catch (const SqliteError& error) {
        std::rethrow_exception(error_at_start(error, url.path));
    }
}

} // namespace focus::db::sqlite
