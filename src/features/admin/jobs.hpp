// The jobs of the administration room; wired by app.
#pragma once

#include "core/jobs/scheduler.hpp"
#include "features/admin/service.hpp"

namespace focus::admin {

/// `usage_sums`: folds what activities changed into the sums over all users. `purges`: deletes the rows of large accounts.
/// `unverified_accounts`: removes accounts that were not verified within `unverified_days` (0: there is no such job).
void add_jobs(jobs::Scheduler& scheduler, Service& service, const Clock& clock, int unverified_days);

} // namespace focus::admin
