// Field types: the type of a struct's field defines what it accepts, for reading, validation and OpenAPI.
// Each holds its plain value in `.value` and converts to it.
#pragma once

#include "core/base/days.hpp"

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace focus::json {

/// One line of valid UTF-8 of Min to Max characters (code points) after trimming white space at its ends: no control
/// characters or bidi controls (but LRM and RLM), and something visible unless it is empty. For several lines: lines.hpp.
template <std::size_t Min, std::size_t Max>
struct Text {
    std::string value;
    operator const std::string&() const noexcept { return value; }
};

template <std::int64_t Min, std::int64_t Max>
struct Integer {
    std::int64_t value = 0;
    operator std::int64_t() const noexcept { return value; }
};

/// A duration in minutes (a JSON number), held in milliseconds, rounded to nearest; exact in both directions.
struct Minutes {
    std::int64_t ms = 0;
    [[nodiscard]] double minutes() const noexcept { return static_cast<double>(ms) / 60000.0; }
    auto operator<=>(const Minutes&) const = default;
};

/// Minutes within [Min, Max] minutes.
template <std::int64_t Min, std::int64_t Max>
struct MinutesIn {
    Minutes value;
};

/// An instant: RFC 3339 with any offset as input, UTC with milliseconds as output.
struct Timestamp {
    EpochMs ms = 0;
    auto operator<=>(const Timestamp&) const = default;
};

/// A calendar day `YYYY-MM-DD`.
struct Date {
    Day value;
    auto operator<=>(const Date&) const = default;
};

/// "HH:MM", held as minutes of the day.
struct TimeOfDay {
    int minute_of_day = 0;
};

/// An e-mail address by the form of RFC 5321 (local part ≤ 64, total ≤ 254, a dot in the domain); spaces around it are
/// trimmed; its case is kept. No quoted local parts, no address literals.
struct EmailAddress {
    std::string value;
};

/// An http or https URL with a host, at most 2048 characters.
struct HttpUrl {
    std::string value;
};

/// The IANA name of a time zone of the tz database.
struct ZoneName {
    std::string value;
};

/// A JSON object that is passed on unchanged, for answers whose content is stored as JSON. Empty means {}.
struct RawJson {
    std::string text;
};

/// An array of Min to Max items.
template <class T, std::size_t Min, std::size_t Max>
struct List {
    std::vector<T> items;
};

/// A text as a template argument: `Or<Text<1, 50>, Literal{"other"}>`.
template <std::size_t N>
struct Literal {
    char chars[N] = {};
    constexpr Literal(const char (&text)[N]) { // NOLINT: chars are copied, whatever the form
        for (std::size_t i = 0; i < N; ++i) chars[i] = text[i];
    }
    constexpr operator std::string() const { return {chars, N - 1}; }
};

/// A field with a default, used when it is absent or null. `Or<Integer<1, 100>, 50>`, `Or<bool, true>`. A default
/// duration is in minutes: `Or<MinutesIn<1, 10080>, 60>`.
template <class T, auto Default>
struct Or {
    T value = make_default();

  private:
    static constexpr T make_default() {
        if constexpr (std::is_same_v<T, decltype(Default)>)
            return Default;
        else if constexpr (requires(T duration) { duration.value.ms; })
            return T{Minutes{Default * k_minute_ms}};
        else
            return T{Default};
    }
};

/// For updates: absent leaves the field as it is, null clears it (where it may be empty), a value sets it.
template <class T>
struct Patch {
    bool present = false;
    std::optional<T> value;
    [[nodiscard]] bool clears() const noexcept { return present && !value; }
};

/// Like Patch for a field that cannot be empty: null is a fault.
template <class T>
struct Change {
    std::optional<T> value;
};

} // namespace focus::json
