#include "features/reminders/module.hpp"

#include "core/jobs/scheduler.hpp"
#include "features/reminders/service.hpp"

namespace focus::reminders {

void add_jobs(jobs::Scheduler& scheduler, Service& service) {
    const auto add = [&](std::string name, Kind kind) {
        scheduler.add({.name = std::move(name),
                       .schedule = jobs::Schedule::every(std::chrono::minutes{1}),
                       .body = [&service, kind](const jobs::Run& run) { return service.run(kind, run); }});
    };
    add("daily_reminders", Kind::daily_reminder);
    add("weekly_summaries", Kind::weekly_summary);
}

} // namespace focus::reminders
