// The checks of `focus doctor` on the settings alone: weak values on a server in the Internet, and files that others can read.
#pragma once

#include "app/doctor/findings.hpp"
#include "app/settings.hpp"

namespace focus::app::doctor {

void check_secret_key(const Settings& settings, Findings& findings);
void check_addresses(const Settings& settings, Findings& findings);
void check_proxies(const Settings& settings, Findings& findings);
void check_limits(const Settings& settings, Findings& findings);
void check_files(const Settings& settings, Findings& findings);

} // namespace focus::app::doctor
