// The admin module: its routes, jobs and recount; wired by app.
#pragma once

#include "core/db/database.hpp"
#include "core/recount/report.hpp"

namespace focus::http {
class Routes;
}
namespace focus::jobs {
class Scheduler;
}
namespace focus::mail {
class Templates;
}
namespace focus {
class Clock;
}

namespace focus::admin {

class Service;

/// /api/admin.
void add_routes(http::Routes& routes, Service& service, jobs::Scheduler& scheduler, const mail::Templates& templates);
/// `usage_sums`: folds what activities changed into the sums over all users. `purges`: deletes the rows of large accounts.
/// `unverified_accounts`: removes accounts that were not verified within `unverified_days` (0: there is no such job).
void add_jobs(jobs::Scheduler& scheduler, Service& service, const Clock& clock, int unverified_days);

/// Compares `service_days`, `service_apps`, `user_totals`, `last_uses` and `last_use_days` with the users' roll-ups and
/// repairs what differs. A last day later than in the roll-ups is correct: what was recorded on it may have been
/// deleted since. The server may run meanwhile: one statement compares the roll-ups with what is stored and what
/// is still to be folded, so that it sees each transaction in full or not at all; repairs take the turn of the fold.
db::Task<void> recount_usage(db::Database& database, recount::Mode mode, recount::Report& report);
/// The same inside a transaction.
db::Task<void> recount_usage(db::Transaction& tx, recount::Mode mode, recount::Report& report);

} // namespace focus::admin
