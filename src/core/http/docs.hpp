// The documentation of the API: /api/openapi.json, Swagger UI at /api/docs, Redoc at /api/redoc.
#pragma once

#include "core/http/openapi.hpp"
#include "core/http/routes.hpp"

namespace focus::http {

/// Adds the three routes and the pages' files. The document is made on first use, from all routes that `routes` has
/// then; `routes` must outlive the server.
void add_docs(Routes& routes, ApiInfo info);

} // namespace focus::http
