// The sums over all accounts counted again.
#pragma once

#include "core/base/clock.hpp"
#include "core/recount/part.hpp"

#include <vector>

namespace focus::users {

/// Accounts that joined and went, by day, and those that are active and verified. Accounts of which no row is left are in
/// the sums of both, those that joined and those that went.
[[nodiscard]] std::vector<recount::Part> recount_parts(EpochMs now);

} // namespace focus::users
