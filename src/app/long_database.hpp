// Opens the configured database for commands whose statements may exceed the time limit of a request.
#pragma once

#include "app/settings.hpp"
#include "core/db/database.hpp"
#include "core/metrics/metrics.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>

namespace focus::app {

class LongDatabase {
  public:
    /// Throws std::invalid_argument when `url` is a SQLite file that does not exist, unless `create` is set.
    explicit LongDatabase(const std::string& url, bool create = false);
    /// Shares the context of `other`: run() of either one serves both.
    LongDatabase(LongDatabase& other, const std::string& url, bool create);
    ~LongDatabase();
    LongDatabase(const LongDatabase&) = delete;
    LongDatabase& operator=(const LongDatabase&) = delete;

    [[nodiscard]] db::Database& get() noexcept { return *database_; }
    /// Runs `work` on this thread and rethrows its exception.
    void run(std::function<boost::asio::awaitable<void>()> work);
    /// Throws std::runtime_error unless exactly the known migrations are applied.
    boost::asio::awaitable<void> require_schema();

  private:
    LongDatabase(std::shared_ptr<boost::asio::io_context> context, const std::string& url, bool create);

    metrics::Registry metrics_{false};
    std::shared_ptr<boost::asio::io_context> context_;
    std::unique_ptr<db::Database> database_;
};

/// The path of the file in a SQLite URL; empty for MySQL.
[[nodiscard]] std::string sqlite_file_of(const std::string& url);

} // namespace focus::app
