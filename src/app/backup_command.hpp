// `focus backup FILE` and `focus restore FILE`: copy a SQLite database to a file and back (see core/db/backup.hpp).
#pragma once

#include "app/settings.hpp"

#include <string>

namespace focus::app {

/// Returns the exit status; throws std::invalid_argument for an error in the arguments or settings.
int back_up_to(const Settings& settings, const std::string& file);
int restore_from(const Settings& settings, const std::string& file);

} // namespace focus::app
