// Helpers for UTF-8 text: comparing without regard to case, cutting at a character's edge, LIKE patterns.
#pragma once

#include <string>
#include <string_view>

namespace focus {

/// The text in lower case, by the simple case mappings of Unicode: two texts that differ only in case fold to the same.
[[nodiscard]] std::string fold_case(std::string_view utf8);
[[nodiscard]] bool is_ascii(std::string_view text) noexcept;
/// At most `max_bytes` of the text, cut at a character's edge.
[[nodiscard]] std::string_view cut_utf8(std::string_view utf8, std::size_t max_bytes) noexcept;
/// A LIKE pattern (ESCAPE '!') that finds the text anywhere (or at the start): its own % _ ! are taken literally.
[[nodiscard]] std::string like_contains(std::string_view text);
[[nodiscard]] std::string like_prefix(std::string_view text);

} // namespace focus
