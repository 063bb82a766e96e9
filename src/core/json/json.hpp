// JSON for plain structs: read with every fault at once, written directly, described as JSON Schema 2020-12.
// Field names come from the struct itself (reflect-cpp is the reflection, yyjson the parser); what a field accepts comes
// from its type (core/json/types.hpp). Reading: unknown fields are ignored, a std::optional may be absent or null,
// a json::Or<> has a default, every other field is required.
#pragma once

#include "core/base/error.hpp"
#include "core/json/codec.hpp"
#include "core/json/codec_types.hpp"
#include "core/json/types.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace focus::json {

/// The value of `text`. Throws 422 (focus::Error with faults, loc starting with `where`) for anything that is not
/// UTF-8 JSON or does not fit T. Depth is limited to 32.
template <class T>
[[nodiscard]] T parse(std::string_view text, std::string_view where = "body") {
    T value{};
    const Loc loc{nullptr, where};
    Faults faults;
    const Document document{text, &loc, &faults};
    if (document.valid()) Codec<T>::read(document.root(), value);
    faults.throw_if_any();
    return value;
}

/// The struct Q from decoded query parameters. Throws 422. Unknown parameters are ignored, the last of a repeated one counts.
template <class Q>
[[nodiscard]] Q parse_query(Params params, std::string_view where = "query") {
    Q value{};
    const Loc loc{nullptr, where};
    Faults faults;
    read_params(params, &loc, faults, detail::k_readers<Q>, field_addresses(value).data());
    faults.throw_if_any();
    return value;
}

/// The struct P from decoded path parameters; nothing when one is invalid, which means 404.
template <class P>
[[nodiscard]] std::optional<P> parse_path(Params params) {
    P value{};
    Faults faults;
    read_params(params, nullptr, faults, detail::k_readers<P>, field_addresses(value).data());
    if (!faults.empty()) return std::nullopt;
    return value;
}

/// Appends the JSON of `value`: no white space, UTF-8, absent optionals as null, non-finite numbers as null.
template <class T>
void append(std::string& out, const T& value) {
    Codec<T>::write(out, value);
}

template <class T>
[[nodiscard]] std::string write(const T& value) {
    std::string out;
    append(out, value);
    return out;
}

} // namespace focus::json
