// `focus doctor`: checks the settings, the database, the mail server, Redis and the clock, and prints the findings.
#pragma once

#include "app/settings.hpp"

#include <functional>

namespace focus::app {

/// `read` returns the settings or throws. Returns the exit status: 1 when a check failed.
int run_doctor(const std::function<Settings()>& read, bool as_json);

} // namespace focus::app
