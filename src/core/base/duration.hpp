// Durations as users read them, the same in every language of the product.
#pragma once

#include <cstdint>
#include <string>

namespace focus {

/// "45 min", "2 h", "1 h 5 min": whole minutes, rounded down.
[[nodiscard]] std::string format_duration(std::int64_t ms);

} // namespace focus
