// All stored sums of the service counted again from the rows that they are made of: where the features' recounts meet.
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
    std::int64_t most_users = std::numeric_limits<std::int64_t>::max(); // whose own sums are looked at; the newest accounts first
    std::function<void(double)> progress = [](double) {};               // told the part that is done, 0 to 1
};

/// In small transactions, one per user and table: a server may go on meanwhile.
db::Task<void> recount_all(db::Database& database, RecountOptions options, recount::Report& report);
/// Inside a transaction that nothing else can disturb.
db::Task<void> recount_all(db::Transaction& tx, RecountOptions options, recount::Report& report);

} // namespace focus::app
