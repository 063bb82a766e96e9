#include "features/challenges/module.hpp"

#include "core/jobs/scheduler.hpp"
#include "features/challenges/service.hpp"

namespace focus::challenges {

void add_jobs(jobs::Scheduler& scheduler, Service& service) {
    scheduler.add({.name = "challenges",
                   .schedule = jobs::Schedule::every(std::chrono::seconds{5}),
                   .body = [&service](const jobs::Run& run) { return service.course().run(run); },
                   .bears_leap = std::chrono::days{1}});
}

} // namespace focus::challenges
