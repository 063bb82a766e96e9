// Names of others in stored notifications: a mark with the account's id, read as the name that the account has then, so that
// a deleted account has none. No text of a person can hold a mark: control characters are refused.
#pragma once

#include "core/base/text.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace focus::notifications::names {

/// Names by id; whoever is missing is a deleted account.
using Known = std::map<std::int64_t, std::string>;

/// Adds the ids of the marks (mark_of) in a text, or in JSON.
void collect(std::string_view text, std::set<std::int64_t>& ids);
/// The text, or JSON, with names instead of marks.
[[nodiscard]] std::string fill(std::string_view text, const Known& known, Language language);

} // namespace focus::notifications::names
