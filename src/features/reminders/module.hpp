// The reminders module: its route and jobs; wired by app.
#pragma once

namespace focus::http {
class Routes;
}
namespace focus::jobs {
class Scheduler;
}

namespace focus::reminders {

class Service;

/// The unsubscribe links in mails.
void add_routes(http::Routes& routes, Service& service);
/// `daily_reminders` and `weekly_summaries`: every minute, for the users whose mail is due.
void add_jobs(jobs::Scheduler& scheduler, Service& service);

} // namespace focus::reminders
