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

/// /api/users, but for what combines modules.
void add_routes(http::Routes& routes, Service& service, cache::Cache& cache);

/// Accounts that joined and went, by day, and those that are active and verified, counted again. Accounts of which no row
/// is left are in the sums of both, those that joined and those that went.
[[nodiscard]] std::vector<recount::Part> recount_parts(EpochMs now);

} // namespace focus::users
