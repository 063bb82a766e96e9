// The routes of /api/admin; wired by app.
#pragma once

#include "core/http/routes.hpp"
#include "core/jobs/scheduler.hpp"
#include "core/mail/templates.hpp"
#include "features/admin/service.hpp"

namespace focus::admin {

void add_routes(http::Routes& routes, Service& service, jobs::Scheduler& scheduler, const mail::Templates& templates);

} // namespace focus::admin
