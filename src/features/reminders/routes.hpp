// The route of the links in mails that turn them off; wired by app.
#pragma once

#include "core/http/routes.hpp"
#include "features/reminders/service.hpp"

namespace focus::reminders {

void add_routes(http::Routes& routes, Service& service);

} // namespace focus::reminders
