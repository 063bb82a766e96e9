// The routes of /api/challenges; wired by app.
#pragma once

#include "core/http/routes.hpp"
#include "features/challenges/service.hpp"

namespace focus::challenges {

void add_routes(http::Routes& routes, Service& service);

} // namespace focus::challenges
