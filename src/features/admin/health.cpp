#include "features/admin/health.hpp"

#include "core/base/log.hpp"
#include "core/instances/instances.hpp"
#include "core/mail/outbox_view.hpp"
#include "features/admin/rules.hpp"

#include <array>
#include <cmath>

namespace focus::admin {

namespace {

using Steady = std::chrono::steady_clock;

constexpr db::Statement k_ping{"health.ping", "SELECT 1"};
constexpr double k_slow_ms = 1000;
constexpr EpochMs k_old_mail_ms = 15 * k_minute_ms;

double milliseconds_since(Steady::time_point began) {
    const auto ms = std::chrono::duration<double, std::milli>(Steady::now() - began).count();
    return std::round(ms * 1000) / 1000;
}

} // namespace

db::Task<DatabaseHealth> Health::database() {
    DatabaseHealth health;
    health.dialect = db_.dialect() == db::Dialect::sqlite ? "sqlite" : "mysql";
    const auto began = Steady::now();
    try {
        co_await db_.execute(k_ping);
        if (!db_.damage().empty()) health.status = HealthStatus::unhealthy;
    } catch (const std::exception& error) {
        log::warning("health: the database does not answer", {{"cause", std::string_view{error.what()}}});
        health.status = HealthStatus::unhealthy;
    }
    health.latency_ms = milliseconds_since(began);
    if (health.status == HealthStatus::healthy && health.latency_ms > k_slow_ms) health.status = HealthStatus::degraded;
    const auto pool = db_.pool_status();
    health.pool = {.size = pool.size, .active = pool.active, .waiting = pool.waiting};
    co_return health;
}

db::Task<EmailHealth> Health::email() {
    const auto queue = co_await mail::queue(db_);
    EmailHealth health{.status = HealthStatus::healthy,
                       .pending = queue.pending,
                       .failed = queue.failed,
                       .dead = queue.dead,
                       .oldest_seconds = std::nullopt};
    if (queue.is_failing) health.status = HealthStatus::degraded;
    if (queue.oldest_ms) {
        const auto age_ms = std::max<EpochMs>(0, clock_.now_ms() - *queue.oldest_ms);
        health.oldest_seconds = static_cast<double>(age_ms) / static_cast<double>(k_second_ms);
        if (age_ms > k_old_mail_ms) health.status = HealthStatus::degraded;
    }
    co_return health;
}

db::Task<std::vector<InstanceHealth>> Health::instances() {
    std::vector<InstanceHealth> found;
    const auto alive = co_await instances::alive(db_);
    for (const auto& one : alive) {
        found.push_back({.name = one.name,
                         .version = one.version,
                         .started_at = {one.started_at_ms},
                         .seen_at = {one.seen_at_ms},
                         .is_this = one.name == sources_.instance});
    }
    co_return found;
}

db::Task<SystemHealth> Health::look() {
    SystemHealth health;
    health.version = FOCUS_VERSION;
    health.uptime_seconds = std::round(milliseconds_since(started_)) / 1000;
    health.database = co_await database();
    if (sources_.cache) health.cache = co_await sources_.cache();
    if (sources_.websocket) health.websocket = co_await sources_.websocket();
    if (health.database.status != HealthStatus::unhealthy) {
        health.email = co_await email();
        if (sources_.jobs) {
            const auto jobs = co_await sources_.jobs();
            health.scheduler = rules::scheduler_health(jobs, clock_.now_ms());
        }
        health.instances = co_await instances();
    }
    const std::array others{health.cache.status, health.email.status, health.scheduler.status};
    health.status = rules::overall(health.database.status, others);
    co_return health;
}

} // namespace focus::admin
