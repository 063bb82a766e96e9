#include "features/blocking/module.hpp"

#include "core/counters/recount.hpp"
#include "features/blocking/repository.hpp"

namespace focus::blocking {

recount::Part recount_part(EpochMs now) { return counters::total_part(repository::k_counter, "SELECT COUNT(*) FROM blocked_apps", now); }

} // namespace focus::blocking
