// Finds the name that a mistyped word probably stands for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace focus::app {

/// The name that is nearest to `word`: one that begins with it, else one with at most two letters changed, removed, added or
/// swapped with an adjacent one; nothing when no name is near.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& names);

} // namespace focus::app
