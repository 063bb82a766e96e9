// JSON for plain structs: read with every fault at once, written without detours, described as JSON Schema 2020-12.
// Field names come from the struct itself (reflect-cpp is the reflection, yyjson the parser); what a field accepts comes
// from its type (core/json/types.hpp). Reading: unknown fields are ignored, a std::optional may be absent or null,
// a json::Or<> has a default, everything else must be there.
#pragma once

#include "core/base/error.hpp"
#include "core/json/codec.hpp"
#include "core/json/schema.hpp"
#include "core/json/types.hpp"

#include <string>
#include <string_view>

namespace focus::json {

/// The value of `text`. Throws 422 (focus::Error with faults, loc starting with `where`) for anything that is not
/// UTF-8 JSON or does not fit T. Depth is limited to 32.
template <class T>
[[nodiscard]] T parse(std::string_view text, std::string_view where = "body");

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
