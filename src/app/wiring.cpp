#include "app/wiring.hpp"

#include "app/housekeeping.hpp"
#include "core/cache/cache.hpp"
#include "core/idempotency/idempotency.hpp"
#include "features/activities/module.hpp"
#include "features/admin/module.hpp"
#include "features/auth/module.hpp"
#include "features/blocking/module.hpp"
#include "features/challenges/module.hpp"
#include "features/notifications/module.hpp"
#include "features/oidc/module.hpp"
#include "features/reminders/module.hpp"
#include "features/reports/module.hpp"
#include "features/users/module.hpp"

namespace focus::app {

Modules::Modules(Core shared, auth::Settings auth_settings, users::Defaults user_defaults, notifications::Hub::Settings socket_settings,
                 oidc::Settings oidc_settings)
    : core{std::move(shared)}, users{core, user_defaults}, guard{core, auth_settings.jwt_secret},
      auth{core, std::move(auth_settings), users, guard}, oidc{core, std::move(oidc_settings), users, auth}, activities{core, users},
      notifications{core, users}, hub{core, notifications, guard, socket_settings}, blocking{core, users, notifications},
      challenges{core, users, notifications}, reminders{core, users, activities, blocking, challenges}, reports{core, activities},
      admin{core, users, auth, activities, blocking, challenges} {
    bind_hooks();
    add_export_sections();
}

/// All hooks between modules, in the order in which they run.
void Modules::bind_hooks() {
    // An account was saved: inside that transaction.
    users.on_saved([this](db::Transaction& tx, users::User user) -> db::Task<void> {
        co_await blocking.schedules().follow_zone(tx, user);
        reminders.follow(tx, user);
    });

    // An account was saved: after the commit.
    users.on_changed([this](std::int64_t user_id) { guard.forget(user_id); });

    // Ways to sign in to an account without its password: listed behind mailed links, and removed by a password reset if
    // the user wants it, inside that transaction.
    auth.set_identities({.of_user = &oidc::Service::identities_of,
                         .drop = [this](db::Transaction& tx, const users::User& user, const std::vector<auth::Identity>& identities,
                                        const Origin& origin) { oidc.drop_identities(tx, user, identities, origin); }});

    // A user's sessions ended: after the commit.
    auth.on_sessions_ended([this](auth::Service::Ended ended) { hub.publish_end(ended); });

    // An account is deleted: inside that transaction, which locks the user's row. No module reads what an earlier one
    // deletes, and two orders matter: auth mails the owner before the outbox deletes the address, and all hooks that
    // write an audit entry come before admin, which removes devices and addresses from the entries.
    users.on_removed([this](db::Transaction& tx, std::int64_t user_id) -> db::Task<void> {
        co_await auth.erase_user(tx, user_id);
        oidc::Service::erase_user(tx, user_id);
        notifications::Service::erase_user(tx, user_id);
        blocking.erase_user(tx, user_id);
        co_await challenges.erase_user(tx, user_id);
        reminders::Service::erase_user(tx, user_id);
        core.outbox.forget_user(tx, user_id);
        idempotency::forget_user(tx, user_id);
        activities::Service::forget_user(tx, user_id);
        co_await admin.accounts().begin_forgetting(tx, user_id);
        tx.after_commit([&cache = core.cache, user_id] {
            cache.forget({users::topic_of(user_id), users::topic_of(user_id) + ":*", activities::topic_of(user_id) + ":*"});
        });
    });

    // Activities were recorded, changed or deleted: inside that transaction, after the totals. The followers' reads are
    // sent together, then they apply one after the other. Each locks its own rows, so their order is a lock order.
    activities.on_recorded(blocking.follower());
    activities.on_recorded(challenges.follower());
    activities.on_recorded(admin::Service::follower()); // appends a row, locks none
}

/// The sections of a user's export, in the order in which the file has them.
void Modules::add_export_sections() {
    reports.add_section(users.personal_data());
    reports.add_section(auth.personal_data());
    reports.add_section(oidc.personal_data());
    for (auto& section : activities.personal_data()) reports.add_section(std::move(section));
    reports.add_section(blocking.personal_data());
    for (auto& section : challenges.personal_data()) reports.add_section(std::move(section));
    reports.add_section(notifications.personal_data());
    reports.add_section(mail::personal_data(core.database));
    reports.add_section(audit::personal_data(core.database));
}

/// Order does not affect matching; the OpenAPI document lists the endpoints in this order.
void Modules::add_routes(http::Routes& routes, jobs::Scheduler& scheduler, const mail::Templates& templates) {
    users::add_routes(routes, users, core.cache);
    auth::add_routes(routes, auth);
    oidc::add_routes(routes, oidc);
    activities::add_routes(routes, activities, core.cache);
    notifications::add_routes(routes, notifications, hub);
    blocking::add_routes(routes, blocking);
    reports::add_routes(routes, reports, core.cache);
    challenges::add_routes(routes, challenges, core.attempts);
    reminders::add_routes(routes, reminders);
    admin::add_routes(routes, admin, scheduler, templates);
}

/// Each job runs by its schedule; this order is only that of the list.
void Modules::add_jobs(jobs::Scheduler& scheduler, Retention retention) {
    auth::add_jobs(scheduler, auth);                                          // expired_sessions
    oidc::add_jobs(scheduler, oidc);                                          // expired_flows
    notifications::add_jobs(scheduler, notifications);                        // old_notifications, announcements
    blocking::add_jobs(scheduler, blocking);                                  // old_limit_events
    challenges::add_jobs(scheduler, challenges);                              // challenges
    reminders::add_jobs(scheduler, reminders);                                // daily_reminders, weekly_summaries
    admin::add_jobs(scheduler, admin, core.clock, retention.unverified_days); // usage_sums, purges, unverified_accounts
    // old_audit_entries, audit_summary, old_mails, expired_answers, forgotten_attempts
    add_housekeeping(scheduler, core.database, core.clock, retention.audit_days);
}

} // namespace focus::app
