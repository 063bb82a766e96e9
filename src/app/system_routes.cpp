#include "app/system_routes.hpp"

#include "app/local_request.hpp"
#include "core/async/run.hpp"
#include "core/base/log.hpp"
#include "core/crypto/crypto.hpp"
#include "core/db/query.hpp"
#include "core/http/headers.hpp"

#include <algorithm>
#include <chrono>
#include <format>
#include <memory>
#include <optional>

namespace focus::app {

namespace asio = boost::asio;

namespace {

using http::Access;
using http::Call;
using http::Rate;
using http::Raw;
using http::Reply;
using http::Response;
using http::Task;

constexpr ErrorCode k_unsupported_type{ErrorKind::unsupported_type,
                                       "unsupported_type",
                                       {"The body must be application/json.", "Le corps doit être de type application/json."}};

/// Whether the server refuses writes, like a demoted primary.
constexpr auto k_ping = db::select<bool>("health.ping", "SELECT 0", "SELECT @@global.read_only OR @@global.innodb_read_only");
/// Changes nothing, but a server that refuses writes fails it, and then the pool closes its connections.
constexpr db::Statement k_try_write{"health.try_write", "DELETE FROM instances WHERE 1 = 0"};

struct Health {
    std::string status;
    std::string database;
    std::string cache;
    std::string version;
    std::optional<std::string> waiting_for;
    json::Timestamp timestamp;
};

struct Probe {
    std::string status;
};
struct Readiness {
    std::string status;
    std::optional<std::string> waiting_for;
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
    json::Or<bool, false> leap; // the change is seen as a fault of the clock
};
struct ClockState {
    json::Timestamp now;
};

/// Accepts only requests that a page of another site cannot send without a CORS preflight.
void require_json(const Call& call) {
    const auto type = call.header("Content-Type");
    if (!http::equal_ignoring_case(http::trim(type.substr(0, type.find(';'))), http::k_json)) throw Error{k_unsupported_type};
}

/// The text of /metrics. Always holds: it is made at most once a second, except for a short burst; further requests get
/// one that is at most a second old. Used on one thread only, the background's.
class MetricsText {
  public:
    explicit MetricsText(const metrics::Registry& metrics) : metrics_{metrics} {}

    Task<std::string> get() {
        constexpr std::chrono::seconds k_each{1};
        constexpr int k_in_a_row = 4;
        const auto now = std::chrono::steady_clock::now();
        const auto then = std::max(paid_until_, now) + k_each;
        if (text_.empty() || then - now <= k_in_a_row * k_each) {
            text_ = metrics_.render();
            paid_until_ = then;
        }
        co_return text_;
    }

  private:
    const metrics::Registry& metrics_;
    std::chrono::steady_clock::time_point paid_until_;
    std::string text_;
};

/// An answer with status 503 has Retry-After (RFC 9110 §10.2.3).
http::Headers again_unless(bool good) { return good ? http::Headers{} : http::Headers{{"Retry-After", "5"}}; }

struct DatabaseState {
    std::string_view status = "ok";
    std::optional<std::string> waiting_for;
};

/// No query is sent before the end of the start: the database may be busy with a migration.
Task<DatabaseState> look_at_database(const SystemParts& parts) {
    if (!parts.start.is_open().load()) co_return DatabaseState{"unavailable", parts.start.waiting_for()};
    bool read_only = false;
    try {
        read_only = co_await parts.database.get(k_ping.one());
        if (read_only) co_await parts.database.execute(k_try_write);
        if (!parts.database.damage().empty()) co_return DatabaseState{"unavailable", "an undamaged database file"}; // the database logs it
    } catch (const std::exception& error) {
        log::warning(read_only ? "health: the database takes no writes" : "health: the database does not answer",
                     {{"cause", std::string_view{error.what()}}});
        if (!read_only) co_return DatabaseState{"unavailable", "the database"};
    }
    if (read_only) co_return DatabaseState{"read_only", "a database that takes writes"};
    co_return DatabaseState{};
}

Response service_card() {
    const Service service{"Focus", FOCUS_VERSION, "/api/docs", "/api/openapi.json", "/api/health"};
    return {.content_type = http::k_json, .body = json::write(service)};
}

void add_health(http::Routes& routes, const SystemParts& parts) {
    routes.get("/api/health",
               {.id = "health",
                .summary = "How the service does",
                .description = "`healthy`; `degraded` while the cache (ok, unavailable, disabled) is unavailable, which costs nothing but "
                               "speed; or `unhealthy`, with 503, without a database (ok, unavailable, read_only). "
                               "`waiting_for` says what is missing, as \"migrating 3 of 17\".",
                .tag = "operation",
                .access = Access::nobody,
                .rate = Rate::none,
                .problems = {}},
               [parts](Call&) -> Task<Reply<Health>> {
                   auto database = co_await look_at_database(parts);
                   const bool healthy = !database.waiting_for;
                   const std::string cache{parts.cache.health()};
                   Health health{.status = !healthy                 ? "unhealthy"
                                           : cache == "unavailable" ? "degraded"
                                                                    : "healthy",
                                 .database = std::string{database.status},
                                 .cache = cache,
                                 .version = FOCUS_VERSION,
                                 .waiting_for = std::move(database.waiting_for),
                                 .timestamp = {parts.clock.now_ms()}};
                   co_return Reply<Health>{std::move(health), again_unless(healthy), healthy ? 200 : 503};
               });
    routes.get("/api/health/live",
               {.id = "live", .summary = "The process runs", .tag = "operation", .access = Access::nobody, .rate = Rate::none},
               [](Call&) -> Task<Reply<Probe>> { co_return Probe{"ok"}; });
    routes.get("/api/health/ready",
               {.id = "ready",
                .summary = "Requests may be sent here",
                .description = "503 while starting, without a database that takes writes, and from the first moment of a shutdown.",
                .tag = "operation",
                .access = Access::nobody,
                .rate = Rate::none},
               [parts](Call&) -> Task<Reply<Readiness>> {
                   DatabaseState database{"unavailable", parts.start.waiting_for()};
                   if (parts.start.is_ready()) database = co_await look_at_database(parts);
                   const bool ready = !database.waiting_for;
                   co_return Reply<Readiness>{Readiness{ready ? "ok" : "unavailable", std::move(database.waiting_for)}, again_unless(ready),
                                              ready ? 200 : 503};
               });
}

} // namespace

void add_system_routes(http::Routes& routes, SystemParts parts) {
    add_health(routes, parts);
    routes.serve("/",
                 {.id = "service",
                  .summary = "Name, version and links",
                  .description = "As JSON; a browser (`Accept: text/html`) gets the web page.",
                  .tag = "operation",
                  .access = Access::nobody,
                  .rate = Rate::none},
                 [&pages = parts.pages](Call& call) -> Task<Response> {
                     auto response = WebPages::is_for_browser(call) ? pages.page(call) : service_card();
                     response.headers.emplace_back("Vary", "Accept");
                     co_return response;
                 });
    parts.pages.add_routes(routes);
}

void add_metrics_route(http::Routes& routes, const metrics::Registry& metrics, std::string token, asio::any_io_executor background) {
    routes.get("/metrics",
               {.id = "metrics",
                .summary = "Metrics in the Prometheus text format",
                .description = "Asks for `METRICS_TOKEN` where that is set. With `METRICS_ADDRESS` it is served there only.",
                .tag = "operation",
                .access = Access::nobody,
                .rate = Rate::none,
                .problems = {k_not_authenticated.described("No token, or a wrong one.")}},
               [shared = std::make_shared<MetricsText>(metrics), token = std::move(token), background](Call& call) -> Task<Reply<Raw>> {
                   if (!token.empty() && !crypto::equal_constant_time(call.header("Authorization"), "Bearer " + token))
                       throw Error{k_not_authenticated.saying({"Metrics need a token.", "Les métriques demandent un jeton."})};
                   auto text = co_await async::run_on(background, shared->get());
                   co_return Raw{"text/plain; version=0.0.4; charset=utf-8", std::move(text)};
               });
}

void add_development_routes(http::Routes& routes, Clock& clock, jobs::ClockGuard& guard) {
    routes.post("/dev/clock",
                {.id = "setClock",
                 .summary = "Set the server's clock (development only)",
                 .access = Access::nobody,
                 .rate = Rate::none,
                 .hidden = true},
                [&clock, &guard](Call& call) -> Task<Reply<ClockState>> { // reads the body itself, after the check of the client
                    require_local(call);
                    require_json(call);
                    const auto wanted = json::parse<SetClock>(call.body());
                    if (!wanted.leap.value) co_await guard.trust(wanted.now.ms);
                    clock.run_from(wanted.now.ms);
                    log::warning("the clock was set", {{"now", std::string_view{format_rfc3339(wanted.now.ms)}}});
                    co_return ClockState{{clock.now_ms()}};
                });
}

} // namespace focus::app
