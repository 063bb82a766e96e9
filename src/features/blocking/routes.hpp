// The routes of /api/blocked; wired by app.
#pragma once

#include "core/http/routes.hpp"
#include "features/blocking/service.hpp"

namespace focus::blocking {

void add_routes(http::Routes& routes, Service& service);

} // namespace focus::blocking
