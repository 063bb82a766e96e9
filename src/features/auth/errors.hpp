// The refusals that several parts of the auth room give.
#pragma once

#include "core/base/extended_error.hpp"

namespace focus::auth {

inline Error invalid_credentials() {
    return {ErrorKind::unauthorized, "invalid_credentials", {"Incorrect email or password.", "E-mail ou mot de passe incorrect."}};
}
inline Error wrong_password() {
    return {ErrorKind::bad_request, "wrong_password", {"The current password is not right.", "Le mot de passe actuel est incorrect."}};
}
inline Error invalid_token() { return {ErrorKind::bad_request, "invalid_token", {"This link is not valid.", "Ce lien n'est pas valide."}}; }
inline Error token_expired() {
    return {ErrorKind::bad_request,
            "token_expired",
            {"This link has expired. Please ask for a new one.", "Ce lien a expiré. Veuillez en demander un nouveau."}};
}
inline Error already_verified() {
    return {ErrorKind::bad_request,
            "already_verified",
            {"This e-mail address is already verified.", "Cette adresse e-mail est déjà vérifiée."}};
}
/// For what a stolen access token must not be enough for.
inline Error reauthentication_required() {
    return {ErrorKind::forbidden,
            "reauthentication_required",
            {"Please confirm that it is you: enter your password, or sign in again with your provider.",
             "Confirmez que c'est bien vous : saisissez votre mot de passe ou reconnectez-vous avec votre fournisseur."}};
}
inline Error identity_taken() {
    return {ErrorKind::bad_request,
            "identity_taken",
            {"This identity is already linked to another account.", "Cette identité est déjà liée à un autre compte."}};
}
/// 409 with the token by which the owner of the account can link the identity.
inline ExtendedError link_confirmation_required(std::string link_token) {
    return {{ErrorKind::conflict,
             "link_confirmation_required",
             {"An account with this address exists. Enter its password once to link this provider.",
              "Un compte existe avec cette adresse. Saisissez son mot de passe une fois pour lier ce fournisseur."}},
            "link_token",
            std::move(link_token)};
}

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
