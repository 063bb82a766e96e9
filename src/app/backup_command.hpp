// `focus backup FILE` and `focus restore FILE`: a SQLite database into a file and back (see core/db/backup.hpp).
#pragma once

#include "app/settings.hpp"

#include <string>

namespace focus::app {

/// Gives the exit status; throws std::invalid_argument for what the caller can mend.
int back_up_to(const Settings& settings, const std::string& file);
int restore_from(const Settings& settings, const std::string& file);

} // namespace focus::app
