#include "core/db/database.hpp"

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/db/engine.hpp"
#include "core/db/mysql/open.hpp"
#include "core/db/sqlite/open.hpp"
#include "core/db/url.hpp"

#include <boost/asio/deferred.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <random>

namespace focus::db {

namespace asio = boost::asio;

Task<Result> Session::run_one(Command command) {
    std::vector<Command> commands;
    commands.push_back(std::move(command));
    auto results = co_await run(std::move(commands));
    co_return std::move(results.front());
}

Task<std::optional<Row>> Session::first_row(Command command) {
    std::vector<Command> commands;
    commands.push_back(std::move(command));
    auto results = co_await run(std::move(commands));
    auto& rows = results.front().rows;
    if (rows.empty()) co_return std::nullopt;
    co_return std::move(rows.front());
}

Task<void> back_off(int attempt) {
    thread_local std::minstd_rand random{std::random_device{}()};
    const int most = 4 << attempt;
    std::uniform_int_distribution<int> wait{most / 2, most};
    asio::steady_timer timer{co_await asio::this_coro::executor, std::chrono::milliseconds{wait(random)}};
    co_await timer.async_wait(asio::deferred);
}

void EngineTransaction::run_effects() noexcept {
    for (const auto& effect : effects_) {
        try {
            effect();
        } catch (const std::exception& error) {
            log::error("an after_commit callback threw", {{"cause", std::string_view{error.what()}}});
        } catch (...) {
            log::error("an after_commit callback threw", {});
        }
    }
}

Task<void> EngineDatabase::run_transaction(std::function<Task<void>(Transaction&)> body) {
    const auto executor = co_await asio::this_coro::executor;
    const auto give_up_at = std::chrono::steady_clock::now() + patience();
    for (int attempt = 1;; ++attempt) {
        const auto transaction = begin(executor);
        std::exception_ptr failure;
        std::string why_again;
        try {
            co_await body(*transaction);
            co_await transaction->commit();
            transaction->run_effects();
            co_return;
        } catch (const Restart& restart) {
            why_again = restart.what();
        } catch (...) {
            failure = std::current_exception();
            if (transaction->must_restart()) why_again = "the transaction was undone";
        }
        co_await transaction->roll_back();
        if (why_again.empty()) std::rethrow_exception(failure);
        if (attempt == k_max_attempts || std::chrono::steady_clock::now() >= give_up_at)
            throw unavailable("transaction given up after " + std::to_string(attempt) + " attempts: " + why_again);
        co_await back_off(attempt);
    }
}

std::unique_ptr<Database> open(Options options, std::vector<asio::any_io_executor> executors, metrics::Registry& metrics) {
    const auto url = parse_url(options.url);
    if (const auto* file = std::get_if<SqliteUrl>(&url)) return sqlite::open(*file, options, metrics);
    return mysql::open(std::get<MysqlUrl>(url), options, std::move(executors), metrics);
}

} // namespace focus::db
