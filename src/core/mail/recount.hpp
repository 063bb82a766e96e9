// The number of mails sent counted again from the outbox, which keeps them for a month: days with fewer than it has.
#pragma once

#include "core/base/clock.hpp"
#include "core/recount/part.hpp"

namespace focus::mail {

[[nodiscard]] recount::Part recount_part(EpochMs now);

} // namespace focus::mail
