// The refusals that several parts of the auth room give.
#pragma once

#include "core/base/error.hpp"

namespace focus::auth {

inline Error account_inactive() { return {ErrorKind::forbidden, "account_inactive", {"Account is inactive.", "Le compte est désactivé."}}; }
inline Error email_not_verified() {
    return {ErrorKind::forbidden,
            "email_not_verified",
            {"Please verify your e-mail address first.", "Veuillez d'abord vérifier votre adresse e-mail."}};
}
/// 401 `oauth_failed`; the cause is for the log and the audit trail.
inline Error oauth_failed(std::string cause) {
    return Error{ErrorKind::unauthorized,
                 "oauth_failed",
                 {"Signing in with this provider did not work. Please try again.",
                  "La connexion avec ce fournisseur n'a pas abouti. Veuillez réessayer."}}
        .because("oauth: " + std::move(cause));
}

} // namespace focus::auth
