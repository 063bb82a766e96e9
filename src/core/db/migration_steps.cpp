#include "core/db/migration_steps.hpp"

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/db/engine.hpp"
#include "core/db/query.hpp"
#include "core/db/sql_text.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <format>
#include <random>
#include <utility>

namespace focus::db {

namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

struct Lock {
    std::string holder;
    std::int64_t beat = 0;
};

constexpr auto k_beat = 1s;
constexpr auto k_silence = 8s;
constexpr auto k_look_again = 250ms;

std::string random_name() {
    std::random_device random;
    return std::format("{:08x}{:08x}", random(), random());
}

Task<void> pause(Clock::duration time) {
    asio::steady_timer timer{co_await asio::this_coro::executor, time};
    co_await timer.async_wait(asio::use_awaitable);
}

/// CREATE, ALTER, DROP, RENAME and TRUNCATE commit by themselves.
bool commits_by_itself(std::string_view sql) {
    for (const std::string_view word : {"CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE"})
        if (starts_with_word(sql, word)) return true;
    return false;
}

/// Runs it until no lock and no deadlock prevents it: what holds a lock may be the statement of a process that was killed, which the
/// server runs to its end.
Task<void> persist(std::function<Task<void>()> work) {
    for (;;) {
        std::string why;
        try {
            co_await work();
            co_return;
        } catch (const Restart& restart) {
            why = restart.what();
        }
        log::warning("the migration waits", {{"cause", std::string_view{why}}});
        co_await pause(k_look_again);
    }
}

std::ptrdiff_t offset(std::size_t index) { return static_cast<std::ptrdiff_t>(index); }

} // namespace

std::string migration_failure(std::string_view title, int at, std::string_view statement, std::string_view why) {
    return std::format("migration {} failed at its statement {} ({}): {}", title, at, statement.substr(0, statement.find('\n')), why);
}

MigrationSteps::MigrationSteps(Database& database, MigrationSession& session)
    : database_{database}, session_{session}, me_{random_name()} {}

Task<void> MigrationSteps::create_tables() {
    co_await session_.run("CREATE TABLE IF NOT EXISTS schema_lock (id INT NOT NULL PRIMARY KEY, holder VARCHAR(64) NOT NULL, "
                          "beat BIGINT NOT NULL) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin");
    co_await session_.run("CREATE TABLE IF NOT EXISTS schema_progress (id INT NOT NULL PRIMARY KEY, holder VARCHAR(64) NOT NULL, "
                          "number INT NOT NULL, done INT NOT NULL) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin");
    co_await session_.run("INSERT IGNORE INTO schema_lock (id, holder, beat) VALUES (1, '', 0)");
    co_await session_.run("INSERT IGNORE INTO schema_progress (id, holder, number, done) VALUES (1, '', 0, 0)");
}

Task<void> MigrationSteps::lock(std::function<void()> on_waiting) {
    co_await persist([this] { return create_tables(); });
    std::string holder;
    std::int64_t beat = -1;
    auto seen_at = Clock::now();
    for (bool waited = false;; waited = true) {
        const auto found = co_await session_.run("SELECT holder, beat FROM schema_lock WHERE id = 1");
        const auto now = read_row<Lock>(found.rows.at(0));
        if (now.holder != holder || now.beat != beat) {
            holder = now.holder;
            beat = now.beat;
            seen_at = Clock::now();
        }
        if (holder.empty() || Clock::now() - seen_at >= k_silence) {
            if (co_await try_lock(holder, beat)) break;
        } else if (!waited) {
            log::info("another process migrates the database; waiting for it");
            if (on_waiting) on_waiting();
        }
        co_await pause(k_look_again);
    }
    co_await persist([this] { return read_position(); });
}

Task<bool> MigrationSteps::try_lock(std::string holder, std::int64_t beat) {
    try {
        const auto taken = co_await session_.run(std::format(
            "UPDATE schema_lock SET holder = '{}', beat = beat + 1 WHERE id = 1 AND holder = '{}' AND beat = {}", me_, holder, beat));
        co_return taken.affected == 1;
    } catch (const Restart&) { // another process takes it
        co_return false;
    }
}

/// From here on notes of earlier holders are refused. Waits for a transaction that one has open.
Task<void> MigrationSteps::read_position() {
    co_await session_.run(std::format("UPDATE schema_progress SET holder = '{}' WHERE id = 1", me_));
    const auto found = co_await session_.run("SELECT number, done FROM schema_progress WHERE id = 1");
    position_ = read_row<Position>(found.rows.at(0));
}

Task<int> MigrationSteps::locked(std::function<Task<int>()> work) {
    using namespace asio::experimental::awaitable_operators;
    std::exception_ptr failure;
    int result = 0;
    // Caught here, because || would wait for the other side after an exception.
    const auto guarded = [&]() -> Task<void> {
        try {
            result = co_await work();
        } catch (...) {
            failure = std::current_exception();
        }
    };
    co_await (guarded() || keep_beating());
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation()); // also when the process is asked to end
    co_await release();
    if (failure) std::rethrow_exception(failure);
    co_return result;
}

/// Runs until it is cancelled. A heartbeat that fails is replaced by the next one.
Task<void> MigrationSteps::keep_beating() {
    for (;;) {
        co_await pause(k_beat);
        try {
            auto beat = std::format("UPDATE schema_lock SET beat = beat + 1 WHERE id = 1 AND holder = '{}'", me_);
            co_await database_.run_one(Command::composed("migrate.beat", std::move(beat), {}));
        } catch (const std::exception& error) {
            log::warning("the lock of the migration was not renewed", {{"cause", std::string_view{error.what()}}});
        }
    }
}

Task<void> MigrationSteps::release() {
    try {
        auto release = std::format("UPDATE schema_lock SET holder = '' WHERE id = 1 AND holder = '{}'", me_);
        co_await database_.run_one(Command::composed("migrate.release", std::move(release), {}));
    } catch (const std::exception& error) { // the next holder waits until this one counts as dead
        log::warning("the lock of the migration was not given back", {{"cause", std::string_view{error.what()}}});
    }
}

Task<void> MigrationSteps::note(Position position) {
    const auto noted = co_await session_.run(std::format("UPDATE schema_progress SET number = {}, done = {} WHERE id = 1 AND holder = '{}'",
                                                         position.number, position.done, me_));
    if (noted.affected != 1) throw unavailable("another process has taken the migration over");
}

Task<void> MigrationSteps::run_ddl(std::string statement, Position after, bool uncertain) {
    co_await persist([this, &statement, uncertain]() mutable -> Task<void> {
        if (std::exchange(uncertain, true)) // what a cluster refused may have taken effect
            co_await session_.repeat(statement);
        else
            co_await session_.run(statement);
    });
    co_await persist([this, after] { return note(after); });
}

/// In one transaction with the note, which comes first: a process that has lost the lock waits or fails.
Task<void> MigrationSteps::run_data(std::vector<std::string> statements, std::size_t begin, Position after) {
    co_await persist([this, &statements, begin, after]() -> Task<void> {
        std::exception_ptr failure;
        co_await session_.begin();
        try {
            co_await note(after);
            for (std::size_t i = 0; i < statements.size(); ++i) {
                current_ = begin + i;
                co_await session_.run(statements[i]);
            }
            co_await session_.commit();
        } catch (...) {
            failure = std::current_exception();
        }
        if (!failure) co_return;
        try {
            co_await session_.roll_back();
        } catch (const std::exception& error) {
            log::warning("a failed migration could not be rolled back", {{"cause", std::string_view{error.what()}}});
        }
        std::rethrow_exception(failure);
    });
}

Task<void> MigrationSteps::apply(int number, std::string title, std::vector<std::string> statements, std::string conclusion) {
    const bool resumed = position_.number == number;
    if (resumed)
        log::info("an interrupted migration goes on", {{"migration", std::string_view{title}}, {"done", std::int64_t{position_.done}}});
    else
        co_await persist([this, number] { return note({number, 0}); });
    const auto first = resumed ? static_cast<std::size_t>(position_.done) : 0;
    for (auto at = first; at < statements.size();) {
        // Data that moves between two DDL statements moves at once.
        auto end = at;
        while (end < statements.size() && !commits_by_itself(statements[end])) ++end;
        const bool is_ddl = end == at;
        if (is_ddl) ++end;
        const Position after{number, static_cast<int>(end)};
        current_ = at;
        std::string failure;
        try {
            if (is_ddl)
                co_await run_ddl(statements[at], after, resumed && at == first);
            else
                co_await run_data(std::vector<std::string>(statements.begin() + offset(at), statements.begin() + offset(end)), at, after);
        } catch (const Error&) {
            throw;
        } catch (const std::exception& error) {
            failure = error.what();
        }
        if (!failure.empty()) {
            co_await note({number, static_cast<int>(at)}); // fails when another process has taken the lock
            throw std::runtime_error{migration_failure(title, static_cast<int>(current_) + 1, statements[current_], failure)};
        }
        at = end;
    }
    std::vector<std::string> last;
    last.push_back(std::move(conclusion));
    co_await run_data(std::move(last), 0, Position{});
}

} // namespace focus::db
