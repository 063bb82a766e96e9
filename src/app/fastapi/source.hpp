// Reads the older service's database, page by page. Writes nothing.
#pragma once

#include "app/fastapi/rows.hpp"
#include "core/db/database.hpp"

#include <vector>

namespace focus::app::fastapi {

inline constexpr int k_page_rows = 500;

/// Throws std::runtime_error unless the database has the tables and columns that are read.
db::Task<void> require_source(db::Session& source);
/// How many rows are to be read, for the progress.
db::Task<std::int64_t> count_rows(db::Session& source);

/// Rows with ids above `after`, ascending.
db::Task<std::vector<OldUser>> users_after(db::Session& source, std::int64_t after);
db::Task<std::vector<OldActivity>> activities_after(db::Session& source, std::int64_t after);
db::Task<std::vector<OldChallenge>> challenges_after(db::Session& source, std::int64_t after);
/// The next user with limits, and all of that user's.
db::Task<std::vector<OldLimit>> limits_of_next_user(db::Session& source, std::int64_t after_user_id);
/// Of a challenge, best rank first.
db::Task<std::vector<OldParticipant>> participants_of(db::Session& source, std::int64_t challenge_id);

} // namespace focus::app::fastapi
