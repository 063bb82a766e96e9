// The routes of /api/challenges; wired by app.
#pragma once

#include "core/attempts/attempts.hpp"
#include "core/http/routes.hpp"
#include "features/challenges/service.hpp"

namespace focus::challenges {

/// `guard` counts wrong invitation codes.
void add_routes(http::Routes& routes, Service& service, attempts::Guard& guard);

} // namespace focus::challenges
