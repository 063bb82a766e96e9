// The auth module: its routes and jobs; wired by app.
#pragma once

namespace focus::http {
class Routes;
}
namespace focus::jobs {
class Scheduler;
}

namespace focus::auth {

class Service;

/// /api/auth, except providers, and the password routes of /api/users/me.
void add_routes(http::Routes& routes, Service& service);
/// `expired_sessions`: deletes expired sessions and tokens.
void add_jobs(jobs::Scheduler& scheduler, Service& service);

} // namespace focus::auth
