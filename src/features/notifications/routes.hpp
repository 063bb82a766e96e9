// The routes of /api/notifications and what administrators send; wired by app.
#pragma once

#include "core/http/routes.hpp"
#include "features/notifications/hub.hpp"

namespace focus::notifications {

void add_routes(http::Routes& routes, Service& service, Hub& hub);

} // namespace focus::notifications
