// The name that a mistyped word may have been meant for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace focus::app {

/// The name that is nearest to `word`: one that begins with it, else one with at most two letters changed, left out, added or
/// swapped with their neighbour; nothing when none is near.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& names);

} // namespace focus::app
