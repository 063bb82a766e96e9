#include "core/base/utf8.hpp"

namespace focus::utf8 {
namespace {

constexpr unsigned byte(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }
constexpr bool is_continuation(unsigned c) { return (c & 0xC0U) == 0x80U; }

bool is_space(char32_t c) {
    return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
           c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

} // namespace

CodePoint first(std::string_view text) noexcept {
    const unsigned lead = byte(text, 0);
    if (lead < 0x80) return {lead, 1};
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {};
    char32_t value = lead & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if (!is_continuation(byte(text, i))) return {};
        value = (value << 6) | (byte(text, i) & 0x3FU);
    }
    constexpr char32_t k_least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (value < k_least[length] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return {};
    return {value, length};
}

bool is_valid(std::string_view text) noexcept {
    while (!text.empty()) {
        const auto length = first(text).length;
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::size_t length(std::string_view text) noexcept {
    std::size_t count = 0;
    for (const char c : text) count += !is_continuation(static_cast<unsigned char>(c));
    return count;
}

std::string_view trim(std::string_view text) noexcept {
    while (!text.empty()) {
        const auto c = first(text);
        if (c.length == 0 || !is_space(c.value)) break;
        text.remove_prefix(c.length);
    }
    while (!text.empty()) {
        std::size_t start = text.size() - 1;
        while (start > 0 && is_continuation(byte(text, start))) --start;
        const auto c = first(text.substr(start));
        if (c.length == 0 || !is_space(c.value)) break;
        text = text.substr(0, start);
    }
    return text;
}

bool has_control(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const unsigned c = byte(text, i);
        if (c < 0x20 ? (c != '\t' && c != '\n' && c != '\r') : c == 0x7F) return true;
        // U+0080 to U+009F are C2 80 to C2 9F; the next-line character among them ends a line
        if (c == 0xC2 && i + 1 < text.size() && byte(text, i + 1) < 0xA0 && byte(text, i + 1) != 0x85) return true;
    }
    return false;
}

std::string_view prefix(std::string_view text, std::size_t bytes) noexcept {
    if (text.size() <= bytes) return text;
    while (bytes > 0 && is_continuation(byte(text, bytes))) --bytes;
    return text.substr(0, bytes);
}

} // namespace focus::utf8
