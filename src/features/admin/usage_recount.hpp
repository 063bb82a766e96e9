// The sums over all users' activities counted again from the users' roll-ups.
// Always holds: the server may go on meanwhile. One statement compares what the roll-ups say with what is stored and what
// is still to be folded, so that a transaction changes all of it or nothing; repairs take the turn of the fold.
#pragma once

#include "core/db/database.hpp"
#include "core/recount/report.hpp"

namespace focus::admin {

/// Compares `service_days`, `service_apps`, `user_totals`, `last_uses` and `last_use_days`. A last day later than what the
/// roll-ups have is right: what was recorded on it may have been deleted since.
db::Task<void> recount_usage(db::Database& database, recount::Mode mode, recount::Report& report);
/// The same inside a transaction.
db::Task<void> recount_usage(db::Transaction& tx, recount::Mode mode, recount::Report& report);

} // namespace focus::admin
