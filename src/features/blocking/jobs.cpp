#include "features/blocking/module.hpp"

#include "core/jobs/scheduler.hpp"
#include "features/blocking/service.hpp"

namespace focus::blocking {

void add_jobs(jobs::Scheduler& scheduler, Service& service) {
    scheduler.add({.name = "old_limit_events",
                   .schedule = jobs::Schedule::cron("35 3 * * *"),
                   .jitter = std::chrono::minutes{10},
                   .body = [&service](const jobs::Run&) -> db::Task<void> { co_await service.delete_old_events(); },
                   .bears_leap = std::chrono::milliseconds{0}});
}

} // namespace focus::blocking
