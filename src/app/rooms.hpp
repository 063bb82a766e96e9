// The rooms of the house, built in dependency order and wired to each other: the only place where they meet.
// Owns every service; what the services share (database, clock, mail, bus) outlives it.
#pragma once

#include "core/attempts/attempts.hpp"
#include "core/bus/bus.hpp"
#include "core/cache/cache.hpp"
#include "core/crypto/password.hpp"
#include "core/http/routes.hpp"
#include "core/jobs/scheduler.hpp"
#include "core/mail/outbox.hpp"
#include "core/mail/templates.hpp"
#include "core/metrics/metrics.hpp"
#include "features/activities/service.hpp"
#include "features/admin/service.hpp"
#include "features/auth/oidc_service.hpp"
#include "features/auth/service.hpp"
#include "features/blocking/service.hpp"
#include "features/challenges/service.hpp"
#include "features/notifications/hub.hpp"
#include "features/reminders/service.hpp"
#include "features/reports/service.hpp"
#include "features/users/service.hpp"

namespace focus::app {

/// What the rooms stand on.
struct Foundation {
    db::Database& database;
    cache::Cache& cache;
    bus::Bus& bus;
    const Clock& clock;
    crypto::PasswordHasher& hasher;
    mail::Outbox& outbox;
    attempts::Guard& attempts;
    metrics::Registry& metrics;
    std::string frontend_url; // where links in mails lead
};

struct Rooms {
    Rooms(Foundation foundation, auth::Settings auth_settings, users::Defaults user_defaults,
          notifications::Hub::Settings socket_settings = {}, auth::OidcSettings oidc_settings = {});

    /// Accounts never verified go after `unverified_days` (0: never).
    void add_jobs(jobs::Scheduler& scheduler, const Clock& clock, int unverified_days);
    void add_routes(http::Routes& routes, jobs::Scheduler& scheduler, const mail::Templates& templates);

    db::Database& database;
    cache::Cache& cache;
    attempts::Guard& attempts;
    users::Service users;
    auth::SessionGuard guard;
    auth::Service auth;
    auth::OidcService oidc;
    activities::Service activities;
    notifications::Service notifications;
    notifications::Hub hub;
    blocking::Service blocking;
    challenges::Service challenges;
    reminders::Service reminders;
    reports::Service reports;
    admin::Service admin;
};

} // namespace focus::app
