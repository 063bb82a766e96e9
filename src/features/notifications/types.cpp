#include "features/notifications/types.hpp"

#include <algorithm>

namespace focus::notifications {

std::string_view to_string(Type type) noexcept { return json::k_enum_names<Type>[static_cast<std::size_t>(type)]; }

Type type_of(std::string_view name) noexcept {
    const auto& names = json::k_enum_names<Type>;
    const auto found = std::ranges::find(names, name);
    return found == names.end() ? Type::custom : static_cast<Type>(found - names.begin());
}

} // namespace focus::notifications
