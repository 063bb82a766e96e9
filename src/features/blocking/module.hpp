// The blocking module: its routes, jobs and recount; wired by app.
#pragma once

#include "core/base/clock.hpp"
#include "core/recount/part.hpp"

namespace focus::http {
class Routes;
}
namespace focus::jobs {
class Scheduler;
}

namespace focus::blocking {

class Service;

/// /api/blocked.
void add_routes(http::Routes& routes, Service& service);
/// `old_limit_events`: deletes the records of limits that were reached days ago.
void add_jobs(jobs::Scheduler& scheduler, Service& service);

/// The number of all limits, counted again. A limit's counter is computed from the roll-ups on each request, so nothing
/// else of this module is a roll-up.
[[nodiscard]] recount::Part recount_part(EpochMs now);

} // namespace focus::blocking
