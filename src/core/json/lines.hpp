// The field type of texts of several lines: descriptions, messages.
#pragma once

#include "core/json/json.hpp"

namespace focus::json {

/// Like Text (types.hpp), and line breaks and tabs are allowed.
template <std::size_t Min, std::size_t Max>
struct Lines {
    std::string value;
    operator const std::string&() const noexcept { return value; }
};

void read_lines(const Reader& in, std::size_t min, std::size_t max, std::string& out);

template <std::size_t Min, std::size_t Max>
struct Codec<Lines<Min, Max>> {
    static void read(const Reader& in, Lines<Min, Max>& out) { read_lines(in, Min, Max, out.value); }
    static void write(std::string& out, const Lines<Min, Max>& value) { append_string(out, value.value); }
    static Schema schema(Schemas& all) { return Codec<Text<Min, Max>>::schema(all); }
};

} // namespace focus::json
