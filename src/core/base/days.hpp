// Calendar days in users' time zones, and the text forms of instants. All of the product's date arithmetic is here.
// A Day is a calendar date without a zone; an instant is EpochMs. A zone is an IANA name (std::chrono's tzdb).
// Days may have 23, 24 or 25 hours (or miss midnight); nothing here assumes 24.
#pragma once

#include "core/base/clock.hpp"

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace focus {

/// A calendar day, `YYYY-MM-DD`; years 1 to 9999.
struct Day {
    std::chrono::sys_days value{}; // the date's number; carries no zone

    auto operator<=>(const Day&) const = default;
    [[nodiscard]] Day plus(int days) const { return Day{value + std::chrono::days{days}}; }
    /// Days from `other` to this.
    [[nodiscard]] int since(Day other) const { return static_cast<int>((value - other.value).count()); }
    /// 0 = Monday … 6 = Sunday (ISO 8601 order).
    [[nodiscard]] int weekday() const { return static_cast<int>(std::chrono::weekday{value}.iso_encoding()) - 1; }
    [[nodiscard]] std::string to_string() const;
    /// Strict `YYYY-MM-DD` of a real date.
    [[nodiscard]] static std::optional<Day> parse(std::string_view text);
};

/// An IANA time zone. Cheap to copy; valid for the life of the process.
class Zone {
  public:
    /// UTC.
    Zone();
    /// Nothing when the name is not in the tz database.
    [[nodiscard]] static std::optional<Zone> find(std::string_view name);
    /// The zone of a stored name; UTC when the tz database has lost it meanwhile.
    [[nodiscard]] static Zone of(std::string_view name);

    [[nodiscard]] std::string_view name() const;
    /// The calendar day that contains an instant.
    [[nodiscard]] Day day_of(EpochMs at) const;
    /// The first instant of a day (the first after the gap where the zone skips midnight).
    [[nodiscard]] EpochMs start_of(Day day) const;
    /// Minutes since local midnight by the wall clock, 0–1439.
    [[nodiscard]] int minute_of_day(EpochMs at) const;
    /// The instant of a wall-clock time on a day: in a gap the instant after it, when ambiguous the first.
    [[nodiscard]] EpochMs at(Day day, int minute_of_day) const;

    /// One stretch of an interval within a single local day and wall-clock hour.
    struct Slice {
        Day day;
        int hour; // 0–23, by the wall clock
        EpochMs from_ms;
        EpochMs to_ms;
    };
    /// Splits [from, to) at the local hours; at most `max_slices` are returned.
    [[nodiscard]] std::vector<Slice> split_by_hour(EpochMs from, EpochMs to, std::size_t max_slices = 24 * 400) const;

    bool operator==(const Zone&) const = default;

  private:
    explicit Zone(const std::chrono::time_zone* zone) : zone_{zone} {}
    const std::chrono::time_zone* zone_;
};

/// RFC 3339 in UTC with milliseconds: "2026-03-29T01:02:03.004Z".
[[nodiscard]] std::string format_rfc3339(EpochMs at);
/// The same, at the end of `out`.
void append_rfc3339(std::string& out, EpochMs at);
/// Strict RFC 3339 with any offset; fractions beyond milliseconds are cut off. Nothing when the text is anything else
/// or lies outside the years 1 to 9999.
[[nodiscard]] std::optional<EpochMs> parse_rfc3339(std::string_view text);
/// RFC 9110 §5.6.7 HTTP date: "Sun, 06 Nov 1994 08:49:37 GMT".
[[nodiscard]] std::string format_http_date(EpochMs at);
/// "HH:MM" (00:00–23:59) as minutes of the day.
[[nodiscard]] std::optional<int> parse_hhmm(std::string_view text);
[[nodiscard]] std::string format_hhmm(int minute_of_day);

} // namespace focus
