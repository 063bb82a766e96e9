// For lists whose elements are checked one by one: a JSON text that is invalid only because of some elements of one of
// its arrays (a lone surrogate, a number out of range, brackets without end) is read without those elements.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace focus::json {

struct Mended {
    std::string text;             // with `null` in place of each invalid element
    std::vector<std::size_t> bad; // their indices, ascending
};

/// Finds the array that is the member `name` of the object `text` and replaces each element that is invalid by itself.
/// Nothing when there is no such array, it has more than `most` elements, none is invalid, or the ends of elements
/// cannot be determined.
[[nodiscard]] std::optional<Mended> mend_elements(std::string_view text, std::string_view name, std::size_t most);

} // namespace focus::json
