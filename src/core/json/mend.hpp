// For lists whose elements are judged one by one: a JSON text that does not parse only because of some elements of one
// of its arrays (a lone surrogate, a number beyond all bounds, brackets without end) is read without those elements.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace focus::json {

struct Mended {
    std::string text;             // with `null` where a bad element was
    std::vector<std::size_t> bad; // their indices, rising
};

/// Looks for the array that is the member `name` of the object `text` and takes out each element that is no JSON by
/// itself. Nothing when there is no such array, it has more than `most` elements, none is bad, or where elements end
/// can't be told.
[[nodiscard]] std::optional<Mended> mend_elements(std::string_view text, std::string_view name, std::size_t most);

} // namespace focus::json
