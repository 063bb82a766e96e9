// The secret key and what is derived from it. In development a key is made once and kept beside the database.
#pragma once

#include "app/settings.hpp"

#include <string>

namespace focus::app {

/// SECRET_KEY, or in development the key in `<database folder>/secret.key` (mode 0600), made when there is none.
/// Throws std::runtime_error when it can be neither read nor made.
[[nodiscard]] std::string secret_key_of(const Settings& settings);

} // namespace focus::app
