// Converts rows of the older service to rows of this one, by the rules for what clients send. Pure.
// Always holds: a row that cannot be converted throws NotMovable with the reason; each change is reported.
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

/// Called with each difference between a converted row and the old one.
using Tell = std::function<void(std::string)>;

/// An account and the other values of its row.
struct NewAccount {
    users::NewUser user;
    std::optional<std::int64_t> daily_limit_ms;
    bool notifications_enabled = true;
    bool email_reminders = true;
};

[[nodiscard]] NewAccount convert(const OldUser& old, const Tell& tell);
[[nodiscard]] activities::Record convert(const OldActivity& old, const Tell& tell);
[[nodiscard]] blocking::Entry convert(const OldLimit& old, const Tell& tell);
/// For a completed challenge: its results are final, and no notification is sent.
[[nodiscard]] challenges::Row convert(const OldChallenge& old, const Tell& tell);
[[nodiscard]] challenges::Member convert(const OldParticipant& old, const challenges::Row& challenge);

/// The milliseconds of the decimal number that became this FLOAT.
[[nodiscard]] std::int64_t exact_ms(double float_minutes);

} // namespace focus::app::fastapi
