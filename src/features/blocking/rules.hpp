// The rules of limits and schedules: what counts, what is reached, what is blocked and until when. Pure: everything
// follows from the stored entry, the day's usage, the zone and the instant; no job changes a state.
#pragma once

#include "features/activities/types.hpp"
#include "features/blocking/types.hpp"

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace focus::blocking::rules {

/// Whether what is recorded under this (folded) name and package counts for the entry: by package when both have one,
/// else by name.
[[nodiscard]] bool matches(const Entry& entry, std::string_view app_key, std::string_view app_package);
/// A day's usage, summed up so that many entries can look up what counts for them.
class DayUsage {
  public:
    DayUsage() = default;
    explicit DayUsage(const std::vector<activities::AppTotal>& usage);
    [[nodiscard]] std::int64_t of(const Entry& entry) const;

  private:
    using Sums = std::map<std::string, std::int64_t, std::less<>>;
    Sums by_name_;
    Sums by_package_;
    Sums without_package_; // by name
};
/// Today's counter: the usage without what was recorded before today's reset.
[[nodiscard]] std::int64_t counter_ms(const Entry& entry, std::int64_t usage_ms, Day today);

/// part / whole in percent, rounded to two decimals; 100 when whole is 0.
[[nodiscard]] double percent(std::int64_t part, std::int64_t whole);

/// The thresholds that a limit's counter has reached.
struct Reached {
    bool warning = false;
    bool limit = false;
};
/// `notify_at` in percent. A limit of 0 has no warning: it is reached before anything is used.
[[nodiscard]] Reached reached(std::int64_t limit_ms, int notify_at, std::int64_t counter_ms);

/// A period in which schedules block; empty when it has no end.
struct Window {
    std::optional<EpochMs> ends_at_ms;
};
/// The period without a gap of schedule windows that contains `at`. Windows begin and end when the wall clock first
/// shows their times (in a gap of the clock: right after it).
[[nodiscard]] std::optional<Window> window_at(std::span<const Schedule> schedules, Zone zone, EpochMs at);
/// The first instant after `at` at which such a period begins or ends; nothing when there is none.
[[nodiscard]] std::optional<EpochMs> next_edge(std::span<const Schedule> schedules, Zone zone, EpochMs at);
/// The next edge of the entry's schedules, or the end of the user's day.
[[nodiscard]] EpochMs next_change(const Entry& entry, Zone zone, EpochMs at);

/// An entry's state at an instant.
struct State {
    std::int64_t used_ms = 0;
    std::int64_t remaining_ms = 0;
    double usage_percentage = 0;
    bool is_blocked = false;
    std::optional<Reason> reason;
    std::optional<EpochMs> blocked_until_ms;
};
/// `usage_ms` is the usage of the day that contains `at` in `zone`.
[[nodiscard]] State state_of(const Entry& entry, std::int64_t usage_ms, Zone zone, EpochMs at);

/// By how much some changed activities change what was recorded before the entry's reset of `today` (0 without one):
/// a change of activities from before the reset does not change the counter.
[[nodiscard]] std::int64_t base_change(const Entry& entry, Day today, const std::optional<activities::Record>& before,
                                       const std::optional<activities::Record>& after);

} // namespace focus::blocking::rules
