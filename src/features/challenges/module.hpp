// The challenges module: its routes, jobs and recount; wired by app.
#pragma once

#include "core/recount/part.hpp"

#include <cstdint>

namespace focus::attempts {
class Guard;
}
namespace focus::http {
class Routes;
}
namespace focus::jobs {
class Scheduler;
}

namespace focus::challenges {

class Service;

/// /api/challenges; `guard` counts wrong invitation codes.
void add_routes(http::Routes& routes, Service& service, attempts::Guard& guard);
/// `challenges`: starts and ends challenges and notifies the participants.
void add_jobs(jobs::Scheduler& scheduler, Service& service);

/// The scores of one challenge whose results are not final yet, and its number of participants, counted again. The server
/// may run meanwhile: participants' rows are locked while their scores are repaired, as in every transaction
/// that changes a score.
[[nodiscard]] recount::Part recount_part(std::int64_t challenge_id);

} // namespace focus::challenges
