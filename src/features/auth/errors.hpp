// The error codes of sign-in, sessions and mailed links.
#pragma once

#include "core/base/error.hpp"

namespace focus::auth {

inline constexpr ErrorCode k_invalid_credentials{ErrorKind::unauthorized,
                                                 "invalid_credentials",
                                                 {"Incorrect email or password.", "E-mail ou mot de passe incorrect."},
                                                 "the address or the password is wrong"};
inline constexpr ErrorCode k_wrong_password{ErrorKind::bad_request,
                                            "wrong_password",
                                            {"The current password is not right.", "Le mot de passe actuel est incorrect."},
                                            "the current password is not right"};
/// Of a mailed link, or of a link_token.
inline constexpr ErrorCode k_invalid_token{
    ErrorKind::bad_request, "invalid_token", {"This link is not valid.", "Ce lien n'est pas valide."}, "the token is not one of ours"};
inline constexpr ErrorCode k_token_expired{
    ErrorKind::bad_request,
    "token_expired",
    {"This link has expired. Please ask for a new one.", "Ce lien a expiré. Veuillez en demander un nouveau."},
    "it is too old"};
inline constexpr ErrorCode k_already_verified{ErrorKind::bad_request,
                                              "already_verified",
                                              {"This e-mail address is already verified.", "Cette adresse e-mail est déjà vérifiée."},
                                              "the address is verified"};
/// For actions that need more than an access token, which may be stolen.
inline constexpr ErrorCode k_reauthentication_required{
    ErrorKind::forbidden,
    "reauthentication_required",
    {"Please confirm that it is you: enter your password, or sign in again with your provider.",
     "Confirmez que c'est bien vous : saisissez votre mot de passe ou reconnectez-vous avec votre fournisseur."},
    "the sign-in is older than ten minutes: see POST /api/auth/reauthenticate"};
inline constexpr ErrorCode k_account_inactive{
    ErrorKind::forbidden, "account_inactive", {"Account is inactive.", "Le compte est désactivé."}, "the account was deactivated"};
inline constexpr ErrorCode k_token_reused{
    ErrorKind::unauthorized,
    "token_reused",
    {"This session was ended for safety: its refresh token was used twice. Please sign in again.",
     "Cette session a été fermée par sécurité : son jeton a servi deux fois. Veuillez vous reconnecter."},
    "a spent token was used: the session is over"};
inline constexpr ErrorCode k_invalid_refresh_token{
    ErrorKind::unauthorized,
    "invalid_refresh_token",
    {"This session has ended. Please sign in again.", "Cette session est terminée. Veuillez vous reconnecter."},
    "unknown, expired or revoked, or the session has reached its greatest age"};

} // namespace focus::auth
