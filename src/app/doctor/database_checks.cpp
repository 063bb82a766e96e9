#include "app/doctor/database_checks.hpp"

#include "app/long_database.hpp"
#include "app/recount.hpp"
#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/db/migrate.hpp"
#include "core/db/query.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <format>
#include <optional>

#include <unistd.h>

namespace focus::app::doctor {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t k_users_looked_at = 200; // whose sums are recounted
constexpr std::uintmax_t k_little_space = 1ULL << 30;
constexpr std::uintmax_t k_no_space = 100ULL << 20;
constexpr double k_most_skew_s = 5;

constexpr auto k_version = db::select<std::string>("doctor.version", "SELECT sqlite_version()", "SELECT VERSION()");
struct ReadOnly {
    bool server = false;
    bool innodb = false;
};
constexpr auto k_read_only = db::select<ReadOnly>("doctor.read_only", "SELECT 0 AS server, 0 AS innodb",
                                                  "SELECT @@read_only AS server, @@innodb_read_only AS innodb");
// SQLite's PRAGMA as a SELECT, so that it runs as a read, concurrently with the writer.
constexpr auto k_quick_check = db::select<std::string>("doctor.quick_check", "SELECT quick_check FROM pragma_quick_check LIMIT 1");
constexpr auto k_clock = db::select<EpochMs>("doctor.clock", "SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)");

std::string why(const std::exception& error) {
    const auto* known = dynamic_cast<const Error*>(&error);
    return known != nullptr && !known->cause().empty() ? known->cause() : error.what();
}

class DatabaseChecks {
  public:
    DatabaseChecks(const Settings& settings, Findings& findings)
        : findings_{findings}, file_{sqlite_file_of(settings.database_url)}, database_{settings.database_url}, db_{database_.get()} {}

    void run() {
        bool is_reachable = false;
        database_.run([&]() -> boost::asio::awaitable<void> { is_reachable = co_await reach(); });
        if (!is_reachable) return;
        bool has_schema = false;
        each("database.schema", [&]() -> boost::asio::awaitable<void> { has_schema = co_await look_at_schema(); });
        each("database.writable", [&] { return look_at_read_only(); });
        if (!file_.empty()) each("database.integrity", [&] { return look_at_integrity(); });
        each("clock", [&] { return look_at_clock(); });
        if (has_schema) each("sums", [&] { return look_at_sums(); });
    }

  private:
    /// A check that throws has failed; the others still run.
    template <class F>
    void each(std::string_view name, F check) {
        try {
            database_.run(check);
        } catch (const std::exception& error) {
            findings_.fail(name, why(error));
        }
    }

    boost::asio::awaitable<bool> reach() {
        try {
            const auto version = co_await db_.get(k_version.one());
            const auto* product = file_.empty() ? "" : "SQLite ";
            findings_.ok("database.reachable", product + version);
            co_return true;
        } catch (const std::exception& error) {
            findings_.fail("database.reachable", why(error));
            co_return false;
        }
    }

    boost::asio::awaitable<bool> look_at_schema() {
        const auto known = db::embedded_migrations(db_.dialect());
        const auto states = co_await db::migration_status(db_, known);
        const auto pending = std::ranges::count_if(states, [](const db::MigrationState& state) { return !state.applied_at_ms; });
        if (states.size() > known.size()) {
            findings_.fail("database.schema", "made by a newer version of Focus: this one does not start");
            co_return false;
        }
        if (pending > 0) {
            findings_.warn("database.schema",
                           std::format("{} migrations are pending: `focus migrate`, or the next start applies them", pending));
            co_return false;
        }
        findings_.ok("database.schema", std::format("up to date, {:04}", states.back().number));
        co_return true;
    }

    boost::asio::awaitable<void> look_at_read_only() {
        const auto read_only = co_await db_.get(k_read_only.one());
        const bool is_file_closed = !file_.empty() && ::access(file_.c_str(), W_OK) != 0;
        if (read_only.server || read_only.innodb || is_file_closed)
            findings_.fail("database.writable", "it is read-only: every change is refused");
        else
            findings_.ok("database.writable", "yes");
    }

    boost::asio::awaitable<void> look_at_integrity() {
        const auto found = co_await db_.get(k_quick_check.first());
        const auto answer = found.value_or("no answer");
        if (answer == "ok")
            findings_.ok("database.integrity", "quick_check ok");
        else
            findings_.fail("database.integrity", answer + ": restore the last backup");
        const auto folder = fs::path{file_}.parent_path();
        const auto available = fs::space(folder.empty() ? fs::path{"."} : folder).available;
        const auto text = std::format("{} MiB free", available >> 20);
        if (available < k_no_space)
            findings_.fail("database.disk", text);
        else if (available < k_little_space)
            findings_.warn("database.disk", text);
        else
            findings_.ok("database.disk", text);
    }

    boost::asio::awaitable<void> look_at_clock() {
        if (!file_.empty()) {
            findings_.ok("clock", "this machine's");
            co_return;
        }
        const auto before = system_now_ms();
        const auto now = co_await db_.get(k_clock.one());
        const auto middle = before + (system_now_ms() - before) / 2;
        const auto skew = static_cast<double>(now - middle) / 1000;
        const auto text = std::format("the database's is {:.1f} s {} this machine's", std::abs(skew), skew < 0 ? "behind" : "before");
        if (std::abs(skew) > k_most_skew_s)
            findings_.warn("clock", text + ": keep both by NTP");
        else
            findings_.ok("clock", text);
    }

    boost::asio::awaitable<void> look_at_sums() {
        recount::Report report;
        co_await recount_all(db_, {.now = Clock{}.now_ms(), .most_users = k_users_looked_at}, report);
        if (report.keys() == 0) {
            findings_.ok("sums", std::format("right, of the newest {} accounts and of all together", k_users_looked_at));
            co_return;
        }
        std::string tables;
        for (const auto& found : report.findings()) {
            if (found.keys > 0) tables += std::format("{}{} in {}", tables.empty() ? "" : ", ", found.keys, found.table);
        }
        findings_.warn("sums", tables + " differ from their rows: `focus recount`");
    }

    Findings& findings_;
    std::string file_; // empty: not SQLite
    LongDatabase database_;
    db::Database& db_;
};

} // namespace

void check_database(const Settings& settings, Findings& findings) {
    const auto file = sqlite_file_of(settings.database_url);
    if (!file.empty() && !fs::exists(file)) {
        findings.warn("database.reachable", std::format("there is no {} yet: the first start makes it", file));
        return;
    }
    try {
        DatabaseChecks{settings, findings}.run();
    } catch (const std::exception& error) {
        findings.fail("database.reachable", why(error));
    }
}

} // namespace focus::app::doctor
