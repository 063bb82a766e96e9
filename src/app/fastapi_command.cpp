#include "app/fastapi_command.hpp"

#include "app/fastapi/move.hpp"
#include "app/fastapi/source.hpp"
#include "app/long_database.hpp"
#include "app/progress.hpp"
#include "core/base/days.hpp"
#include "core/db/migrate.hpp"
#include "core/db/url.hpp"

#include <filesystem>
#include <format>
#include <iostream>
#include <optional>
#include <stdexcept>

#include <unistd.h>

namespace focus::app {

namespace {

constexpr auto k_has_users =
    db::select<bool>("schema.has_users", "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'users'",
                     "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'users'");

/// A temporary folder; the destructor deletes it.
class ScratchFolder {
  public:
    ScratchFolder() : path_{std::filesystem::temp_directory_path() / std::format("focus-move-{}", ::getpid())} {
        std::filesystem::create_directories(path_);
        std::filesystem::permissions(path_, std::filesystem::perms::owner_all);
    }
    ~ScratchFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;

    [[nodiscard]] std::string url() const { return "sqlite:///" + (path_ / "focus.db").string(); }

  private:
    std::filesystem::path path_;
};

void require_source_url(const std::string& url) {
    bool is_mysql = false;
    try {
        is_mysql = std::holds_alternative<db::MysqlUrl>(db::parse_url(url));
    } catch (const std::invalid_argument& error) { // the value is not quoted: it may contain a password
        throw std::invalid_argument{std::string{"--source: "} + error.what()};
    }
    if (!is_mysql)
        throw std::invalid_argument{"--source is the MySQL database of the FastAPI service: mysql://user:password@host:3306/database"};
}

/// Only reads: creates no database.
void require_empty_target(const std::string& url) {
    if (const auto file = sqlite_file_of(url); !file.empty() && !std::filesystem::exists(file)) return;
    LongDatabase target{url};
    target.run([&target]() -> boost::asio::awaitable<void> {
        if (co_await target.get().get(k_has_users.exists())) co_await fastapi::require_empty(target.get());
    });
}

} // namespace

int migrate_from_fastapi(const Settings& settings, const std::string& source, bool dry_run) {
    require_source_url(source);
    require_empty_target(settings.database_url);
    std::optional<ScratchFolder> scratch;
    if (dry_run) scratch.emplace();
    LongDatabase from{source};
    LongDatabase to{from, scratch ? scratch->url() : settings.database_url, true};
    fastapi::MoveReport report;
    std::optional<ProgressBar> bar{std::in_place};
    const fastapi::MoveOptions options{.now = Clock{}.now_ms(),
                                       .reminder_minute = parse_hhmm(settings.reminder_time).value_or(0),
                                       .progress = [&bar](double part) { bar->show(part); }};
    from.run([&]() -> boost::asio::awaitable<void> {
        co_await fastapi::require_source(from.get());
        co_await db::migrate(to.get(), db::embedded_migrations(to.get().dialect()));
        report = co_await fastapi::move_all(from.get(), to.get(), options);
    });
    bar.reset();
    std::cout << report.text();
    std::cout << (dry_run ? "\ndry run: nothing was written\n" : "\nmoved\n");
    return report.is_complete() ? 0 : 1;
}

} // namespace focus::app
