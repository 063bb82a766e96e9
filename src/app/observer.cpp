#include "app/observer.hpp"

#include "core/async/failures.hpp"
#include "core/async/periodic.hpp"
#include "core/base/fold.hpp"
#include "core/base/log.hpp"
#include "core/http/server.hpp"
#include "core/redis/client.hpp"

#include <array>

namespace focus::app {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds k_ping_every{15};
constexpr std::chrono::seconds k_count_every{60};
constexpr std::chrono::minutes k_name_every{10};
constexpr int k_days_of_use = 7; // the most used apps are chosen by these days

constexpr db::Statement k_ping{"metrics.ping", "SELECT 1"};

std::vector<metrics::Gauge> levels(metrics::Registry& registry, std::string_view name, std::string_view help,
                                   std::initializer_list<const char*> statuses) {
    std::vector<metrics::Gauge> gauges;
    for (const auto* status : statuses) gauges.push_back(registry.level(name, help, {{"status", status}}));
    return gauges;
}

void set_all(const std::vector<metrics::Gauge>& gauges, const auto& values) {
    for (std::size_t i = 0; i < gauges.size(); ++i) gauges[i].set(static_cast<double>(values[i]));
}

} // namespace

Observer::Observer(Parts parts, const Settings& settings)
    : parts_{parts}, database_up_{parts.metrics.gauge("focus_api_database_up", "Whether the database answers (1) or not (0).")},
      users_{levels(parts.metrics, "focus_api_users_total", "Accounts by status.", {"active", "unverified", "inactive"})},
      challenges_{
          levels(parts.metrics, "focus_api_challenges_total", "Challenges by status.", {"upcoming", "active", "completed", "cancelled"})} {
    auto& database = parts_.modules.core.database;
    parts_.metrics
        .gauge("focus_api_info", "What runs here.",
               {{"version", FOCUS_VERSION},
                {"environment", settings.environment},
                {"database", database.dialect() == db::Dialect::sqlite ? "sqlite" : "mysql"}})
        .set(1);
    look_at("focus_api_uptime_seconds", "Time since the server was started.",
            [this] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count(); });
    look_at("focus_api_background_failures", "Background tasks that ended by an exception since the start.",
            [] { return static_cast<double>(async::reported_failures()); });
    look_at("focus_api_http_connections", "Open connections of clients.",
            [this] { return static_cast<double>(parts_.server.connections()); });
    if (parts_.redis != nullptr)
        look_at("focus_api_redis_up", "Whether Redis can be used (1) or not (0).",
                [this] { return parts_.redis->is_up() && parts_.bus.is_up() ? 1.0 : 0.0; });
    look_at("focus_api_db_pool_size", "Connections to the database at most.",
            [&database] { return static_cast<double>(database.pool_status().size); });
    constexpr std::string_view k_queue = "focus_api_queue_length";
    constexpr std::string_view k_queue_help = "Work that waits for a thread or connection, by queue.";
    look_at(k_queue, k_queue_help, [&database] { return static_cast<double>(database.pool_status().waiting); }, {{"queue", "database"}});
    look_at(k_queue, k_queue_help, [this] { return static_cast<double>(parts_.hasher.waiting()); }, {{"queue", "password"}});
    if (parts_.server.certificate_end())
        look_at("focus_api_tls_certificate_expiry_timestamp_seconds", "When the served certificate ends.",
                [this] { return static_cast<double>(parts_.server.certificate_end().value_or(0)) / k_second_ms; });
    constexpr std::string_view k_sqlite = "sqlite:///";
    if (settings.database_url.starts_with(k_sqlite)) look_at_disk(settings.database_url.substr(k_sqlite.size()));
    parts_.metrics.on_scrape([this] {
        for (const auto& look : looks_) look.gauge.set(look.value());
    });
}

Observer::~Observer() { parts_.metrics.on_scrape({}); }

void Observer::look_at(std::string_view name, std::string_view help, std::function<double()> value, const metrics::Labels& labels) {
    looks_.push_back({parts_.metrics.gauge(name, help, labels), std::move(value)});
}

void Observer::look_at_disk(const std::filesystem::path& database) {
    const auto folder = std::filesystem::absolute(database).parent_path();
    const auto space = [folder] {
        std::error_code failed;
        const auto found = std::filesystem::space(folder, failed);
        return failed ? std::filesystem::space_info{} : found;
    };
    look_at("focus_api_disk_free_bytes", "Free space on the file system of the database file.",
            [space] { return static_cast<double>(space().available); });
    look_at("focus_api_disk_size_bytes", "Size of the file system of the database file.",
            [space] { return static_cast<double>(space().capacity); });
    look_at("focus_api_database_size_bytes", "Size of the database file.", [database] {
        std::error_code failed;
        const auto size = std::filesystem::file_size(database, failed);
        return failed ? 0.0 : static_cast<double>(size);
    });
}

void Observer::start(async::TaskGroup& tasks, asio::any_io_executor executor) {
    async::Periodic{std::move(executor),
                    {.name = "metrics of the service"},
                    [this]() -> db::Task<std::chrono::milliseconds> {
                        co_await run();
                        co_return k_ping_every;
                    }}
        .start(tasks);
}

db::Task<void> Observer::run() {
    const bool answers = co_await ping();
    database_up_.set(answers ? 1 : 0);
    if (answers && std::chrono::steady_clock::now() >= count_at_) {
        count_at_ = std::chrono::steady_clock::now() + k_count_every;
        co_await count();
    }
    if (answers && std::chrono::steady_clock::now() >= name_at_) {
        name_at_ = std::chrono::steady_clock::now() + k_name_every;
        co_await name_apps();
    }
}

db::Task<bool> Observer::ping() {
    try {
        auto& database = parts_.modules.core.database;
        co_await database.execute(k_ping);
        co_return database.damage().empty();
    } catch (const std::exception&) { // the database counts its errors; requests that fail are logged
        co_return false;
    }
}

db::Task<void> Observer::count() {
    try {
        const auto users = co_await parts_.modules.users.count_by_status();
        set_all(users_, std::array{users.active, users.unverified, users.inactive});
        set_all(challenges_, co_await parts_.modules.challenges.count_by_status());
    } catch (const std::exception& error) {
        log::warning("accounts and challenges could not be counted", {{"cause", std::string_view{error.what()}}});
    }
}

db::Task<void> Observer::name_apps() {
    try {
        const auto today = Zone{}.day_of(parts_.clock.now_ms());
        const auto apps = co_await parts_.modules.admin.usage().apps(today, k_days_of_use, metrics::NameCounters::k_most);
        std::vector<metrics::Name> names;
        for (const auto& app : apps) names.push_back({fold_case(app.app_name), app.app_name});
        parts_.modules.activities.name_in_metrics(names);
        parts_.modules.blocking.name_in_metrics(names);
    } catch (const std::exception& error) {
        log::warning("the apps used most could not be looked up", {{"cause", std::string_view{error.what()}}});
    }
}

} // namespace focus::app
