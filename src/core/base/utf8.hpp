// UTF-8 (RFC 3629): checking, counting and trimming. Nothing here allocates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace focus::utf8 {

/// One decoded character; `length` 0 means that the bytes are not UTF-8 (overlong forms and surrogates included).
struct CodePoint {
    char32_t value = 0;
    std::size_t length = 0;
};

/// The character that `text` starts with. `text` must not be empty.
[[nodiscard]] CodePoint first(std::string_view text) noexcept;
[[nodiscard]] bool is_valid(std::string_view text) noexcept;
/// The number of code points of valid UTF-8.
[[nodiscard]] std::size_t length(std::string_view text) noexcept;
/// Valid UTF-8 without the white space (Unicode White_Space) at both ends.
[[nodiscard]] std::string_view trim(std::string_view text) noexcept;
/// Control characters (C0, C1, DEL, line ends included) and what turns the direction of the text around it: the bidi
/// controls other than the marks LRM and RLM. Of texts of several lines, tabs and line ends are none. `text` is valid UTF-8.
enum class Lines { one, several };
[[nodiscard]] bool has_control(std::string_view text, Lines lines) noexcept;
/// Whether anything is visible: a character that is neither white space nor drawn as nothing (zero-width spaces and
/// joiners, fillers, variation selectors, tags). `text` is valid UTF-8.
[[nodiscard]] bool is_visible(std::string_view text) noexcept;
/// The longest prefix of at most `bytes` bytes that does not cut a character in two.
[[nodiscard]] std::string_view prefix(std::string_view text, std::size_t bytes) noexcept;

} // namespace focus::utf8
