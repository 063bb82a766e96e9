// The number of all limits counted again. What a limit's counter shows is computed from the roll-ups whenever it is asked
// for, so nothing else of this feature is a sum.
#pragma once

#include "core/base/clock.hpp"
#include "core/recount/part.hpp"

namespace focus::blocking {

[[nodiscard]] recount::Part recount_part(EpochMs now);

} // namespace focus::blocking
