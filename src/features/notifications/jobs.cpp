#include "features/notifications/module.hpp"

#include "core/jobs/scheduler.hpp"
#include "features/notifications/service.hpp"

namespace focus::notifications {

void add_jobs(jobs::Scheduler& scheduler, Service& service) {
    scheduler.add({.name = "old_notifications",
                   .schedule = jobs::Schedule::cron("20 3 * * *"),
                   .jitter = std::chrono::minutes{10},
                   .body = [&service](const jobs::Run&) -> db::Task<void> { co_await service.delete_old(); },
                   .bears_leap = std::chrono::milliseconds{0}});
    scheduler.add({.name = "announcements",
                   .schedule = jobs::Schedule::every(std::chrono::seconds{5}),
                   .body = [&service](const jobs::Run& run) -> db::Task<void> {
                       co_await service.continue_announcements([&run] { return !run.should_stop(); });
                   }});
}

} // namespace focus::notifications
