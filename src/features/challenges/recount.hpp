// The scores of challenges whose results don't stand yet, and the numbers of participants, counted again.
// Always holds: the server may go on meanwhile. Participants' rows are locked while their scores are repaired, as they are
// by every transaction that changes a score.
#pragma once

#include "core/recount/part.hpp"
#include "features/activities/service.hpp"

#include <cstdint>

namespace focus::challenges {

/// Of one challenge. `activities` must outlive the part.
[[nodiscard]] recount::Part recount_part(activities::Service& activities, std::int64_t challenge_id);

} // namespace focus::challenges
