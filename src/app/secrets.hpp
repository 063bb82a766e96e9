// The secret key. In development, a key is generated once and stored beside the database.
#pragma once

#include "app/settings.hpp"

#include <string>

namespace focus::app {

/// SECRET_KEY, or in development the key in `<database folder>/secret.key` (mode 0600), created if missing.
/// Throws std::runtime_error when it can be neither read nor created.
[[nodiscard]] std::string secret_key_of(const Settings& settings);

} // namespace focus::app
