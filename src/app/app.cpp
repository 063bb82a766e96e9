#include "app/app.hpp"

#include "app/demo.hpp"
#include "app/mails.hpp"
#include "app/observer.hpp"
#include "app/reload.hpp"
#include "app/secrets.hpp"
#include "app/service_manager.hpp"
#include "app/system_routes.hpp"
#include "core/async/run.hpp"
#include "core/async/task_group.hpp"
#include "core/base/log.hpp"
#include "core/crypto/crypto.hpp"
#include "core/db/migrate.hpp"
#include "core/http/docs.hpp"
#include "core/http/redis_rate_limiter.hpp"
#include "core/http/server.hpp"
#include "core/instances/pulse.hpp"
#include "core/mail/delivery.hpp"
#include "core/redis/client.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/host_name.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/resource.h>

#include <csignal>
#include <exception>
#include <filesystem>
#include <format>
#include <iostream>
#include <thread>

#include <unistd.h>

namespace focus::app {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds k_jobs_patience{10}; // at the stop; the steps of a job are short
constexpr int k_background_niceness = 10;

int worker_count(const Settings& settings) {
    if (settings.workers > 0) return settings.workers;
    return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

std::vector<std::unique_ptr<asio::io_context>> make_contexts(int count) {
    std::vector<std::unique_ptr<asio::io_context>> contexts;
    contexts.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) contexts.push_back(std::make_unique<asio::io_context>(1));
    return contexts;
}

using Contexts = std::vector<std::unique_ptr<asio::io_context>>;

/// One context per I/O thread.
std::vector<asio::any_io_executor> executors_of(const Contexts& contexts, asio::io_context& background) {
    std::vector<asio::any_io_executor> executors;
    executors.reserve(contexts.size() + 1);
    for (const auto& context : contexts) executors.emplace_back(context->get_executor());
    executors.emplace_back(background.get_executor());
    return executors;
}

std::unique_ptr<redis::Client> make_redis(const Settings& settings, const Contexts& contexts, asio::io_context& background) {
    if (settings.redis_url.empty()) return nullptr;
    return std::make_unique<redis::Client>(redis::parse_url(settings.redis_url), executors_of(contexts, background));
}

std::unique_ptr<bus::Bus> make_bus(const Settings& settings, asio::io_context& background) {
    return settings.redis_url.empty() ? bus::make_local_bus() : bus::make_redis_bus(settings.redis_url, background.get_executor());
}

/// With Redis all instances share their counts.
std::unique_ptr<http::RateLimiter> make_rate_limiter(const http::RatePolicy& policy, redis::Client* redis) {
    if (redis == nullptr) return std::make_unique<http::MemoryRateLimiter>(policy);
    return std::make_unique<http::RedisRateLimiter>(policy, *redis);
}

std::unique_ptr<db::Database> open_database(const Settings& settings, const Contexts& contexts, asio::io_context& background,
                                            metrics::Registry& metrics) {
    constexpr std::string_view k_sqlite = "sqlite:///";
    if (settings.database_url.starts_with(k_sqlite)) {
        const auto folder = std::filesystem::path{settings.database_url.substr(k_sqlite.size())}.parent_path();
        if (!folder.empty()) std::filesystem::create_directories(folder);
    }
    return db::open({.url = settings.database_url, .pool_size = settings.database_pool_size}, executors_of(contexts, background), metrics);
}

http::ApiInfo api_info() {
    return {.title = "Focus",
            .version = FOCUS_VERSION,
            .description =
                "Record how long you spend in which app, see where the time goes, keep limits, take challenges with friends.\n\n"
                "Errors are problem+json (RFC 9457) with a stable `code`. Times are RFC 3339 in UTC, days are calendar days in the "
                "user's time zone, durations are minutes.",
            .tags = {{"auth", "Accounts, sessions, tokens"},
                     {"users", "Profiles"},
                     {"activities", "What was used, when and how long"},
                     {"statistics", "Where the time went"},
                     {"admin", "For administrators: accounts, numbers, audit trail, health"},
                     {"operation", "For operators and orchestrators"}}};
}

mail::Settings mail_settings(const Settings& settings) {
    return {.server = settings.mail_server,
            .port = settings.mail_port,
            .username = settings.mail_username,
            .password = settings.mail_password,
            .from = settings.mail_from,
            .from_name = settings.mail_from_name,
            .tls = settings.mail_tls,
            .ssl = settings.mail_ssl,
            .ca_file = settings.mail_ca_file};
}

notifications::Hub::Settings socket_settings(const Settings& settings) {
    notifications::Hub::Settings sockets{.heartbeat = std::chrono::seconds{settings.websocket_heartbeat_seconds}};
    if (!settings.rate_limit_enabled) sockets.max_per_user.reset();
    return sockets;
}

http::Options http_options(const Settings& settings) {
    http::Options options;
    options.host = settings.host;
    options.port = static_cast<std::uint16_t>(settings.port);
    options.tls_cert_file = settings.tls_cert_file;
    options.tls_key_file = settings.tls_key_file;
    options.cors_origins = settings.cors_origins;
    options.trusted_proxies = settings.trusted_proxies;
    options.allowed_hosts = settings.allowed_hosts;
    options.limits.connections = static_cast<std::size_t>(settings.max_connections);
    options.limits.body_memory = static_cast<std::size_t>(settings.max_body_memory) << 20U;
    options.limits.connections_per_network = static_cast<std::size_t>(settings.max_connections_per_ip);
    options.uncounted_networks = settings.trusted_proxies; // many clients share their address
    options.uncounted_networks.insert(options.uncounted_networks.end(), {"127.0.0.0/8", "::1"});
    return options;
}

/// In production, /metrics must have a token or an address of its own, or be public by an explicit setting.
bool is_metrics_open(const Settings& settings) {
    return settings.is_development() || settings.metrics_public || !settings.metrics_token.empty() || !settings.metrics_address.empty();
}

users::Defaults user_defaults(const Settings& settings) {
    users::Defaults defaults;
    if (settings.default_daily_limit > 0) defaults.daily_limit_ms = settings.default_daily_limit * k_minute_ms;
    defaults.reminder_minute = parse_hhmm(settings.reminder_time).value_or(defaults.reminder_minute);
    return defaults;
}

/// A port that is free now. It replaces PORT=0 before anything is built, because mailed links need the address.
int free_port(const std::string& host) {
    asio::io_context context;
    asio::ip::tcp::resolver resolver{context};
    const asio::ip::tcp::acceptor acceptor{context, resolver.resolve(host, "0").begin()->endpoint()};
    return acceptor.local_endpoint().port();
}

/// Every socket is a file: the soft limit is raised to the hard one, which needs no privilege.
void raise_file_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// The name of this instance in the list of jobs.
std::string instance_name() { return std::format("{}/{}", asio::ip::host_name(), ::getpid()); }

std::string address_of(const Settings& settings) {
    const auto host = settings.host.contains(':') ? "[" + settings.host + "]" : settings.host;
    return std::format("{}://{}:{}", settings.tls_cert_file.empty() ? "http" : "https", host, settings.port);
}

} // namespace

App::App(Settings settings, std::unique_ptr<db::Database> database)
    : settings_{std::move(settings)}, contexts_{make_contexts(worker_count(settings_))},
      redis_{make_redis(settings_, contexts_, background_)}, bus_{make_bus(settings_, background_)} {
    const auto secret = secret_key_of(settings_);
    if (settings_.port == 0) settings_.port = free_port(settings_.host);
    if (settings_.frontend_url.empty()) settings_.frontend_url = address_of(settings_);
    database_ = database ? std::move(database) : open_database(settings_, contexts_, background_, metrics_);
    cache_ = std::make_unique<cache::Cache>(
        cache::Options{.enabled = settings_.cache_enabled, .ttl = std::chrono::seconds{settings_.cache_ttl_seconds}}, *database_,
        redis_.get(), *bus_, metrics_);
    if (settings_.rate_limit_enabled) rate_limiter_ = make_rate_limiter(settings_.rate_limits, redis_.get());
    refusals_ = std::make_unique<RefusalLog>(*database_, clock_, metrics_);
    hasher_ = std::make_unique<crypto::PasswordHasher>(crypto::PasswordHasher::Options{.cost = settings_.bcrypt_cost}, metrics_);
    outbox_ =
        std::make_unique<mail::Outbox>(mail::Outbox::Options{.sealing_key = crypto::derive_key(secret, "outbox"),
                                                             .links = {crypto::derive_key(secret, "unsubscribe"), settings_.frontend_url},
                                                             .first_retry_ms = settings_.mail_retry_seconds * k_second_ms},
                                       clock_);
    idempotency_ = std::make_unique<idempotency::Store>(*database_, clock_, crypto::derive_key(secret, "idempotency"));
    attempts_ = std::make_unique<attempts::Guard>(
        *database_, clock_,
        attempts::Guard::Options{.hash_key = crypto::derive_key(secret, "attempts"), .enabled = settings_.rate_limit_enabled});
    modules_ = std::make_unique<Modules>(
        Core{*database_, *cache_, *bus_, clock_, *hasher_, *outbox_, *attempts_, metrics_, settings_.frontend_url},
        auth::Settings{.jwt_secret = crypto::derive_key(secret, "access token"),
                       .refresh_key = crypto::derive_key(secret, "refresh token"),
                       .access_token_ms = settings_.access_token_minutes * k_minute_ms,
                       .refresh_token_ms = settings_.refresh_token_days * k_day_ms,
                       .session_max_ms = settings_.session_max_days * k_day_ms,
                       .max_sessions = settings_.max_sessions},
        user_defaults(settings_), socket_settings(settings_),
        oidc::Settings{.providers = configured_providers(settings_), .allow_plain_http = settings_.is_development()});
    modules_->auth.limit_refreshes(rate_limiter_.get());
    scheduler_ = std::make_unique<jobs::Scheduler>(*database_, clock_, metrics_, jobs::Scheduler::Options{.instance = instance_name()});
    modules_->add_jobs(*scheduler_, {.audit_days = settings_.log_retention_days, .unverified_days = settings_.unverified_account_days});
    modules_->admin.health().set_sources(health_sources());
    templates_ = std::make_unique<mail::Templates>(
        mail::Templates::Options{.folder = settings_.mail_template_dir, .frontend_url = settings_.frontend_url}, all_mails());
    if (!settings_.mail_server.empty())
        transport_ = std::make_unique<mail::SmtpTransport>(mail_settings(settings_));
    else if (settings_.is_development())
        transport_ = std::make_unique<mail::DevMailbox>();
    add_routes();
}

App::~App() = default;

admin::HealthSources App::health_sources() {
    admin::HealthSources sources;
    sources.jobs = [this] { return scheduler_->status(); };
    sources.websocket = [this]() -> asio::awaitable<admin::WebsocketHealth> {
        const auto totals = modules_->hub.totals(0);
        co_return admin::WebsocketHealth{totals.active_users, totals.connections};
    };
    sources.cache = [this]() -> asio::awaitable<admin::CacheHealth> {
        const auto status = co_await cache_->status();
        co_return admin::CacheHealth{.status =
                                         status.status == "unavailable" ? admin::HealthStatus::degraded : admin::HealthStatus::healthy,
                                     .backend = status.backend,
                                     .version = status.version,
                                     .used_memory = status.used_memory,
                                     .clients = status.clients,
                                     .hit_ratio = status.hit_ratio};
    };
    sources.instance = instance_name();
    return sources;
}

void App::add_routes() {
    add_system_routes(routes_, {.database = *database_, .cache = *cache_, .clock = clock_, .pages = pages_, .start = state_});
    if (settings_.metrics_enabled && is_metrics_open(settings_)) {
        auto& routes = settings_.metrics_address.empty() ? routes_ : metrics_routes_;
        add_metrics_route(routes, metrics_, settings_.metrics_token, background_.get_executor());
    }
    modules_->add_routes(routes_, *scheduler_, *templates_);
    if (settings_.is_development()) {
        add_development_routes(routes_, clock_, scheduler_->clock_guard());
        if (const auto* mailbox = dynamic_cast<const mail::DevMailbox*>(transport_.get())) add_mailbox_routes(routes_, *mailbox, pages_);
    }
    http::add_docs(routes_, api_info());
}

http::Hooks App::hooks() {
    http::Hooks hooks;
    hooks.authenticate = [this](std::string token) { return modules_->guard.authenticate(std::move(token)); };
    hooks.rate_limiter = rate_limiter_.get();
    hooks.on_rate_limited = [this](http::Rate rate, const http::Call& call) { return refusals_->record(rate, call); };
    hooks.idempotency = idempotency_.get();
    hooks.page_for_unknown = [this](const http::Call& call, std::string_view path) { return pages_.page_for_unknown(call, path); };
    hooks.open = &state_.is_open();
    return hooks;
}

std::string App::openapi() const { return http::openapi_document(routes_, api_info()); }

asio::awaitable<void> App::prepare_database() {
    asio::steady_timer timer{co_await asio::this_coro::executor};
    const auto tell = [this](db::MigrationProgress progress) {
        state_.wait_for(progress.at == 0 ? std::string{"another process that migrates the database"}
                                         : std::format("migrating {} of {}", progress.at, progress.of));
    };
    for (bool waited = false;; waited = true) {
        bool lost = false;
        try {
            co_await db::migrate(*database_, db::embedded_migrations(database_->dialect()), tell);
            if (waited) log::info("the database answers");
            co_return;
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::unavailable || error.is(db::k_unusable)) throw;
            lost = true;
            if (!waited) log::warning("waiting for the database", {{"cause", std::string_view{error.what()}}});
        }
        if (lost) {
            state_.wait_for("the database");
            timer.expires_after(std::chrono::seconds{2});
            co_await timer.async_wait(asio::use_awaitable);
        }
    }
}

void App::run(std::function<asio::awaitable<void>()> work) { async::block_on(*contexts_.front(), work()); }

/// Listens first, so that the probes answer while the start still waits for the database.
asio::awaitable<void> App::start(http::Server& server, bool with_demo) {
    std::vector<asio::io_context*> contexts;
    contexts.reserve(contexts_.size());
    for (const auto& context : contexts_) contexts.push_back(context.get());
    server.start(contexts);
    log::info("listening",
              {{"address", std::string_view{address_of(settings_)}}, {"environment", std::string_view{settings_.environment}}});
    co_await prepare_database();
    state_.wait_for("the end of the start");
    if (!settings_.admin_password.empty()) {
        co_await modules_->auth.ensure_admin(settings_.admin_email, settings_.admin_username, settings_.admin_password,
                                             Origin{.ip = {}, .user_agent = {}, .request_id = {}, .endpoint = "settings"});
    }
    std::string demo_account;
    if (with_demo) demo_account = co_await fill_demo(*modules_, clock_);
    if (!settings_.database_replica_urls.empty()) log::warning("DATABASE_REPLICA_URLS is not used: everything is read from DATABASE_URL");
    state_.open();
    log::info("ready");
    if (with_demo) log::info("demo account", {{"sign_in", std::string_view{demo_account}}});
}

std::unique_ptr<http::Server> App::start_metrics_server() {
    if (!settings_.metrics_enabled) return nullptr;
    const auto address = split_address(settings_.metrics_address);
    if (!address) {
        if (!is_metrics_open(settings_)) log::warning("/metrics is closed: set METRICS_TOKEN, METRICS_ADDRESS or METRICS_PUBLIC=true");
        return nullptr;
    }
    http::Options options;
    options.host = address->host;
    options.port = address->port;
    auto server = std::make_unique<http::Server>(std::move(options), metrics_routes_, http::Hooks{}, clock_, metrics_);
    server->start({&background_});
    log::info("metrics are served", {{"address", std::format("{}:{}", address->host, server->bound_port())}});
    return server;
}

int App::serve(bool with_demo, std::function<Settings()> reload) {
    using namespace asio::experimental::awaitable_operators;
    raise_file_limit();
    mail::Delivery delivery{{.mails_per_second = settings_.mail_rate_per_second},
                            *database_,
                            *outbox_,
                            *templates_,
                            transport_.get(),
                            clock_,
                            metrics_,
                            background_.get_executor()};
    instances::Pulse pulse{*database_, instance_name(), FOCUS_VERSION, background_.get_executor()};
    http::Server server{http_options(settings_), routes_, hooks(), clock_, metrics_};
    std::vector<asio::executor_work_guard<asio::io_context::executor_type>> busy;
    std::vector<std::jthread> threads;
    busy.reserve(contexts_.size() + 1);
    for (const auto& context : contexts_) busy.emplace_back(context->get_executor());
    busy.emplace_back(background_.get_executor());
    for (std::size_t i = 1; i < contexts_.size(); ++i) threads.emplace_back([&context = *contexts_[i]] { context.run(); });
    threads.emplace_back([this] {
        ::setpriority(PRIO_PROCESS, 0, k_background_niceness); // of this thread (Linux): requests go first when cores are busy
        background_.run();
    });
    if (redis_) redis_->start();
    bus_->start();
    async::TaskGroup tasks;
    // Outside the group: SIGHUP must not end the process during the last steps of a stop.
    async::spawn(background_.get_executor(), "reload of the settings", reload_on_hangup(std::move(reload)));
    Observer observer{{metrics_, *modules_, *hasher_, server, clock_, redis_.get(), *bus_}, settings_};
    std::unique_ptr<http::Server> metrics_server;

    const auto until_stopped = [&]() -> asio::awaitable<void> {
        asio::signal_set signals{co_await asio::this_coro::executor, SIGINT, SIGTERM};
        // As a value, because || would wait for the signal after an exception.
        const auto started = [&]() -> asio::awaitable<std::exception_ptr> {
            try {
                co_await start(server, with_demo);
                co_return nullptr;
            } catch (...) {
                co_return std::current_exception();
            }
        };
        const auto first = co_await (started() || signals.async_wait(asio::use_awaitable));
        const bool stopped = first.index() != 0; // while starting
        const auto error = stopped ? nullptr : std::get<0>(first);
        if (stopped || error) co_await server.shutdown();
        if (error) std::rethrow_exception(error);
        if (stopped) co_return;
        metrics_server = start_metrics_server();
        delivery.start();
        pulse.start();
        scheduler_->start(background_.get_executor());
        modules_->blocking.schedules().start(background_.get_executor());
        observer.start(tasks, background_.get_executor());
        tasks.spawn(contexts_.front()->get_executor(), "watchdog of systemd", service_manager::keep_alive());
        service_manager::ready();
        co_await signals.async_wait(asio::use_awaitable);
        signals.clear(); // a second signal ends the process at once
        log::info("stopping");
        service_manager::stopping();
        state_.stop();
        server.drain();
        asio::steady_timer drain{co_await asio::this_coro::executor, std::chrono::seconds{settings_.drain_seconds}};
        co_await drain.async_wait(asio::use_awaitable);
        modules_->blocking.schedules().stop();
        co_await server.shutdown();
        if (metrics_server) co_await metrics_server->shutdown();
        if (!co_await scheduler_->stop(k_jobs_patience)) log::warning("jobs were still at work");
        co_await modules_->blocking.schedules().stopped();
        co_await delivery.stop();
        co_await pulse.stop();
        bus_->stop();
        if (redis_) redis_->stop();
    };
    const auto with_tasks = [&]() -> asio::awaitable<void> {
        std::exception_ptr failed;
        try {
            co_await until_stopped();
        } catch (...) {
            failed = std::current_exception();
        }
        tasks.stop();
        if (!co_await tasks.wait_for(k_jobs_patience)) tasks.abandon();
        if (failed) std::rethrow_exception(failed);
    };
    std::exception_ptr failure;
    try {
        async::block_on(*contexts_.front(), with_tasks());
    } catch (...) {
        failure = std::current_exception();
    }
    for (const auto& context : contexts_) context->stop();
    background_.stop();
    threads.clear();
    database_->close();
    if (failure) std::rethrow_exception(failure);
    log::info("stopped");
    return 0;
}

} // namespace focus::app
