// The primitives of writing JSON straight into a string, which the log needs, too.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace focus::json {

/// With quotes and escapes. Bytes that are not UTF-8 become U+FFFD, so that the result always is.
void append_string(std::string& out, std::string_view text);
void append_integer(std::string& out, std::int64_t value);
void append_integer(std::string& out, std::uint64_t value);
/// The shortest form that reads back as the same double; whole numbers below 10^15 without exponent; null when not finite.
void append_number(std::string& out, double value);

} // namespace focus::json
