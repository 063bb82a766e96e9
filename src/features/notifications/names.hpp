// Names of others in stored notifications: a mark holds the account's id and is replaced by its current name when read, so
// a deleted account has no name. User text cannot contain a mark: control characters are refused.
#pragma once

#include "core/base/text.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace focus::notifications::names {

/// Names by id; an id that is missing belongs to a deleted account.
using Known = std::map<std::int64_t, std::string>;

/// Adds the ids of the marks (mark_of) in a text, or in JSON.
void collect(std::string_view text, std::set<std::int64_t>& ids);
/// The text, or JSON, with names instead of marks.
[[nodiscard]] std::string fill(std::string_view text, const Known& known, Language language);

} // namespace focus::notifications::names
