// `focus doctor`: looks at the settings, the database, the mail server, Redis and the clock, and says what is wrong.
#pragma once

#include "app/settings.hpp"

#include <functional>

namespace focus::app {

/// `read` gives the settings or throws. Gives the exit status: 1 when a check failed.
int run_doctor(const std::function<Settings()>& read, bool as_json);

} // namespace focus::app
