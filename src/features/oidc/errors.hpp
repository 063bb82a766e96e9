// The errors of signing in through providers: those of auth, under the same names.
#pragma once

#include "features/auth/errors.hpp"

namespace focus::oidc {

using auth::account_inactive;
using auth::email_not_verified;
using auth::identity_taken;
using auth::invalid_token;
using auth::link_confirmation_required;
using auth::oauth_failed;
} // namespace focus::oidc
