// What `focus doctor` says about the database: reachable, schema, writable, whole, free disk, its clock, its sums.
// Always holds: nothing is written, and readers only: a server goes on meanwhile.
#pragma once

#include "app/doctor/findings.hpp"
#include "app/settings.hpp"

namespace focus::app::doctor {

void check_database(const Settings& settings, Findings& findings);

} // namespace focus::app::doctor
