// The jobs of the reminders room; wired by app.
#pragma once

#include "core/jobs/scheduler.hpp"
#include "features/reminders/service.hpp"

namespace focus::reminders {

/// `daily_reminders` and `weekly_summaries`: every minute, for those whose time has come.
void add_jobs(jobs::Scheduler& scheduler, Service& service);

} // namespace focus::reminders
