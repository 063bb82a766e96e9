// Signing in through OpenID providers over HTTP; called by app once.
#pragma once

#include "core/http/routes.hpp"
#include "features/auth/oidc_service.hpp"

namespace focus::auth {

void add_oidc_routes(http::Routes& routes, OidcService& service);

} // namespace focus::auth
