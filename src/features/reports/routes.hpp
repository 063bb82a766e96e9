// The routes of /api/users/me that combine rooms; wired by app.
#pragma once

#include "core/cache/cache.hpp"
#include "core/http/routes.hpp"
#include "features/reports/service.hpp"

namespace focus::reports {

void add_routes(http::Routes& routes, Service& service, cache::Cache& cache);

} // namespace focus::reports
