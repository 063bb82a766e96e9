// How each type is read from JSON (or a parameter's text), written and described. The primary template handles plain
// structs by reflection; the field types of types.hpp are in codec_types.hpp. A type with its own form
// specialises Codec with the same functions.
// Always holds: reading leaves `out` unchanged where a fault is recorded.
#pragma once

#include "core/base/json_writer.hpp"
#include "core/json/checks.hpp"
#include "core/json/reader.hpp"
#include "core/json/reflect.hpp"
#include "core/json/schema.hpp"

#include <array>
#include <concepts>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace focus::json {

template <class T>
struct Codec;

/// Whether requests may omit a field of this type.
template <class T>
inline constexpr bool k_may_be_absent = false;
template <class T>
inline constexpr bool k_may_be_absent<std::optional<T>> = true;

namespace detail {

// Tables of plain functions keep the code per struct small; reader.cpp and schema.cpp do the work, once for all structs.
template <class T>
void read_field(const Reader& in, void* field) {
    Codec<T>::read(in, *static_cast<T*>(field));
}
template <class T>
void write_field(std::string& out, const void* field) {
    Codec<T>::write(out, *static_cast<const T*>(field));
}

struct FieldWriter {
    std::string_view key; // {"name": or ,"name":
    void (*write)(std::string& out, const void* field);
};

template <class T, std::size_t I>
inline constexpr auto k_key = [] {
    constexpr auto name = k_field_name<T, I>;
    std::array<char, name.size() + 4> key{};
    key[0] = I == 0 ? '{' : ',';
    key[1] = '"';
    for (std::size_t i = 0; i < name.size(); ++i) key[i + 2] = name[i];
    key[name.size() + 2] = '"';
    key[name.size() + 3] = ':';
    return key;
}();

template <class T>
inline constexpr auto k_readers = []<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<FieldReader, sizeof...(I)>{
        FieldReader{k_field_name<T, I>, k_may_be_absent<FieldType<T, I>>, &read_field<FieldType<T, I>>}...};
}(std::make_index_sequence<k_field_count<T>>());

template <class T>
inline constexpr auto k_writers = []<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<FieldWriter, sizeof...(I)>{FieldWriter{{k_key<T, I>.data(), k_key<T, I>.size()}, &write_field<FieldType<T, I>>}...};
}(std::make_index_sequence<k_field_count<T>>());

template <class T>
inline constexpr auto k_descriptions = []<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<FieldDescription, sizeof...(I)>{
        FieldDescription{k_field_name<T, I>, k_may_be_absent<FieldType<T, I>>, &Codec<FieldType<T, I>>::schema}...};
}(std::make_index_sequence<k_field_count<T>>());

template <class T>
constexpr std::span<const FieldDoc> docs_of() {
    if constexpr (requires { T::k_docs; })
        return T::k_docs;
    else
        return {};
}

} // namespace detail

/// Plain structs.
template <class T>
struct Codec {
    static_assert(Struct<T>, "this type has no Codec");
    static_assert(k_field_count<T> <= k_max_fields);

    static void read(const Reader& in, T& out) { in.object(detail::k_readers<T>, field_addresses(out).data()); }
    static void write(std::string& out, const T& value) {
        const auto addresses = field_addresses(value);
        for (std::size_t i = 0; i < addresses.size(); ++i) {
            const auto& field = detail::k_writers<T>[i];
            out += field.key;
            field.write(out, addresses[i]);
        }
        out += addresses.empty() ? "{}" : "}";
    }
    static Schema schema(Schemas& all) { return all.component(type_name<T>(), detail::k_descriptions<T>, detail::docs_of<T>()); }
};

template <>
struct Codec<bool> {
    static void read(const Reader& in, bool& out) { out = in.boolean().value_or(out); }
    static void write(std::string& out, bool value) { out += value ? "true" : "false"; }
    static Schema schema(Schemas&) { return Schema{"boolean"}; }
};

template <std::integral T>
struct Codec<T> {
    static void read(const Reader& in, T& out) {
        constexpr auto k_max = std::in_range<std::int64_t>(std::numeric_limits<T>::max())
                                   ? static_cast<std::int64_t>(std::numeric_limits<T>::max())
                                   : std::numeric_limits<std::int64_t>::max();
        if (const auto value = in.integer(static_cast<std::int64_t>(std::numeric_limits<T>::min()), k_max)) out = static_cast<T>(*value);
    }
    static void write(std::string& out, T value) {
        if constexpr (std::signed_integral<T>)
            append_integer(out, static_cast<std::int64_t>(value));
        else
            append_integer(out, static_cast<std::uint64_t>(value));
    }
    static Schema schema(Schemas&) {
        Schema schema{"integer"};
        if constexpr (sizeof(T) == 8) schema.set_string("format", "int64");
        if constexpr (std::unsigned_integral<T>) schema.set("minimum", std::int64_t{0});
        return schema;
    }
};

template <std::floating_point T>
struct Codec<T> {
    static void read(const Reader& in, T& out) {
        if (const auto value = in.number()) out = static_cast<T>(*value);
    }
    static void write(std::string& out, T value) { append_number(out, static_cast<double>(value)); }
    static Schema schema(Schemas&) { return Schema{"number"}; }
};

template <>
struct Codec<std::string> {
    static void read(const Reader& in, std::string& out) {
        if (const auto text = in.string()) out = *text;
    }
    static void write(std::string& out, std::string_view value) { append_string(out, value); }
    static Schema schema(Schemas&) { return Schema{"string"}; }
};

/// For answers only: a decoded value would have no owner.
template <>
struct Codec<std::string_view> {
    static void write(std::string& out, std::string_view value) { append_string(out, value); }
    static Schema schema(Schemas&) { return Schema{"string"}; }
};

/// Scoped enums: the names of their enumerators.
template <class T>
    requires std::is_enum_v<T>
struct Codec<T> {
    static void read(const Reader& in, T& out) {
        if (const auto index = read_enum(in, k_enum_names<T>)) out = static_cast<T>(*index);
    }
    static void write(std::string& out, T value) { append_string(out, k_enum_names<T>.at(static_cast<std::size_t>(value))); }
    static Schema schema(Schemas&) {
        std::string values;
        for (const auto name : k_enum_names<T>) {
            values += values.empty() ? '[' : ',';
            append_string(values, name);
        }
        return Schema{"string"}.set("enum", values + "]");
    }
};

template <class T>
struct Codec<std::optional<T>> {
    static void read(const Reader& in, std::optional<T>& out) {
        out.reset();
        if (!in.is_null()) Codec<T>::read(in, out.emplace());
    }
    static void write(std::string& out, const std::optional<T>& value) {
        if (value)
            Codec<T>::write(out, *value);
        else
            out += "null";
    }
    static Schema schema(Schemas& all) {
        auto schema = Codec<T>::schema(all);
        if (all.use() != Use::parameter) schema.or_null();
        return schema;
    }
};

namespace detail {

template <class Range>
void write_array(std::string& out, const Range& range) {
    char before = '[';
    for (const auto& element : range) {
        out += before;
        Codec<typename Range::value_type>::write(out, element);
        before = ',';
    }
    out += before == '[' ? "[]" : "]";
}

template <class T>
void read_array(const Reader& in, std::size_t min, std::size_t max, std::vector<T>& out) {
    out.clear();
    in.each_element(min, max, [&](const Reader& element) {
        T value{};
        Codec<T>::read(element, value);
        out.push_back(std::move(value));
    });
}

template <class T>
Schema array_schema(Schemas& all) {
    return Schema{"array"}.set("items", Codec<T>::schema(all).to_json());
}

} // namespace detail

template <class T>
struct Codec<std::vector<T>> {
    static void read(const Reader& in, std::vector<T>& out) { detail::read_array(in, 0, std::numeric_limits<std::size_t>::max(), out); }
    static void write(std::string& out, const std::vector<T>& value) { detail::write_array(out, value); }
    static Schema schema(Schemas& all) { return detail::array_schema<T>(all); }
};

template <class T, std::size_t N>
struct Codec<std::array<T, N>> {
    static void read(const Reader& in, std::array<T, N>& out) {
        std::size_t i = 0;
        in.each_element(N, N, [&](const Reader& element) { Codec<T>::read(element, out[i++]); });
    }
    static void write(std::string& out, const std::array<T, N>& value) { detail::write_array(out, value); }
    static Schema schema(Schemas& all) { return detail::array_schema<T>(all).set("minItems", N).set("maxItems", N); }
};

template <class T>
struct Codec<std::map<std::string, T>> {
    static void read(const Reader& in, std::map<std::string, T>& out) {
        out.clear();
        in.each_member([&](std::string_view key, const Reader& member) { Codec<T>::read(member, out[std::string{key}]); });
    }
    static void write(std::string& out, const std::map<std::string, T>& value) {
        char before = '{';
        for (const auto& [key, element] : value) {
            out += before;
            append_string(out, key);
            out += ':';
            Codec<T>::write(out, element);
            before = ',';
        }
        out += before == '{' ? "{}" : "}";
    }
    static Schema schema(Schemas& all) { return Schema{"object"}.set("additionalProperties", Codec<T>::schema(all).to_json()); }
};

template <class T>
Schema Schemas::of(Use use) {
    use_ = use;
    return Codec<T>::schema(*this);
}

template <class Q>
std::vector<FieldSchema> Schemas::parameters() {
    use_ = Use::parameter;
    return describe(detail::k_descriptions<Q>, detail::docs_of<Q>());
}

} // namespace focus::json
