// The checks of `focus doctor` on other services: the mail server and Redis. No mail is sent.
#pragma once

#include "app/doctor/findings.hpp"
#include "app/settings.hpp"

namespace focus::app::doctor {

void check_mail(const Settings& settings, Findings& findings);
void check_redis(const Settings& settings, Findings& findings);

} // namespace focus::app::doctor
