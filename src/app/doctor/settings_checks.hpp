// What `focus doctor` says about the settings alone: what weakens a server that the Internet reaches, and who can read its files.
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
