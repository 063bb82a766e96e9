// The jobs that belong to no feature module: they delete expired rows of the core.
#pragma once

#include "core/db/database.hpp"
#include "core/jobs/scheduler.hpp"

namespace focus::app {

/// `old_audit_entries` (kept for `audit_days`; 0: for ever), `old_mails` (30 days), `expired_answers` of Idempotency-Keys,
/// `forgotten_attempts` at passwords and codes.
void add_housekeeping(jobs::Scheduler& scheduler, db::Database& database, const Clock& clock, int audit_days);

} // namespace focus::app
