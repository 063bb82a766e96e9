// The checks of `focus doctor` on the database: reachable, schema, writable, intact, free disk, clock, sums.
// Always holds: nothing is written and only readers are used, so that a running server is not disturbed.
#pragma once

#include "app/doctor/findings.hpp"
#include "app/settings.hpp"

namespace focus::app::doctor {

void check_database(const Settings& settings, Findings& findings);

} // namespace focus::app::doctor
