// The SQL by which administrators find accounts. Deleted ones are never among them.
#pragma once

#include "core/db/database.hpp"
#include "features/users/types.hpp"

#include <vector>

namespace focus::users::repository {

db::Task<AccountPage> list(db::Session& session, AccountFilter filter, AccountSort sort, std::int64_t skip, std::int64_t limit);

} // namespace focus::users::repository
