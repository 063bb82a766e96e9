// The routes of /api/notifications and what administrators send; wired by app.
#pragma once

#include "core/http/routes.hpp"
#include "features/notifications/service.hpp"

namespace focus::notifications {

void add_routes(http::Routes& routes, Service& service);

} // namespace focus::notifications
