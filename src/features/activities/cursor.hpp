// Where a page of a list ended: the sort key of its last (or first) row, as a text that is opaque to clients.
// It is no secret and gives no rights: the owner is in every WHERE.
#pragma once

#include "features/activities/types.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace focus::activities {

struct Cursor {
    bool backward = false; // the page before this place, not the one after it
    /// The row's values in the order of the list's sort columns.
    std::vector<std::variant<std::int64_t, std::string>> place;
};

/// `list` identifies the list (filters and sort); a cursor is valid for no other.
[[nodiscard]] std::string encode_cursor(const Cursor& cursor, std::string_view list);
/// Nothing when the text is not a cursor of this list.
[[nodiscard]] std::optional<Cursor> decode_cursor(std::string_view text, std::string_view list);

} // namespace focus::activities
