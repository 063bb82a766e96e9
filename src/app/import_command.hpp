// `focus import FILE --user EMAIL`: imports a file of activities into a user's account; shows progress on a terminal.
#pragma once

#include "app/settings.hpp"

#include <string>

namespace focus::app {

/// Returns the exit status: 0 when every activity of the file is in the account, 1 when some were left out (they are
/// listed on standard error).
int import_file(Settings settings, const std::string& path, const std::string& email);

} // namespace focus::app
