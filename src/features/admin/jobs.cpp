#include "features/admin/module.hpp"

#include "core/jobs/scheduler.hpp"
#include "features/admin/service.hpp"

namespace focus::admin {

void add_jobs(jobs::Scheduler& scheduler, Service& service, const Clock& clock, int unverified_days) {
    scheduler.add({.name = "usage_sums",
                   .schedule = jobs::Schedule::every(std::chrono::seconds{5}),
                   .body = [&service](const jobs::Run& run) -> db::Task<void> {
                       co_await service.usage().fold([&run] { return !run.should_stop(); });
                   }});
    scheduler.add({.name = "purges",
                   .schedule = jobs::Schedule::every(std::chrono::minutes{1}),
                   .body = [&service](const jobs::Run& run) -> db::Task<void> {
                       co_await service.accounts().continue_purges([&run] { return !run.should_stop(); });
                   }});
    if (unverified_days > 0) {
        scheduler.add({.name = "unverified_accounts",
                       .schedule = jobs::Schedule::cron("35 3 * * *"),
                       .jitter = std::chrono::minutes{10},
                       .body = [&service, &clock, unverified_days](const jobs::Run& run) -> db::Task<void> {
                           const auto before = clock.now_ms() - unverified_days * k_day_ms;
                           co_await service.accounts().remove_unverified(before, [&run] { return !run.should_stop(); });
                       },
                       .bears_leap = std::chrono::milliseconds{0}});
    }
}

} // namespace focus::admin
