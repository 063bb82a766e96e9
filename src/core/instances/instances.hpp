// The processes of the service: each writes a heartbeat.
// Owns the table `instances`. Always holds: an instance without a heartbeat for k_silent_ms counts as ended. Times are
// by the system's clock, which no test sets.
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

/// Writes the instance's heartbeat, and deletes instances that ended long ago.
db::Task<void> beat(db::Database& database, Instance instance);
/// Records that the instance ends.
db::Task<void> leave(db::Database& database, std::string name);
/// The running instances, by name.
db::Task<std::vector<Instance>> alive(db::Session& session);

} // namespace focus::instances
