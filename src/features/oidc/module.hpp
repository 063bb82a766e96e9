// The module of signing in through OpenID providers: its routes and jobs; wired by app.
#pragma once

namespace focus::http {
class Routes;
}
namespace focus::jobs {
class Scheduler;
}

namespace focus::oidc {

class Service;

/// /api/auth/google, /api/auth/oidc and /api/auth/identities.
void add_routes(http::Routes& routes, Service& service);
/// `expired_flows`: deletes expired flows, links that wait for a password and used ID tokens.
void add_jobs(jobs::Scheduler& scheduler, Service& service);

} // namespace focus::oidc
