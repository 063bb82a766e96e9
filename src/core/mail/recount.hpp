// Recounts the mails sent from the outbox, which keeps them for a month: days with a smaller count are repaired.
#pragma once

#include "core/base/clock.hpp"
#include "core/recount/part.hpp"

namespace focus::mail {

[[nodiscard]] recount::Part recount_part(EpochMs now);

} // namespace focus::mail
