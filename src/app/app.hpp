// The application: core, modules, routes and threads put together from the settings.
// Always holds: parts are stopped in the reverse order of their start, also when the start fails half-way.
#pragma once

#include "app/refusal_log.hpp"
#include "app/settings.hpp"
#include "app/start_state.hpp"
#include "app/web_pages.hpp"
#include "app/wiring.hpp"
#include "core/idempotency/idempotency.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace focus::mail {
class Templates;
class Transport;
} // namespace focus::mail

namespace focus::http {
class RateLimiter;
class Server;
struct Hooks;
} // namespace focus::http

namespace focus::redis {
class Client;
}

namespace focus::app {

class App {
  public:
    /// Builds everything over `database`, or opens that of the settings: this opens a SQLite file, but connects to no server.
    explicit App(Settings settings, std::unique_ptr<db::Database> database = nullptr);
    ~App();

    /// Listens, migrates, serves until SIGINT or SIGTERM, stops cleanly. Returns the exit status.
    /// On SIGHUP, `reload` reads the settings; those that may change while the server runs are applied.
    int serve(bool with_demo, std::function<Settings()> reload);
    /// Runs `work` on this thread (for commands) and rethrows its exception.
    void run(std::function<boost::asio::awaitable<void>()> work);
    /// Waits until the database can be reached, then applies pending migrations.
    boost::asio::awaitable<void> prepare_database();

    [[nodiscard]] std::string openapi() const;
    [[nodiscard]] const http::Routes& routes() const noexcept { return routes_; }

    /// The jobs of the modules and of the core.
    [[nodiscard]] jobs::Scheduler& scheduler() noexcept { return *scheduler_; }
    [[nodiscard]] Modules& modules() noexcept { return *modules_; }
    [[nodiscard]] db::Database& database() noexcept { return *database_; }
    [[nodiscard]] Clock& clock() noexcept { return clock_; }
    [[nodiscard]] const Settings& settings() const noexcept { return settings_; }

  private:
    void add_routes();
    [[nodiscard]] http::Hooks hooks();
    [[nodiscard]] admin::HealthSources health_sources();
    boost::asio::awaitable<void> start(http::Server& server, bool with_demo);
    [[nodiscard]] std::unique_ptr<http::Server> start_metrics_server();

    Settings settings_;
    Clock clock_;
    metrics::Registry metrics_{settings_.metrics_enabled};
    std::vector<std::unique_ptr<boost::asio::io_context>> contexts_; // one per I/O thread
    boost::asio::io_context background_{1};                          // runs jobs and mails, so that they delay no request
    std::unique_ptr<redis::Client> redis_;                           // null: a single instance
    std::unique_ptr<bus::Bus> bus_;
    std::unique_ptr<db::Database> database_;
    std::unique_ptr<cache::Cache> cache_;
    std::unique_ptr<http::RateLimiter> rate_limiter_; // null: no client is refused
    std::unique_ptr<RefusalLog> refusals_;
    std::unique_ptr<crypto::PasswordHasher> hasher_;
    std::unique_ptr<mail::Outbox> outbox_;
    std::unique_ptr<idempotency::Store> idempotency_;
    std::unique_ptr<attempts::Guard> attempts_;
    std::unique_ptr<mail::Templates> templates_;
    std::unique_ptr<mail::Transport> transport_; // null: mails stay in the outbox
    std::unique_ptr<Modules> modules_;
    std::unique_ptr<jobs::Scheduler> scheduler_;
    WebPages pages_;
    http::Routes routes_;
    http::Routes metrics_routes_; // served at METRICS_ADDRESS
    StartState state_;
};

} // namespace focus::app
