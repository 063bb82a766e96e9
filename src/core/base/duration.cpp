#include "core/base/duration.hpp"

#include "core/base/clock.hpp"

#include <format>

namespace focus {

std::string format_duration(std::int64_t ms) {
    const auto minutes = ms / k_minute_ms;
    if (minutes < 60) return std::format("{} min", minutes);
    if (minutes % 60 == 0) return std::format("{} h", minutes / 60);
    return std::format("{} h {} min", minutes / 60, minutes % 60);
}

} // namespace focus
