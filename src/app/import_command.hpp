// `focus import FILE --user EMAIL`: a file of activities into somebody's account, with its progress on a terminal.
#pragma once

#include "app/settings.hpp"

#include <string>

namespace focus::app {

/// Gives the exit status: 0 when every activity of the file is in the account, 1 when some were left out (they are
/// listed on standard error).
int import_file(Settings settings, const std::string& path, const std::string& email);

} // namespace focus::app
