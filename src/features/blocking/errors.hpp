// The error codes of limits.
#pragma once

#include "core/base/error.hpp"

namespace focus::blocking {

inline constexpr ErrorCode k_already_exists{ErrorKind::bad_request,
                                            "already_exists",
                                            {"This app already has a limit.", "Cette application a déjà une limite."},
                                            "the app is already listed: by its package when it has one, else by its name in any case"};
inline constexpr ErrorCode k_too_many_limits{ErrorKind::bad_request,
                                             "too_many_limits",
                                             {"There may be at most {count} limits.", "Il peut y avoir au plus {count} limites."},
                                             "the user has 500 limits"};

} // namespace focus::blocking
