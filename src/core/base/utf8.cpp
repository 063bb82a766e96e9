#include "core/base/utf8.hpp"

namespace focus::utf8 {
namespace {

constexpr unsigned byte(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }
constexpr bool is_continuation(unsigned c) { return (c & 0xC0U) == 0x80U; }

bool is_space(char32_t c) {
    return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
           c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_line_end(char32_t c) { return c == '\n' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029; }

/// C0, DEL, C1, and the bidi controls: ALM, embeddings, overrides and isolates.
bool is_control(char32_t c) {
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x061C || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

/// Unicode's Default_Ignorable_Code_Point, the empty Braille cell and the marks of annotations.
bool is_drawn_as_nothing(char32_t c) {
    return c == 0x00AD || c == 0x034F || c == 0x115F || c == 0x1160 || c == 0x17B4 || c == 0x17B5 || (c >= 0x180B && c <= 0x180F) ||
           (c >= 0x200B && c <= 0x200F) || (c >= 0x2060 && c <= 0x206F) || c == 0x2800 || c == 0x3164 || (c >= 0xFE00 && c <= 0xFE0F) ||
           c == 0xFEFF || c == 0xFFA0 || (c >= 0xFFF0 && c <= 0xFFFB) || (c >= 0x1BCA0 && c <= 0x1BCA3) || (c >= 0x1D173 && c <= 0x1D17A) ||
           (c >= 0xE0000 && c <= 0xE0FFF);
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

bool has_control(std::string_view text, Lines lines) noexcept {
    while (!text.empty()) {
        const auto c = first(text);
        if (c.length == 0) return true;
        const bool is_allowed_break = lines == Lines::several && (c.value == '\t' || is_line_end(c.value));
        if ((is_control(c.value) || is_line_end(c.value)) && !is_allowed_break) return true;
        text.remove_prefix(c.length);
    }
    return false;
}

bool is_visible(std::string_view text) noexcept {
    while (!text.empty()) {
        const auto c = first(text);
        if (c.length == 0) return false;
        if (!is_space(c.value) && !is_control(c.value) && !is_drawn_as_nothing(c.value)) return true;
        text.remove_prefix(c.length);
    }
    return false;
}

std::string_view prefix(std::string_view text, std::size_t bytes) noexcept {
    if (text.size() <= bytes) return text;
    while (bytes > 0 && is_continuation(byte(text, bytes))) --bytes;
    return text.substr(0, bytes);
}

} // namespace focus::utf8
