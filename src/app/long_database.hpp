// A connection to the database of the settings for commands whose statements take longer than a request may.
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
    /// Throws std::invalid_argument when `url` is a SQLite file that is not there, unless `create` is set.
    explicit LongDatabase(const std::string& url, bool create = false);
    /// On the thread of another one, whose run() then serves both.
    LongDatabase(LongDatabase& other, const std::string& url, bool create);
    ~LongDatabase();
    LongDatabase(const LongDatabase&) = delete;
    LongDatabase& operator=(const LongDatabase&) = delete;

    [[nodiscard]] db::Database& get() noexcept { return *database_; }
    /// Runs one piece of work on this thread; what it throws comes out here.
    void run(std::function<boost::asio::awaitable<void>()> work);
    /// Throws std::runtime_error unless all migrations are applied, and no others.
    boost::asio::awaitable<void> require_schema();

  private:
    LongDatabase(std::shared_ptr<boost::asio::io_context> context, const std::string& url, bool create);

    metrics::Registry metrics_{false};
    std::shared_ptr<boost::asio::io_context> context_;
    std::unique_ptr<db::Database> database_;
};

/// The file of a SQLite URL; empty for MySQL.
[[nodiscard]] std::string sqlite_file_of(const std::string& url);

} // namespace focus::app
