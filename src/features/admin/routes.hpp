// The routes of /api/admin; wired by app.
#pragma once

#include "core/http/routes.hpp"
#include "features/admin/service.hpp"

namespace focus::admin {

void add_routes(http::Routes& routes, Service& service);

} // namespace focus::admin
