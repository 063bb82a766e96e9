// The months' names, for dates in texts for users.
#pragma once

#include "core/base/text.hpp"

#include <array>

namespace focus {

inline constexpr std::array<Text, 12> k_month_names{{{"January", "janvier"},
                                                     {"February", "février"},
                                                     {"March", "mars"},
                                                     {"April", "avril"},
                                                     {"May", "mai"},
                                                     {"June", "juin"},
                                                     {"July", "juillet"},
                                                     {"August", "août"},
                                                     {"September", "septembre"},
                                                     {"October", "octobre"},
                                                     {"November", "novembre"},
                                                     {"December", "décembre"}}};

} // namespace focus
