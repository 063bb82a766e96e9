// Modules: the services of all features, constructed in the order of their dependencies.
// Owns the services and a copy of the Core; the parts that the Core refers to outlive it. Always holds: wiring.cpp is the
// only file that connects modules: no module subscribes to another; hooks are registered only there.
#pragma once

#include "core/core.hpp"
#include "core/http/routes.hpp"
#include "core/jobs/scheduler.hpp"
#include "core/mail/templates.hpp"
#include "features/activities/service.hpp"
#include "features/admin/service.hpp"
#include "features/auth/service.hpp"
#include "features/blocking/service.hpp"
#include "features/challenges/service.hpp"
#include "features/notifications/hub.hpp"
#include "features/oidc/service.hpp"
#include "features/reminders/service.hpp"
#include "features/reports/service.hpp"
#include "features/users/service.hpp"

namespace focus::app {

struct Modules {
    Modules(Core shared, auth::Settings auth_settings, users::Defaults user_defaults, notifications::Hub::Settings socket_settings = {},
            oidc::Settings oidc_settings = {});
    Modules(const Modules&) = delete;
    Modules& operator=(const Modules&) = delete;

    struct Retention {
        int audit_days = 0;      // how long audit entries are kept; 0: for ever
        int unverified_days = 0; // when accounts that were never verified are removed; 0: never
    };
    void add_jobs(jobs::Scheduler& scheduler, Retention retention);
    void add_routes(http::Routes& routes, jobs::Scheduler& scheduler, const mail::Templates& templates);

    Core core;
    users::Service users;
    auth::SessionGuard guard;
    auth::Service auth;
    oidc::Service oidc;
    activities::Service activities;
    notifications::Service notifications;
    notifications::Hub hub;
    blocking::Service blocking;
    challenges::Service challenges;
    reminders::Service reminders;
    reports::Service reports;
    admin::Service admin;

  private:
    void bind_hooks();
    void add_export_sections();
};

} // namespace focus::app
