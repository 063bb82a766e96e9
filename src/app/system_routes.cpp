#include "app/system_routes.hpp"

#include "core/base/log.hpp"

#include <format>

namespace focus::app {

namespace {

using http::Access;
using http::Call;
using http::Rate;
using http::Raw;
using http::Reply;
using http::Task;

constexpr db::Statement k_ping{"health.ping", "SELECT 1"};

struct Health {
    std::string status;
    std::string database;
    std::string cache;
    std::string version;
    json::Timestamp timestamp;
};

struct Probe {
    std::string status;
};

struct Service {
    std::string name;
    std::string version;
    std::string documentation;
    std::string openapi;
    std::string health;
};

struct SetClock {
    json::Timestamp now;
};
struct ClockState {
    json::Timestamp now;
};

Task<bool> database_answers(db::Database& database) {
    try {
        co_await database.execute(k_ping);
        co_return true;
    } catch (const std::exception& error) {
        log::warning("health: the database does not answer", {{"cause", std::string_view{error.what()}}});
        co_return false;
    }
}

void add_health(http::Routes& routes, const SystemParts& parts) {
    routes.get("/api/health",
               {.id = "health",
                .summary = "How the service does",
                .description = "`healthy`; `degraded` while the cache (ok, unavailable, disabled) is unavailable, which costs nothing but "
                               "speed; or `unhealthy`, with 503, without the database.",
                .tag = "operation",
                .access = Access::nobody,
                .rate = Rate::none,
                .problems = {}},
               [parts](Call&) -> Task<Reply<Health>> {
                   const bool healthy = co_await database_answers(parts.database);
                   const std::string cache{parts.cache.health()};
                   Health health{.status = !healthy                 ? "unhealthy"
                                           : cache == "unavailable" ? "degraded"
                                                                    : "healthy",
                                 .database = healthy ? "ok" : "unavailable",
                                 .cache = cache,
                                 .version = FOCUS_VERSION,
                                 .timestamp = {parts.clock.now_ms()}};
                   co_return Reply<Health>{std::move(health), {}, healthy ? 200 : 503};
               });
    routes.get("/api/health/live",
               {.id = "live", .summary = "The process runs", .tag = "operation", .access = Access::nobody, .rate = Rate::none},
               [](Call&) -> Task<Reply<Probe>> { co_return Probe{"ok"}; });
    routes.get("/api/health/ready",
               {.id = "ready",
                .summary = "Requests may be sent here",
                .description = "503 while starting, without a database, and from the first moment of a shutdown.",
                .tag = "operation",
                .access = Access::nobody,
                .rate = Rate::none},
               [parts](Call&) -> Task<Reply<Probe>> {
                   const bool ready = parts.ready.load() && co_await database_answers(parts.database);
                   co_return Reply<Probe>{Probe{ready ? "ok" : "unavailable"}, {}, ready ? 200 : 503};
               });
}

} // namespace

void add_system_routes(http::Routes& routes, SystemParts parts) {
    add_health(routes, parts);
    routes.get(
        "/", {.id = "service", .summary = "Name, version and links", .tag = "operation", .access = Access::nobody, .rate = Rate::none},
        [](Call&) -> Task<Reply<Service>> { co_return Service{"Focus", FOCUS_VERSION, "/api/docs", "/api/openapi.json", "/api/health"}; });
    if (parts.metrics_enabled) {
        routes.get("/metrics",
                   {.id = "metrics",
                    .summary = "Metrics in the Prometheus text format",
                    .tag = "operation",
                    .access = Access::nobody,
                    .rate = Rate::none},
                   [&metrics = parts.metrics](Call&) -> Task<Reply<Raw>> {
                       co_return Raw{"text/plain; version=0.0.4; charset=utf-8", metrics.render()};
                   });
    }
}

void add_development_routes(http::Routes& routes, Clock& clock) {
    routes.post("/dev/clock",
                {.id = "setClock",
                 .summary = "Set the server's clock (development only)",
                 .access = Access::nobody,
                 .rate = Rate::none,
                 .hidden = true},
                [&clock](Call&, http::Body<SetClock> body) -> Task<Reply<ClockState>> {
                    clock.run_from(body->now.ms);
                    log::warning("the clock was set", {{"now", std::string_view{format_rfc3339(body->now.ms)}}});
                    co_return ClockState{{clock.now_ms()}};
                });
}

} // namespace focus::app
