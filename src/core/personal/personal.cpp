#include "core/personal/personal.hpp"

#include <charconv>

namespace focus::personal::detail {

std::int64_t key_of(std::string_view after) {
    std::int64_t key = 0;
    std::from_chars(after.data(), after.data() + after.size(), key);
    return key;
}

} // namespace focus::personal::detail
