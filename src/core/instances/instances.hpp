// The processes of the service: each says from time to time that it lives.
// Owns the table `instances`. Always holds: who has not been heard of for k_silent_ms counts as gone. Times are by the
// system's clock, which no test sets.
#pragma once

#include "core/base/clock.hpp"
#include "core/db/database.hpp"

#include <string>
#include <vector>

namespace focus::instances {

inline constexpr std::chrono::seconds k_beat{10};
inline constexpr EpochMs k_silent_ms = 35 * k_second_ms;

struct Instance {
    std::string name; // at most 200 ASCII characters, unique
    std::string version;
    EpochMs started_at_ms = 0;
    EpochMs seen_at_ms = 0;
};

/// Says that the instance lives, and forgets those that have been gone for long.
db::Task<void> beat(db::Database& database, Instance instance);
/// Says that it ends.
db::Task<void> leave(db::Database& database, std::string name);
/// Those that live, by name.
db::Task<std::vector<Instance>> alive(db::Session& session);

} // namespace focus::instances
