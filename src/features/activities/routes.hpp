// The routes of /api/activities; wired by app.
#pragma once

#include "core/cache/cache.hpp"
#include "core/http/routes.hpp"
#include "features/activities/service.hpp"

namespace focus::activities {

void add_routes(http::Routes& routes, Service& service, cache::Cache& cache);

} // namespace focus::activities
