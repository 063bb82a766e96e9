#include "core/base/json_writer.hpp"

#include "core/base/utf8.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace focus::json {
namespace {

constexpr char k_plain = 0, k_unicode = 'u', k_high = 'h';

/// For each byte: plain, the letter of its short escape, 'u' for \u00XX, or 'h' for the start of a longer character.
constexpr auto k_class = [] {
    std::array<char, 256> table{};
    for (std::size_t c = 0; c < 0x20; ++c) table[c] = k_unicode;
    for (std::size_t c = 0x80; c < 0x100; ++c) table[c] = k_high;
    table['"'] = '"';
    table['\\'] = '\\';
    table['\b'] = 'b';
    table['\f'] = 'f';
    table['\n'] = 'n';
    table['\r'] = 'r';
    table['\t'] = 't';
    return table;
}();

template <class T>
void append_digits(std::string& out, T value) {
    std::array<char, 32> buffer;
    const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    out.append(buffer.data(), end);
}

} // namespace

void append_string(std::string& out, std::string_view text) {
    out += '"';
    std::size_t done = 0;
    for (std::size_t i = 0; i < text.size();) {
        const auto c = static_cast<unsigned char>(text[i]);
        const char kind = k_class[c];
        if (kind == k_plain) {
            ++i;
            continue;
        }
        if (kind == k_high) {
            if (const auto length = utf8::first(text.substr(i)).length; length != 0) {
                i += length;
                continue;
            }
        }
        out.append(text, done, i - done);
        if (kind == k_high) {
            out += "\xEF\xBF\xBD";
        } else if (kind == k_unicode) {
            constexpr std::string_view k_hex = "0123456789abcdef";
            out += "\\u00";
            out += k_hex[c >> 4];
            out += k_hex[c & 15];
        } else {
            out += '\\';
            out += kind;
        }
        done = ++i;
    }
    out.append(text, done);
    out += '"';
}

void append_integer(std::string& out, std::int64_t value) { append_digits(out, value); }
void append_integer(std::string& out, std::uint64_t value) { append_digits(out, value); }

void append_number(std::string& out, double value) {
    constexpr double k_whole = 1e15;
    if (!std::isfinite(value))
        out += "null";
    else if (std::abs(value) < k_whole && value == std::trunc(value))
        append_digits(out, static_cast<std::int64_t>(value));
    else
        append_digits(out, value);
}

} // namespace focus::json
