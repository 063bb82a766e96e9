#include "core/db/mysql/database.hpp"

#include "core/async/run.hpp"
#include "core/base/error.hpp"
#include "core/db/migration_session.hpp"
#include "core/db/mysql/format.hpp"
#include "core/db/mysql/open.hpp"
#include "core/db/mysql/transaction.hpp"
#include "core/db/sql_text.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <ranges>
#include <thread>

namespace focus::db::mysql {

namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto k_close_grace = 3s;

/// Run on each new connection: whatever the server's own defaults are, sessions behave alike. The comments are for one kind of
/// server each: /*M! */ for MariaDB, /*!5.7 */ for MySQL.
std::string session_setup(std::chrono::milliseconds statement_timeout) {
    const auto lock_wait_s = std::clamp<std::int64_t>(statement_timeout.count() / 2000, 1, 5);
    return std::format(
        "SET time_zone = '+00:00', sql_mode = 'STRICT_TRANS_TABLES,ONLY_FULL_GROUP_BY,NO_ZERO_DATE,NO_ZERO_IN_DATE,"
        "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', innodb_lock_wait_timeout = {}, autocommit = 1, completion_type = 0, "
        "sql_safe_updates = 0, sql_select_limit = 18446744073709551615, sql_big_selects = 1, sql_auto_is_null = 0, "
        "foreign_key_checks = 1, unique_checks = 1 "
        "/*M! , max_statement_time = {} */ /*!50708 , max_execution_time = {} */;\n"
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        lock_wait_s, static_cast<double>(statement_timeout.count()) / 1000, statement_timeout.count());
}

bool is_loopback(const std::string& host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

PoolSettings settings_for(const MysqlUrl& url, const Options& options, std::size_t pools) {
    PoolSettings settings;
    const bool local = !url.unix_socket.empty() || is_loopback(url.host);
    if (url.unix_socket.empty())
        settings.server.server_address.emplace_host_and_port(url.host, url.port);
    else
        settings.server.server_address.emplace_unix_path(url.unix_socket);
    settings.server.username = url.user;
    settings.server.password = url.password;
    settings.server.database = url.database;
    settings.server.multi_queries = true;
    using boost::mysql::ssl_mode;
    switch (url.ssl_mode) {
    case SslMode::required:
        settings.server.ssl = ssl_mode::require;
        break;
    case SslMode::preferred:
        settings.server.ssl = ssl_mode::enable;
        break;
    case SslMode::disabled:
        settings.server.ssl = ssl_mode::disable;
        break;
    case SslMode::automatic:
        settings.server.ssl = local ? ssl_mode::disable : ssl_mode::enable;
        settings.tls_on_demand = local;
        break;
    }
    settings.tls = {url.ssl_verify, url.host, url.ssl_ca, url.ssl_cert, url.ssl_key};
    settings.galera_single_writer = url.galera_single_writer;
    settings.session_setup = session_setup(options.statement_timeout);
    settings.max_size = std::max<std::size_t>(1, (static_cast<std::size_t>(options.pool_size) + pools - 1) / pools);
    settings.max_waiting = std::max<std::size_t>(1, options.max_queue / pools);
    settings.acquire_timeout = options.acquire_timeout;
    settings.statement_timeout = options.statement_timeout;
    return settings;
}

/// The errors of a statement that took effect before: the table, column or key is there, or gone, already.
bool says_done(const Failure& failure, std::string_view sql) {
    switch (failure.code) {
    case 1050: // table exists
    case 1051: // unknown table
    case 1060: // duplicate column
    case 1061: // duplicate key
    case 1091: // can't drop: there is none
    case 1826: // duplicate foreign key or constraint
    case 3822: // duplicate CHECK constraint (MySQL)
        return true;
    case 1005: // MariaDB: a foreign key of that name exists
        return failure.message.contains("errno: 121");
    case 1054: // no such column: renamed
        return starts_with_word(sql, "ALTER");
    case 1146: // no such table: renamed
        return starts_with_word(sql, "RENAME");
    default:
        return false;
    }
}

class MysqlMigrations final : public MigrationSession {
  public:
    explicit MysqlMigrations(std::unique_ptr<Link> link) : link_{std::move(link)} {}

    [[nodiscard]] Dialect dialect() const noexcept override { return Dialect::mysql; }
    Task<Result> run(std::string sql) override {
        Result result;
        if (const auto failure = co_await send(std::move(sql), result)) raise(*failure);
        co_return result;
    }
    Task<void> repeat(std::string sql) override {
        Result ignored;
        const auto failure = co_await send(sql, ignored);
        if (failure && !says_done(*failure, sql)) raise(*failure);
    }
    Task<void> begin() override { co_await run("START TRANSACTION"); }
    Task<void> commit() override { co_await run("COMMIT"); }
    Task<void> roll_back() override { co_await run("ROLLBACK"); }

    /// No time limit for statements, and a minute for locks: the holder of one may have much to do.
    Task<void> set_up() {
        co_await run("SET innodb_lock_wait_timeout = 60, lock_wait_timeout = 60 /*M! , max_statement_time = 0 */ /*!50708 , "
                     "max_execution_time = 0 */");
    }

  private:
    Task<std::optional<Failure>> send(std::string sql, Result& result) {
        auto text = sql;
        const std::vector<Command> commands{Command::composed("migrate", std::move(sql), {})};
        std::vector<Result> results;
        auto failure = co_await link_->exchange(std::move(text), commands, {}, results);
        if (!failure) result = std::move(results.front());
        co_return failure;
    }
    [[noreturn]] static void raise(const Failure& failure) {
        if (failure.trouble == Trouble::conflict) throw Restart{failure.message};
        std::rethrow_exception(failure.as_exception());
    }

    std::unique_ptr<Link> link_;
};

} // namespace

MysqlDatabase::MysqlDatabase(const MysqlUrl& url, const Options& options, std::vector<asio::any_io_executor> executors,
                             metrics::Registry& metrics)
    : common_{std::make_shared<Common>(settings_for(url, options, executors.size()), metrics)},
      pool_size_{static_cast<int>(common_->settings.max_size * executors.size())} {
    for (auto& executor : executors) pools_.push_back(std::make_shared<Pool>(std::move(executor), common_));
}

MysqlDatabase::~MysqlDatabase() { close(); }

Pool* MysqlDatabase::pool_of(const asio::any_io_executor& executor) const {
    const auto* context = &asio::query(executor, asio::execution::context);
    for (const auto& pool : pools_) {
        if (&asio::query(pool->executor(), asio::execution::context) == context) return pool.get();
    }
    return nullptr;
}

Task<std::vector<Result>> MysqlDatabase::run(std::vector<Command> commands) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const Asker asker = asker_of(executor);
    if (Pool* pool = pool_of(executor)) co_return co_await run_here(*pool, asker, std::move(commands));
    Pool& first = *pools_.front();
    co_return co_await async::run_on(first.executor(), run_here(first, asker, std::move(commands)));
}

Task<std::vector<Result>> MysqlDatabase::run_here(Pool& pool, Asker asker, std::vector<Command> commands) {
    for (int attempt = 1;; ++attempt) {
        const auto since = Clock::now();
        Lease lease = pool.try_acquire(asker);
        if (!lease) lease = co_await pool.acquire(asker);
        QueryText text{lease->format_options()};
        for (const auto& command : commands) text.add(command);
        std::string whole = text.take();
        pool.start_round_trip(*lease);
        std::vector<Result> results;
        std::optional<Failure> failure;
        if (lease->is_galera() && commands.size() > 1)
            failure = co_await exchange_singly(pool, *lease, commands, results);
        else
            failure = co_await lease->exchange(std::move(whole), commands, {}, results);
        count(common_->metrics, commands, failure, since);
        const bool lost = failure && failure->trouble == Trouble::lost;
        if (failure && failure->demoted) lease.leave_server();
        if (!lost) lease.release();
        if (!failure) co_return results;
        lease.drop();
        const bool harmless =
            std::ranges::all_of(commands, [](const Command& command) { return only_reads(text_of(command, Dialect::mysql)); });
        // All of it again when none of it can have had an effect; after a lost connection only once, since the pool has
        // checked the next one.
        const bool again = lost ? attempt == 1 && !failure->overdue && (failure->unsent || harmless)
                                : failure->trouble == Trouble::conflict && attempt < k_max_attempts && (failure->ran == 0 || harmless);
        if (!again) std::rethrow_exception(failure->as_exception());
        if (!lost) co_await back_off(attempt);
    }
}

Task<void> MysqlDatabase::run_transaction(std::function<Task<void>(Transaction&)> body) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    if (pool_of(executor) != nullptr) {
        co_await EngineDatabase::run_transaction(std::move(body));
        co_return;
    }
    co_await async::run_on(on_behalf_of(asker_of(executor), pools_.front()->executor()), EngineDatabase::run_transaction(std::move(body)));
}

std::unique_ptr<EngineTransaction> MysqlDatabase::begin(const asio::any_io_executor& executor) {
    return std::make_unique<MysqlTransaction>(asker_of(executor), *pool_of(executor));
}

PoolStatus MysqlDatabase::pool_status() const { return {pool_size_, common_->active, common_->waiting}; }

Task<std::unique_ptr<MigrationSession>> MysqlDatabase::migration_session() {
    Pool& first = *pools_.front();
    auto link = co_await async::run_on(first.executor(), first.connect_apart());
    auto session = std::make_unique<MysqlMigrations>(std::move(link));
    co_await session->set_up();
    co_return session;
}

void MysqlDatabase::close() {
    if (common_->closed.exchange(true)) return;
    bool inside = false;
    for (const auto& pool : pools_) {
        asio::post(pool->executor(), [pool] { pool->close_idle(); });
        const auto* executor = pool->executor().target<asio::io_context::executor_type>();
        inside = inside || executor == nullptr || executor->running_in_this_thread();
    }
    const auto until = Clock::now() + k_close_grace;
    while (!inside && common_->active > 0 && Clock::now() < until) std::this_thread::sleep_for(10ms);
}

std::unique_ptr<Database> open(const MysqlUrl& url, const Options& options, std::vector<asio::any_io_executor> executors,
                               metrics::Registry& metrics) {
    if (executors.empty()) throw std::invalid_argument{"mysql: needs at least one executor"};
    return std::make_unique<MysqlDatabase>(url, options, std::move(executors), metrics);
}

} // namespace focus::db::mysql
