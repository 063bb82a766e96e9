// The jobs of the administration room; wired by app.
#pragma once

#include "core/jobs/scheduler.hpp"
#include "features/admin/service.hpp"

namespace focus::admin {

/// `usage_sums`: folds what activities changed into the sums over all users. `purges`: deletes the rows of large accounts.
void add_jobs(jobs::Scheduler& scheduler, Service& service);

} // namespace focus::admin
