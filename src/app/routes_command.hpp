// `focus routes` and `focus openapi`: print the API from the declarations of its routes. Open no database.
#pragma once

#include "app/settings.hpp"

namespace focus::app {

/// A line per route, aligned, or a JSON array. Returns the exit status.
int print_routes(Settings settings, bool as_json);
int print_openapi(Settings settings);

} // namespace focus::app
