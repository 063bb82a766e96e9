// One part of a recount: some tables that are compared together.
#pragma once

#include "core/db/database.hpp"
#include "core/recount/report.hpp"

#include <functional>

namespace focus::recount {

/// Compares, and repairs in `repair` unless that is null. A part that repairs first takes a lock, so that a second recount
/// waits and then finds no difference. May run again from its start.
using Part = std::function<db::Task<void>(db::Session& session, db::Transaction* repair, Report& report)>;

/// Compares without a lock first: nearly always nothing differs.
db::Task<void> run(db::Database& database, Part part, Mode mode, Report& report);
/// Compares and repairs inside a transaction that no other transaction can affect.
db::Task<void> run(db::Transaction& tx, Part part, Mode mode, Report& report);

} // namespace focus::recount
