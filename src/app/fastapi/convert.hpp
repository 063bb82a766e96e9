// From a row of the older service to one of ours, by the rules that hold for what clients send. Pure.
// Always holds: a row that cannot be converted throws NotMovable with the reason; what has to be changed is told.
#pragma once

#include "app/fastapi/rows.hpp"
#include "features/activities/types.hpp"
#include "features/blocking/types.hpp"
#include "features/challenges/member_repository.hpp"
#include "features/challenges/repository.hpp"
#include "features/users/types.hpp"

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

namespace focus::app::fastapi {

class NotMovable : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Told what a converted row has otherwise than the old one.
using Tell = std::function<void(std::string)>;

/// An account with what else its row holds.
struct NewAccount {
    users::NewUser user;
    std::optional<std::int64_t> daily_limit_ms;
    bool notifications_enabled = true;
    bool email_reminders = true;
};

[[nodiscard]] NewAccount convert(const OldUser& old, const Tell& tell);
[[nodiscard]] activities::Record convert(const OldActivity& old, const Tell& tell);
[[nodiscard]] blocking::Entry convert(const OldLimit& old, const Tell& tell);
/// Of a completed challenge: its results stand, and no notification follows.
[[nodiscard]] challenges::Row convert(const OldChallenge& old, const Tell& tell);
[[nodiscard]] challenges::Member convert(const OldParticipant& old, const challenges::Row& challenge);

/// The milliseconds of the decimal number that became this FLOAT.
[[nodiscard]] std::int64_t exact_ms(double float_minutes);

} // namespace focus::app::fastapi
