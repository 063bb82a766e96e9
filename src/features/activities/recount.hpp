// The roll-ups of users counted again from their activities: finds what differs and puts it right.
// Always holds: the server may go on meanwhile. A user's row is locked while that user's sums are compared, and every
// transaction that changes activities holds that row before it commits.
#pragma once

#include "core/db/database.hpp"
#include "core/recount/report.hpp"

#include <cstdint>

namespace focus::activities {

/// Compares `usage_apps`, `usage_totals`, `usage_days` and `usage_hours` of one user with the activities.
db::Task<void> recount_user(db::Database& database, std::int64_t user_id, recount::Mode mode, recount::Report& report);
/// The same inside a transaction that nothing else can disturb (a move of everything).
db::Task<void> recount_user(db::Transaction& tx, std::int64_t user_id, recount::Mode mode, recount::Report& report);

} // namespace focus::activities
