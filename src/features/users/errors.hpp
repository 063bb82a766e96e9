// The error codes of accounts.
#pragma once

#include "core/base/error.hpp"

namespace focus::users {

inline constexpr ErrorCode k_email_taken{ErrorKind::bad_request,
                                         "email_taken",
                                         {"This e-mail address is already registered.", "Cette adresse e-mail est déjà utilisée."},
                                         "the address has an account"};
inline constexpr ErrorCode k_username_taken{ErrorKind::bad_request,
                                            "username_taken",
                                            {"This username is already taken.", "Ce nom d'utilisateur est déjà pris."},
                                            "another account has this username"};
inline constexpr ErrorCode k_last_admin{
    ErrorKind::forbidden,
    "last_admin",
    {"The last active administrator cannot be removed.", "Le dernier administrateur actif ne peut pas être retiré."},
    "the caller is the last active administrator"};

} // namespace focus::users
