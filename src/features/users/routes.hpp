// The routes of /api/users that this room answers; wired by app.
#pragma once

#include "core/http/routes.hpp"
#include "features/users/service.hpp"

namespace focus::users {

void add_routes(http::Routes& routes, Service& service);

} // namespace focus::users
