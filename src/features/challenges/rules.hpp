// The rules of challenges: what counts and for how many points, the status by time, valid dates. No I/O.
// Always holds: points depend on the recorded data only, never on the clock; a period without data has no points.
#pragma once

#include "features/activities/types.hpp"
#include "features/challenges/types.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace focus::challenges::rules {

inline constexpr EpochMs k_grace_ms = 12 * k_hour_ms; // for late uploads, before the results are final
inline constexpr int k_longest_days = 366;
inline constexpr std::int64_t k_point_ms = k_minute_ms; // the unit in which a point is stored
inline constexpr EpochMs k_news_pause_ms = k_minute_ms; // between two pieces of news for one user of one challenge

/// How a participant's activities are measured.
struct Terms {
    Type type = Type::minimize_time;
    std::int64_t target_ms = 0;
    Day start;
    Day end;                              // the last day
    std::vector<std::string> target_keys; // folded names and packages
};

/// The names as they are compared.
[[nodiscard]] std::vector<std::string> keys_of(const std::vector<std::string>& names);
/// Whether what was recorded under this folded name, or package, counts.
[[nodiscard]] bool is_target(const Terms& terms, std::string_view app_key, std::string_view app_package);

/// The day (of a weekly goal the 7-day slice) since the start, from 0, that a day belongs to; nothing outside.
[[nodiscard]] std::optional<int> period_of(const Terms& terms, Day day);

/// What was recorded in a period, or by how much that changes.
struct Period {
    std::int64_t used_ms = 0;  // in the target apps
    std::int64_t sessions = 0; // of any app
    bool operator==(const Period&) const = default;
};
using Periods = std::map<int, Period>;

/// Records that were added (+1) or removed (-1).
using Signed = std::vector<std::pair<const activities::Record*, int>>;
/// By how much these change their periods; periods without a change are left out.
[[nodiscard]] Periods changes_of(const Terms& terms, const Signed& records);
/// The periods of what was recorded per day.
[[nodiscard]] Periods periods_of(const Terms& terms, const std::vector<activities::TargetDay>& days);

/// A participant's totals.
struct Standing {
    std::int64_t score_ms = 0;
    std::int64_t total_ms = 0;
    std::int64_t scored = 0; // periods with data
    std::int64_t missed = 0; // of these, those over the target
    bool operator==(const Standing&) const = default;
};
/// Replaces the old value of a period by the new one.
void replace(Standing& standing, const Terms& terms, int period, const Period& was, const Period& is);
[[nodiscard]] Standing standing_of(const Terms& terms, const Periods& periods);
/// There is data, and all of it is within the target.
[[nodiscard]] bool goal_achieved(const Standing& standing);

/// The instants of a challenge.
struct Times {
    EpochMs starts_at_ms = 0;
    EpochMs ends_at_ms = 0;
    EpochMs freezes_at_ms = 0;
};
[[nodiscard]] Times times_of(Day start, Day end, Zone zone);
/// Throws 400 `invalid_dates` unless the dates ascend, the last one is not over and they are not too long.
void require_dates(Day start, Day end, Day today);

/// The instants that decide a challenge's status.
struct Course {
    Times times;
    std::optional<EpochMs> frozen_at_ms;
    std::optional<EpochMs> cancelled_at_ms;
};
[[nodiscard]] Status status_at(const Course& course, EpochMs now);
/// Whether optional news (a new participant, a new leader) may be sent now. Not right before the start and the
/// results, whose news is always sent, and at most once per user within the pause.
[[nodiscard]] bool may_tell(const Times& times, EpochMs now);

/// The challenge's days so far, at least 1.
[[nodiscard]] int days_so_far(Day start, Day end, Day today);

/// An invitation code as users type it: any case, with spaces or dashes.
[[nodiscard]] std::string tidy_code(std::string_view typed);

} // namespace focus::challenges::rules
