#include "features/auth/module.hpp"

#include "core/jobs/scheduler.hpp"
#include "features/auth/service.hpp"

namespace focus::auth {

void add_jobs(jobs::Scheduler& scheduler, Service& service) {
    scheduler.add({.name = "expired_sessions",
                   .schedule = jobs::Schedule::every(std::chrono::hours{1}),
                   .jitter = std::chrono::minutes{5},
                   .body = [&service](const jobs::Run&) -> db::Task<void> { co_await service.delete_expired(); },
                   .bears_leap = std::chrono::milliseconds{0}});
}

} // namespace focus::auth
