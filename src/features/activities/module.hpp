// The activities module: its routes and recounts; wired by app.
#pragma once

#include "core/db/database.hpp"
#include "core/recount/report.hpp"

#include <cstdint>

namespace focus::cache {
class Cache;
}
namespace focus::http {
class Routes;
}

namespace focus::activities {

class Service;

/// /api/activities.
void add_routes(http::Routes& routes, Service& service, cache::Cache& cache);

/// Compares `usage_apps`, `usage_totals`, `usage_days` and `usage_hours` of one user with the activities and corrects
/// differences. The server may run: the user's row is locked while that user's sums are compared, and every
/// transaction that changes activities holds that row before it commits.
db::Task<void> recount_user(db::Database& database, std::int64_t user_id, recount::Mode mode, recount::Report& report);
/// The same inside a transaction with no concurrent ones (a move of all data).
db::Task<void> recount_user(db::Transaction& tx, std::int64_t user_id, recount::Mode mode, recount::Report& report);

} // namespace focus::activities
