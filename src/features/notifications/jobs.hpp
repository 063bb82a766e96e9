// The jobs of the notifications room; wired by app.
#pragma once

#include "core/jobs/scheduler.hpp"
#include "features/notifications/service.hpp"

namespace focus::notifications {

/// `old_notifications`: deletes what is older than 30 days. `announcements`: goes on telling everybody what was announced.
void add_jobs(jobs::Scheduler& scheduler, Service& service);

} // namespace focus::notifications
