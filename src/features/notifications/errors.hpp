// The error codes of the notification socket.
#pragma once

#include "core/base/error.hpp"

namespace focus::notifications {

inline constexpr ErrorCode k_too_many_connections{ErrorKind::rate_limited,
                                                  "too_many_connections",
                                                  {"You have too many open connections.", "Vous avez trop de connexions ouvertes."},
                                                  "the user has 100 sockets open here"};
/// For the socket's message `auth`.
inline constexpr ErrorCode k_invalid_token{
    ErrorKind::unauthorized, "invalid_token", {"The token is invalid or has expired.", "Le jeton est invalide ou a expiré."}};
inline constexpr ErrorCode k_other_user{
    ErrorKind::forbidden, "other_user", {"The token belongs to another user.", "Le jeton appartient à un autre utilisateur."}};

} // namespace focus::notifications
