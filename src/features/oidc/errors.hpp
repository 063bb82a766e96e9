// The error codes of signing in through providers, beside those of auth.
#pragma once

#include "core/base/extended_error.hpp"
#include "features/auth/errors.hpp"

#include <string>
#include <utility>

namespace focus::oidc {

using auth::k_account_inactive;
using auth::k_invalid_token;
using auth::k_reauthentication_required;

inline constexpr ErrorCode k_oauth_not_configured{
    ErrorKind::not_implemented,
    "oauth_not_configured",
    {"Signing in with this provider is not set up here.", "La connexion avec ce fournisseur n'est pas configurée ici."},
    "the operator has not set this provider up"};
inline constexpr ErrorCode k_oauth_failed{ErrorKind::unauthorized,
                                          "oauth_failed",
                                          {"Signing in with this provider did not work. Please try again.",
                                           "La connexion avec ce fournisseur n'a pas abouti. Veuillez réessayer."},
                                          "the provider's answer is not good enough; the log says why"};
inline constexpr ErrorCode k_invalid_state{
    ErrorKind::bad_request,
    "invalid_state",
    {"This sign-in has expired, was completed already, or was begun in another browser. Please try again.",
     "Cette connexion a expiré, a déjà été terminée ou a été commencée dans un autre navigateur. Veuillez réessayer."},
    "unknown, used, older than ten minutes, or begun in another browser"};
inline constexpr ErrorCode k_identity_taken{
    ErrorKind::bad_request,
    "identity_taken",
    {"This identity is already linked to another account.", "Cette identité est déjà liée à un autre compte."},
    "it is linked to another account"};
inline constexpr ErrorCode k_link_confirmation_required{
    ErrorKind::conflict,
    "link_confirmation_required",
    {"An account with this address exists. Enter its password once to link this provider.",
     "Un compte existe avec cette adresse. Saisissez son mot de passe une fois pour lier ce fournisseur."},
    "the account with this address has a password: see POST /api/auth/oidc/link"};
inline constexpr ErrorCode k_last_sign_in_method{
    ErrorKind::bad_request,
    "last_sign_in_method",
    {"This is the only way to sign in to the account. Please set a password first.",
     "C'est le seul moyen de se connecter au compte. Veuillez d'abord définir un mot de passe."},
    "the account has no password and no other identity"};

/// Carries the token by which the owner of the account can link the identity.
inline ExtendedError link_confirmation_required(std::string link_token) {
    return {Error{k_link_confirmation_required}, "link_token", std::move(link_token)};
}
/// The cause is for the log and the audit trail.
inline Error oauth_failed(std::string cause) { return Error{k_oauth_failed}.because("oauth: " + std::move(cause)); }

} // namespace focus::oidc
