// Moves the older service's database into an empty one of this service: accounts, activities, limits, completed challenges
// and all sums. Ids do not change.
// Always holds: all is one transaction, so that an interrupted move leaves nothing; rows are read in pages; nothing is sent to users.
#pragma once

#include "app/fastapi/report.hpp"
#include "core/base/clock.hpp"
#include "core/db/database.hpp"

#include <functional>

namespace focus::app::fastapi {

struct MoveOptions {
    EpochMs now = 0;
    int reminder_minute = 0;                              // minute of the day, for the new accounts
    std::function<void(double)> progress = [](double) {}; // called with the part that is done, 0 to 1
};

/// Throws std::runtime_error when the database already has accounts.
db::Task<void> require_empty(db::Session& target);

/// Throws like require_empty.
db::Task<MoveReport> move_all(db::Session& source, db::Database& target, MoveOptions options);

} // namespace focus::app::fastapi
