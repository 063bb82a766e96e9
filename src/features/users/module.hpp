// The users module: its routes and recounts; wired by app.
#pragma once

#include "core/base/clock.hpp"
#include "core/recount/part.hpp"

#include <vector>

namespace focus::cache {
class Cache;
}
namespace focus::http {
class Routes;
}

namespace focus::users {

class Service;

/// /api/users, except routes that combine modules.
void add_routes(http::Routes& routes, Service& service, cache::Cache& cache);

/// Recounts the accounts made and deleted by day, and the active and verified ones. An erased account, which has no row,
/// counts in both sums: as made and as deleted.
[[nodiscard]] std::vector<recount::Part> recount_parts(EpochMs now);

} // namespace focus::users
