#include "features/admin/jobs.hpp"

namespace focus::admin {

void add_jobs(jobs::Scheduler& scheduler, Service& service) {
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
}

} // namespace focus::admin
