// The codecs of the field types in types.hpp.
#pragma once

#include "core/json/codec.hpp"
#include "core/json/types.hpp"

namespace focus::json {

template <std::size_t Min, std::size_t Max>
struct Codec<Text<Min, Max>> {
    static void read(const Reader& in, Text<Min, Max>& out) { read_text(in, Min, Max, out.value); }
    static void write(std::string& out, const Text<Min, Max>& value) { append_string(out, value.value); }
    static Schema schema(Schemas&) {
        Schema schema{"string"};
        if constexpr (Min > 0) schema.set("minLength", Min);
        return schema.set("maxLength", Max);
    }
};

template <std::int64_t Min, std::int64_t Max>
struct Codec<Integer<Min, Max>> {
    static void read(const Reader& in, Integer<Min, Max>& out) { out.value = in.integer(Min, Max).value_or(out.value); }
    static void write(std::string& out, Integer<Min, Max> value) { append_integer(out, value.value); }
    static Schema schema(Schemas&) {
        Schema schema{"integer"};
        schema.set_string("format", "int64");
        if constexpr (Min != std::numeric_limits<std::int64_t>::min()) schema.set("minimum", Min);
        if constexpr (Max != std::numeric_limits<std::int64_t>::max()) schema.set("maximum", Max);
        return schema;
    }
};

template <>
struct Codec<Minutes> {
    static void read(const Reader& in, Minutes& out) { read_minutes(in, -k_max_minutes, k_max_minutes, out.ms); }
    static void write(std::string& out, Minutes value) { append_number(out, value.minutes()); }
    static Schema schema(Schemas&) { return Schema{"number"}; }
};

template <std::int64_t Min, std::int64_t Max>
struct Codec<MinutesIn<Min, Max>> {
    static void read(const Reader& in, MinutesIn<Min, Max>& out) {
        read_minutes(in, static_cast<double>(Min), static_cast<double>(Max), out.value.ms);
    }
    static void write(std::string& out, MinutesIn<Min, Max> value) { append_number(out, value.value.minutes()); }
    static Schema schema(Schemas&) { return Schema{"number"}.set("minimum", Min).set("maximum", Max); }
};

template <>
struct Codec<Timestamp> {
    static void read(const Reader& in, Timestamp& out) { read_timestamp(in, out.ms); }
    static void write(std::string& out, Timestamp value) {
        append_rfc3339(out += '"', value.ms);
        out += '"';
    }
    static Schema schema(Schemas&) { return Schema{"string"}.set_string("format", "date-time"); }
};

template <>
struct Codec<Date> {
    static void read(const Reader& in, Date& out) { read_date(in, out.value); }
    static void write(std::string& out, Date value) { ((out += '"') += value.value.to_string()) += '"'; }
    static Schema schema(Schemas&) { return Schema{"string"}.set_string("format", "date"); }
};

template <>
struct Codec<TimeOfDay> {
    static void read(const Reader& in, TimeOfDay& out) { read_time_of_day(in, out.minute_of_day); }
    static void write(std::string& out, TimeOfDay value) { ((out += '"') += format_hhmm(value.minute_of_day)) += '"'; }
    static Schema schema(Schemas&) { return Schema{"string"}.set_string("pattern", "^([01][0-9]|2[0-3]):[0-5][0-9]$"); }
};

template <>
struct Codec<EmailAddress> {
    static void read(const Reader& in, EmailAddress& out) { read_email(in, out.value); }
    static void write(std::string& out, const EmailAddress& value) { append_string(out, value.value); }
    static Schema schema(Schemas&) { return Schema{"string"}.set_string("format", "email").set("maxLength", std::int64_t{254}); }
};

template <>
struct Codec<HttpUrl> {
    static void read(const Reader& in, HttpUrl& out) { read_url(in, out.value); }
    static void write(std::string& out, const HttpUrl& value) { append_string(out, value.value); }
    static Schema schema(Schemas&) { return Schema{"string"}.set_string("format", "uri").set("maxLength", k_max_url); }
};

template <>
struct Codec<ZoneName> {
    static void read(const Reader& in, ZoneName& out) { read_zone(in, out.value); }
    static void write(std::string& out, const ZoneName& value) { append_string(out, value.value); }
    static Schema schema(Schemas&) { return Schema{"string"}.set("examples", R"(["Europe/Paris"])"); }
};

template <>
struct Codec<RawJson> {
    static void read(const Reader& in, RawJson& out) {
        if (auto text = in.raw_object()) out.text = std::move(*text);
    }
    static void write(std::string& out, const RawJson& value) {
        out += value.text.empty() ? std::string_view{"{}"} : std::string_view{value.text};
    }
    static Schema schema(Schemas&) { return Schema{"object"}; }
};

template <class T, std::size_t Min, std::size_t Max>
struct Codec<List<T, Min, Max>> {
    static void read(const Reader& in, List<T, Min, Max>& out) { detail::read_array(in, Min, Max, out.items); }
    static void write(std::string& out, const List<T, Min, Max>& value) { detail::write_array(out, value.items); }
    static Schema schema(Schemas& all) {
        auto schema = detail::array_schema<T>(all);
        if constexpr (Min > 0) schema.set("minItems", Min);
        return schema.set("maxItems", Max);
    }
};

template <class T, auto Default>
inline constexpr bool k_may_be_absent<Or<T, Default>> = true;
template <class T, auto Default>
struct Codec<Or<T, Default>> {
    static void read(const Reader& in, Or<T, Default>& out) {
        if (!in.is_null()) Codec<T>::read(in, out.value);
    }
    static void write(std::string& out, const Or<T, Default>& value) { Codec<T>::write(out, value.value); }
    static Schema schema(Schemas& all) {
        std::string json;
        Codec<T>::write(json, Or<T, Default>{}.value);
        return Codec<T>::schema(all).set("default", std::move(json));
    }
};

template <class T>
inline constexpr bool k_may_be_absent<Patch<T>> = true;
template <class T>
struct Codec<Patch<T>> {
    static void read(const Reader& in, Patch<T>& out) {
        out.present = true;
        Codec<std::optional<T>>::read(in, out.value);
    }
    static void write(std::string& out, const Patch<T>& value) { Codec<std::optional<T>>::write(out, value.value); }
    static Schema schema(Schemas& all) { return Codec<std::optional<T>>::schema(all); }
};

template <class T>
inline constexpr bool k_may_be_absent<Change<T>> = true;
template <class T>
struct Codec<Change<T>> {
    static void read(const Reader& in, Change<T>& out) { Codec<T>::read(in, out.value.emplace()); }
    static void write(std::string& out, const Change<T>& value) { Codec<std::optional<T>>::write(out, value.value); }
    static Schema schema(Schemas& all) { return Codec<T>::schema(all); }
};

} // namespace focus::json
