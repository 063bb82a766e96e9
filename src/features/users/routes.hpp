// The routes of /api/users that this room answers; wired by app.
#pragma once

#include "core/cache/cache.hpp"
#include "core/http/routes.hpp"
#include "features/users/service.hpp"

namespace focus::users {

void add_routes(http::Routes& routes, Service& service, cache::Cache& cache);

} // namespace focus::users
