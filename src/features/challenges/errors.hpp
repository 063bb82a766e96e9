// The error codes of challenges.
#pragma once

#include "core/base/error.hpp"

namespace focus::challenges {

inline constexpr ErrorCode k_not_a_participant{ErrorKind::forbidden,
                                               "not_a_participant",
                                               {"Only those who take part see this challenge.", "Seuls ses participants voient ce défi."},
                                               "it is private, and the caller neither takes part nor made it"};
inline constexpr ErrorCode k_not_the_creator{ErrorKind::forbidden,
                                             "not_the_creator",
                                             {"Only its creator may change this challenge.", "Seul son créateur peut modifier ce défi."},
                                             "another user made it"};
inline constexpr ErrorCode k_invalid_dates{ErrorKind::bad_request,
                                           "invalid_dates",
                                           {"The dates are not valid.", "Les dates ne sont pas valables."},
                                           "the end lies before the start or in the past, or the challenge is longer than 366 days"};
inline constexpr ErrorCode k_already_started{
    ErrorKind::bad_request,
    "already_started",
    {"The dates cannot be moved once the challenge has started.", "Les dates ne peuvent plus changer une fois le défi commencé."},
    "the dates of a challenge that runs or is over"};
inline constexpr ErrorCode k_invalid_invitation_code{ErrorKind::forbidden,
                                                     "invalid_invitation_code",
                                                     {"This invitation code is not valid.", "Ce code d'invitation n'est pas valable."},
                                                     "it is private, and the code is missing or not its code"};
inline constexpr ErrorCode k_already_member{ErrorKind::bad_request,
                                            "already_member",
                                            {"You are already taking part in this challenge.", "Vous participez déjà à ce défi."},
                                            "the caller takes part"};
inline constexpr ErrorCode k_not_a_member{ErrorKind::bad_request,
                                          "not_a_member",
                                          {"You are not taking part in this challenge.", "Vous ne participez pas à ce défi."},
                                          "the caller does not take part"};
inline constexpr ErrorCode k_challenge_full{
    ErrorKind::bad_request, "challenge_full", {"This challenge has no place left.", "Ce défi est complet."}, "as many as may take part do"};
inline constexpr ErrorCode k_challenge_ended{
    ErrorKind::bad_request, "challenge_ended", {"This challenge is over.", "Ce défi est terminé."}, "it is over or cancelled"};
inline constexpr ErrorCode k_too_many_challenges{
    ErrorKind::bad_request,
    "too_many_challenges",
    {"You are taking part in as many challenges as one can at a time.", "Vous participez déjà au nombre maximal de défis à la fois."},
    "the caller takes part in 100 challenges that are not over"};

} // namespace focus::challenges
