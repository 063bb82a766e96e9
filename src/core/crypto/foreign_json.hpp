// JSON from other systems, in tokens and key sets: members may have any type, and a wrong one is not an error
// by itself. For the files of core/crypto alone.
#pragma once

#include "core/json/reader.hpp"

#include <string>
#include <string_view>

namespace focus::crypto {

/// Calls `f(name, reader)` for each member, also for repeated ones; false when the text is not a JSON object. Names and
/// readers are valid only during the call.
template <class F>
[[nodiscard]] bool visit_object(std::string_view text, F&& f) {
    json::Faults faults;
    const json::Document document{text, nullptr, &faults};
    if (!document.valid() || !document.root().is_object()) return false;
    document.root().each_member(std::forward<F>(f));
    return true;
}

/// Empty when the value is not a string.
[[nodiscard]] inline std::string text_of(const json::Reader& value) {
    return value.is_string() ? std::string{value.string().value_or("")} : std::string{};
}

} // namespace focus::crypto
