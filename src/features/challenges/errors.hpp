// What the challenges room refuses, for its services.
#pragma once

#include "core/base/error.hpp"

namespace focus::challenges::errors {

inline Error not_a_participant() {
    return {ErrorKind::forbidden,
            "not_a_participant",
            {"Only those who take part see this challenge.", "Seuls ses participants voient ce défi."}};
}
inline Error not_the_creator() {
    return {ErrorKind::forbidden,
            "not_the_creator",
            {"Only its creator may change this challenge.", "Seul son créateur peut modifier ce défi."}};
}
inline Error invalid_invitation_code() {
    return {
        ErrorKind::forbidden, "invalid_invitation_code", {"This invitation code is not valid.", "Ce code d'invitation n'est pas valable."}};
}
inline Error already_member() {
    return {
        ErrorKind::bad_request, "already_member", {"You are already taking part in this challenge.", "Vous participez déjà à ce défi."}};
}
inline Error not_a_member() {
    return {ErrorKind::bad_request, "not_a_member", {"You are not taking part in this challenge.", "Vous ne participez pas à ce défi."}};
}
inline Error challenge_full() {
    return {ErrorKind::bad_request, "challenge_full", {"This challenge has no place left.", "Ce défi est complet."}};
}
inline Error challenge_ended() { return {ErrorKind::bad_request, "challenge_ended", {"This challenge is over.", "Ce défi est terminé."}}; }
inline Error already_started() {
    return {ErrorKind::bad_request,
            "already_started",
            {"The dates cannot be moved once the challenge has started.", "Les dates ne peuvent plus changer une fois le défi commencé."}};
}
inline Error too_many_challenges() {
    return {
        ErrorKind::bad_request,
        "too_many_challenges",
        {"You are taking part in as many challenges as one can at a time.", "Vous participez déjà au nombre maximal de défis à la fois."}};
}

} // namespace focus::challenges::errors
