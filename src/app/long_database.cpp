#include "app/long_database.hpp"

#include "core/async/run.hpp"
#include "core/db/migrate.hpp"
#include "core/db/url.hpp"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

namespace focus::app {

namespace {

constexpr std::chrono::hours k_statement_timeout{6};
constexpr int k_connections = 2;

} // namespace

std::string sqlite_file_of(const std::string& url) {
    const auto parsed = db::parse_url(url);
    const auto* file = std::get_if<db::SqliteUrl>(&parsed);
    return file == nullptr ? std::string{} : file->path;
}

LongDatabase::LongDatabase(const std::string& url, bool create) : LongDatabase{std::make_shared<boost::asio::io_context>(1), url, create} {}

LongDatabase::LongDatabase(LongDatabase& other, const std::string& url, bool create) : LongDatabase{other.context_, url, create} {}

LongDatabase::LongDatabase(std::shared_ptr<boost::asio::io_context> context, const std::string& url, bool create)
    : context_{std::move(context)} {
    const auto file = sqlite_file_of(url);
    if (!file.empty() && !create && !std::filesystem::exists(file)) throw std::invalid_argument{"there is no database " + file};
    if (!file.empty() && create) {
        const auto folder = std::filesystem::path{file}.parent_path();
        if (!folder.empty()) std::filesystem::create_directories(folder);
    }
    database_ =
        db::open({.url = url, .pool_size = k_connections, .statement_timeout = k_statement_timeout}, {context_->get_executor()}, metrics_);
}

LongDatabase::~LongDatabase() { database_->close(); }

void LongDatabase::run(std::function<boost::asio::awaitable<void>()> work) { async::block_on(*context_, work()); }

boost::asio::awaitable<void> LongDatabase::require_schema() {
    const auto migrations = db::embedded_migrations(database_->dialect());
    const auto states = co_await db::migration_status(*database_, migrations);
    if (states.size() > migrations.size()) throw std::runtime_error{"the database was made by a newer version of Focus: use that one"};
    const auto pending = std::ranges::count_if(states, [](const db::MigrationState& state) { return !state.applied_at_ms; });
    if (pending > 0) throw std::runtime_error{"the database's schema is not up to date: run `focus migrate` first"};
}

} // namespace focus::app
