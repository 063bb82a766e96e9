// The error codes of recorded activities.
#pragma once

#include "core/base/error.hpp"

namespace focus::activities {

inline constexpr ErrorCode k_date_in_future{
    ErrorKind::bad_request,
    "date_in_future",
    {"The activity lies in the future of your time zone.", "L'activité se trouve dans le futur de votre fuseau horaire."},
    "the day lies in the future of the user's zone"};
inline constexpr ErrorCode k_too_many_apps{
    ErrorKind::invalid,
    "too_many_apps",
    {"A day may hold at most {count} different apps.", "Une journée peut compter au plus {count} applications différentes."},
    "the day holds 5,000 different apps already"};
inline constexpr ErrorCode k_unknown_format{
    ErrorKind::invalid,
    "unknown_format",
    {"This is neither an export of Focus, nor a CSV file with columns for app and time, nor an export of ActivityWatch.",
     "Ce n'est ni un export de Focus, ni un fichier CSV avec des colonnes pour l'application et la durée, ni un export "
     "d'ActivityWatch."},
    "the file is of none of these kinds"};

} // namespace focus::activities
