// Moves the older service's database into an empty one of ours: accounts, activities, limits, completed challenges, and all
// sums. Ids stay what they are.
// Always holds: it is one transaction, so that an interrupted move leaves nothing; rows are read in pages; no mails, no notifications.
#pragma once

#include "app/fastapi/report.hpp"
#include "core/base/clock.hpp"
#include "core/db/database.hpp"

#include <functional>

namespace focus::app::fastapi {

struct MoveOptions {
    EpochMs now = 0;
    int reminder_minute = 0;                              // of the new accounts' day
    std::function<void(double)> progress = [](double) {}; // told the part that is done, 0 to 1
};

/// Throws std::runtime_error when the database has accounts already.
db::Task<void> require_empty(db::Session& target);

/// Throws as require_empty does.
db::Task<MoveReport> move_all(db::Session& source, db::Database& target, MoveOptions options);

} // namespace focus::app::fastapi
