// How a C++ value is stored in a column, and what its column is called.
// A type's Column<T> decides: numbers, booleans, texts and optionals of them as they are; enums by their name; days, times
// and durations by the types of core/json; anything else that specialises Column, or sets k_stored_as_json, by itself.
#pragma once

#include "core/base/caller.hpp"
#include "core/base/days.hpp"
#include "core/db/value.hpp"
#include "core/json/json.hpp"
#include "core/json/reflect.hpp"

#include <concepts>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace focus::db {

/// A struct that is stored as a JSON text in one column. Lists always are.
template <class T>
inline constexpr bool k_stored_as_json = false;
template <class T>
inline constexpr bool k_stored_as_json<std::vector<T>> = true;

/// The value for a name that this version does not know, as a newer one may have stored it. Without it, a defect.
template <class E>
inline constexpr std::optional<E> k_when_unknown = std::nullopt;
template <>
inline constexpr std::optional<Role> k_when_unknown<Role> = Role::user; // no rights
template <>
inline constexpr std::optional<Language> k_when_unknown<Language> = Language::en;

/// `read` gives the value of a column and throws std::logic_error (a defect) when the column holds something else;
/// `write` is its inverse. A type whose column is named differently from the field has `k_field_ending` and
/// `k_column_ending`: the field `created_at` of type json::Timestamp is the column `created_at_ms`.
template <class T>
struct Column {
    static constexpr bool k_is_general = true;

    static T read(const Value& value) {
        if constexpr (k_stored_as_json<T>) {
            return json::parse<T>(text_of(value));
        } else if constexpr (std::is_same_v<T, bool>) {
            return integer_of(value) != 0;
        } else if constexpr (std::is_integral_v<T>) {
            const auto number = integer_of(value);
            if (!std::in_range<T>(number)) throw std::logic_error{"a number is out of range"};
            return static_cast<T>(number);
        } else if constexpr (std::is_floating_point_v<T>) {
            if (const auto* real = std::get_if<double>(&value)) return static_cast<T>(*real);
            return static_cast<T>(integer_of(value));
        } else if constexpr (std::is_enum_v<T>) {
            const auto text = text_of(value);
            for (std::size_t i = 0; i < json::k_enum_names<T>.size(); ++i) {
                if (json::k_enum_names<T>[i] == text) return static_cast<T>(i);
            }
            if constexpr (k_when_unknown<T>) return *k_when_unknown<T>;
            throw std::logic_error{"no such value: " + std::string{text}};
        } else {
            static_assert(std::is_same_v<T, std::string>, "say by db::Column<T> how this type is stored");
            return std::string{text_of(value)};
        }
    }
    static Value write(const T& value) {
        if constexpr (k_stored_as_json<T>) {
            return json::write(value);
        } else if constexpr (std::is_enum_v<T>) {
            return std::string{json::k_enum_names<T>.at(static_cast<std::size_t>(value))};
        } else {
            return to_value(value);
        }
    }

  private:
    static std::int64_t integer_of(const Value& value) {
        if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
        throw std::logic_error{"not a whole number"};
    }
    static std::string_view text_of(const Value& value) {
        if (const auto* text = std::get_if<std::string>(&value)) return *text;
        throw std::logic_error{"not a text"};
    }
};

/// A struct whose fields are columns of the row that it is a field of.
template <class T>
concept Part = json::Struct<T> && !k_stored_as_json<T> && requires { Column<T>::k_is_general; };

/// NULL is the empty optional.
template <class T>
struct Column<std::optional<T>> {
    static std::optional<T> read(const Value& value) {
        if (std::holds_alternative<std::monostate>(value)) return std::nullopt;
        return Column<T>::read(value);
    }
    static Value write(const std::optional<T>& value) { return value ? Column<T>::write(*value) : Value{}; }
};

template <>
struct Column<Value> {
    static Value read(const Value& value) { return value; }
    static Value write(const Value& value) { return value; }
};

/// The name of a time zone.
template <>
struct Column<Zone> {
    static Zone read(const Value& value) { return Zone::of(Column<std::string>::read(value)); }
    static Value write(Zone zone) { return std::string{zone.name()}; }
};

/// "YYYY-MM-DD".
template <>
struct Column<Day> {
    static Day read(const Value& value) {
        const auto day = Day::parse(Column<std::string>::read(value));
        if (!day) throw std::logic_error{"not a day"};
        return *day;
    }
    static Value write(Day day) { return day.to_string(); }
};

template <>
struct Column<json::Date> {
    static json::Date read(const Value& value) { return {Column<Day>::read(value)}; }
    static Value write(json::Date date) { return Column<Day>::write(date.value); }
};

/// Milliseconds since 1970 in `…_ms`.
template <>
struct Column<json::Timestamp> {
    static constexpr std::string_view k_field_ending = "";
    static constexpr std::string_view k_column_ending = "_ms";
    static json::Timestamp read(const Value& value) { return {Column<std::int64_t>::read(value)}; }
    static Value write(json::Timestamp time) { return time.ms; }
};

/// Milliseconds: the field `limit_minutes` is the column `limit_ms`.
template <>
struct Column<json::Minutes> {
    static constexpr std::string_view k_field_ending = "_minutes";
    static constexpr std::string_view k_column_ending = "_ms";
    static json::Minutes read(const Value& value) { return {Column<std::int64_t>::read(value)}; }
    static Value write(json::Minutes duration) { return duration.ms; }
};

/// Minutes of the day: the field `reminder_time` is the column `reminder_minute`.
template <>
struct Column<json::TimeOfDay> {
    static constexpr std::string_view k_field_ending = "_time";
    static constexpr std::string_view k_column_ending = "_minute";
    static json::TimeOfDay read(const Value& value) { return {Column<int>::read(value)}; }
    static Value write(json::TimeOfDay time) { return std::int64_t{time.minute_of_day}; }
};

/// A stored JSON object that is copied as it is.
template <>
struct Column<json::RawJson> {
    static json::RawJson read(const Value& value) { return {Column<std::string>::read(value)}; }
    static Value write(const json::RawJson& json) { return json.text; }
};

namespace detail {

template <class T>
struct Stored {
    using type = T;
};
template <class T>
struct Stored<std::optional<T>> {
    using type = T;
};

} // namespace detail

/// The name of the column of a field of type T, passed to `take` in one or two pieces.
template <class T>
constexpr void column_name(std::string_view field, auto take) {
    using S = Column<typename detail::Stored<T>::type>;
    if constexpr (requires { S::k_column_ending; }) {
        if (field.ends_with(S::k_field_ending)) {
            take(field.substr(0, field.size() - S::k_field_ending.size()));
            take(S::k_column_ending);
            return;
        }
    }
    take(field);
}

} // namespace focus::db
