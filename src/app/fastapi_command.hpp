// `focus migrate-from-fastapi`: moves the older service's database into this one (see app/fastapi/move.hpp).
#pragma once

#include "app/settings.hpp"

#include <string>

namespace focus::app {

/// Returns the exit status: 0 when every row was moved, 1 when some were left out (they are listed). With `dry_run`
/// the target is a temporary file.
int migrate_from_fastapi(const Settings& settings, const std::string& source, bool dry_run);

} // namespace focus::app
