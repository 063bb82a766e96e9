#include "app/rooms.hpp"

#include "core/idempotency/idempotency.hpp"
#include "features/activities/routes.hpp"
#include "features/admin/jobs.hpp"
#include "features/admin/routes.hpp"
#include "features/auth/jobs.hpp"
#include "features/auth/oidc_routes.hpp"
#include "features/auth/routes.hpp"
#include "features/blocking/jobs.hpp"
#include "features/blocking/routes.hpp"
#include "features/challenges/jobs.hpp"
#include "features/challenges/routes.hpp"
#include "features/notifications/jobs.hpp"
#include "features/notifications/routes.hpp"
#include "features/reminders/jobs.hpp"
#include "features/reminders/routes.hpp"
#include "features/reports/routes.hpp"
#include "features/users/routes.hpp"

namespace focus::app {

Rooms::Rooms(Foundation foundation, auth::Settings auth_settings, users::Defaults user_defaults,
             notifications::Hub::Settings socket_settings, auth::OidcSettings oidc_settings)
    : database{foundation.database}, cache{foundation.cache}, attempts{foundation.attempts},
      users{foundation.database, foundation.clock, user_defaults},
      guard{foundation.database, foundation.bus, foundation.clock, auth_settings.jwt_secret},
      auth{foundation.database, foundation.clock,  std::move(auth_settings), users, foundation.hasher, foundation.outbox, guard,
           foundation.attempts, foundation.metrics},
      oidc{foundation.database, foundation.clock, std::move(oidc_settings), users, auth},
      activities{foundation.database, foundation.clock, users, foundation.metrics},
      notifications{foundation.database, foundation.bus, foundation.clock, users},
      hub{notifications, auth, guard, foundation.bus, foundation.clock, foundation.metrics, socket_settings},
      blocking{foundation.database, foundation.bus,          foundation.clock,  users, activities, notifications,
               foundation.outbox,   foundation.frontend_url, foundation.metrics},
      challenges{foundation.database,     foundation.clock,  users, activities, notifications, foundation.outbox,
                 foundation.frontend_url, foundation.metrics},
      reminders{foundation.database, foundation.clock, users, activities, blocking, challenges, foundation.outbox, foundation.frontend_url},
      reports{foundation.database, foundation.clock, activities},
      admin{foundation.database, foundation.clock, users, auth, activities, blocking, challenges, foundation.outbox, foundation.cache} {
    users.on_removed([&outbox = foundation.outbox, &cache = foundation.cache,
                      &accounts = admin.accounts()](db::Transaction& tx, std::int64_t user_id) -> db::Task<void> {
        outbox.forget_user(tx, user_id);
        idempotency::forget_user(tx, user_id);
        activities::Service::forget_user(tx, user_id);
        co_await accounts.begin_forgetting(tx, user_id); // behind the mails: what is delivered now writes no entry afterwards
        tx.after_commit([&cache, user_id] {
            cache.forget({users::topic_of(user_id), users::topic_of(user_id) + ":*", activities::topic_of(user_id) + ":*"});
        });
    });
    reports.add_section(users.personal_data());
    reports.add_section(auth.personal_data());
    reports.add_section(oidc.personal_data());
    for (auto& section : activities.personal_data()) reports.add_section(std::move(section));
    reports.add_section(blocking.personal_data());
    for (auto& section : challenges.personal_data()) reports.add_section(std::move(section));
    reports.add_section(notifications.personal_data());
    reports.add_section(mail::personal_data(foundation.database));
    reports.add_section(audit::personal_data(foundation.database));
}

void Rooms::add_routes(http::Routes& routes, jobs::Scheduler& scheduler, const mail::Templates& templates) {
    users::add_routes(routes, users, cache);
    auth::add_routes(routes, auth);
    auth::add_oidc_routes(routes, oidc);
    activities::add_routes(routes, activities, cache);
    notifications::add_routes(routes, notifications, hub);
    blocking::add_routes(routes, blocking);
    reports::add_routes(routes, reports, cache);
    challenges::add_routes(routes, challenges, attempts);
    reminders::add_routes(routes, reminders);
    admin::add_routes(routes, admin, scheduler, templates);
}

void Rooms::add_jobs(jobs::Scheduler& scheduler, const Clock& clock, int unverified_days) {
    auth::add_jobs(scheduler, auth);
    notifications::add_jobs(scheduler, notifications);
    blocking::add_jobs(scheduler, blocking);
    challenges::add_jobs(scheduler, challenges);
    reminders::add_jobs(scheduler, reminders);
    admin::add_jobs(scheduler, admin, clock, unverified_days);
}

} // namespace focus::app
