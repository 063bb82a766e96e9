// The reports module: its routes; wired by app.
#pragma once

namespace focus::cache {
class Cache;
}
namespace focus::http {
class Routes;
}

namespace focus::reports {

class Service;

/// The routes of /api/users/me that combine modules.
void add_routes(http::Routes& routes, Service& service, cache::Cache& cache);

} // namespace focus::reports
