// The notifications module: its routes and jobs; wired by app.
#pragma once

namespace focus::http {
class Routes;
}
namespace focus::jobs {
class Scheduler;
}

namespace focus::notifications {

class Hub;
class Service;

/// /api/notifications, its socket, and what administrators send.
void add_routes(http::Routes& routes, Service& service, Hub& hub);
/// `old_notifications`: deletes what is older than 30 days. `announcements`: delivers announcements to all users, in steps.
void add_jobs(jobs::Scheduler& scheduler, Service& service);

} // namespace focus::notifications
