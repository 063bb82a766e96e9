// The jobs of the blocking room; wired by app.
#pragma once

#include "core/jobs/scheduler.hpp"
#include "features/blocking/service.hpp"

namespace focus::blocking {

/// `old_limit_events`: deletes what was remembered of limits that were reached days ago.
void add_jobs(jobs::Scheduler& scheduler, Service& service);

} // namespace focus::blocking
