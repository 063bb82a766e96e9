// The jobs of the auth room; wired by app.
#pragma once

#include "core/jobs/scheduler.hpp"
#include "features/auth/service.hpp"

namespace focus::auth {

/// `expired_sessions`: deletes expired sessions and tokens.
void add_jobs(jobs::Scheduler& scheduler, Service& service);

} // namespace focus::auth
