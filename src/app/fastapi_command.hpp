// `focus migrate-from-fastapi`: the older service's database into ours (see app/fastapi/move.hpp).
#pragma once

#include "app/settings.hpp"

#include <string>

namespace focus::app {

/// Gives the exit status: 0 when every row was moved, 1 when some were left out (they are listed). With `dry_run` the move
/// goes into a file that is deleted again.
int migrate_from_fastapi(const Settings& settings, const std::string& source, bool dry_run);

} // namespace focus::app
