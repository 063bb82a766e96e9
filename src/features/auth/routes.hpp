// The routes of /api/auth and the password routes of /api/users/me; wired by app.
#pragma once

#include "core/http/routes.hpp"
#include "features/auth/service.hpp"

namespace focus::auth {

void add_routes(http::Routes& routes, Service& service);

} // namespace focus::auth
