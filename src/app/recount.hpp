// Counts all stored sums of the service again from their rows: runs the recounts of all features in order.
#pragma once

#include "core/base/clock.hpp"
#include "core/db/database.hpp"
#include "core/recount/report.hpp"

#include <cstdint>
#include <functional>
#include <limits>

namespace focus::app {

struct RecountOptions {
    recount::Mode mode = recount::Mode::look;
    EpochMs now = 0;
    std::int64_t most_users = std::numeric_limits<std::int64_t>::max(); // whose sums are recounted; the newest accounts first
    std::function<void(double)> progress = [](double) {};               // called with the part done, 0 to 1
};

/// In small transactions, one per user and table: a server may run meanwhile.
db::Task<void> recount_all(db::Database& database, RecountOptions options, recount::Report& report);
/// Inside one transaction, while nothing else writes.
db::Task<void> recount_all(db::Transaction& tx, RecountOptions options, recount::Report& report);

} // namespace focus::app
