// The scores of challenges whose results don't stand yet, and the numbers of participants, counted again.
// Always holds: the server may go on meanwhile. Participants' rows are locked while their scores are repaired, as they are
// by every transaction that changes a score.
#pragma once

#include "core/recount/part.hpp"

#include <cstdint>

namespace focus::challenges {

/// Of one challenge.
[[nodiscard]] recount::Part recount_part(std::int64_t challenge_id);

} // namespace focus::challenges
