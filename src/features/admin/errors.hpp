// The error codes of the administration.
#pragma once

#include "core/base/error.hpp"

namespace focus::admin {

inline constexpr ErrorCode k_not_retryable{
    ErrorKind::bad_request,
    "not_retryable",
    {"This mail was sent or given up: it cannot be tried again.", "Cet e-mail a été envoyé ou abandonné : il ne peut pas être réessayé."},
    "it was sent, is being sent, or was given up (what it said is gone)"};

} // namespace focus::admin
