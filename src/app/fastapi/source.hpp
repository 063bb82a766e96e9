// Reads the older service's database, page by page. Writes nothing.
#pragma once

#include "app/fastapi/rows.hpp"
#include "core/db/query.hpp"

#include <vector>

namespace focus::app::fastapi {

inline constexpr int k_page_rows = 500;

/// Throws std::runtime_error unless the database has the tables and columns that are read.
db::Task<void> require_source(db::Session& source);
/// The number of rows to read, for the progress.
[[nodiscard]] db::Query<std::int64_t> count_rows();

/// Rows with ids above `after`, ascending.
[[nodiscard]] db::Query<std::vector<OldUser>> users_after(std::int64_t after);
[[nodiscard]] db::Query<std::vector<OldActivity>> activities_after(std::int64_t after);
[[nodiscard]] db::Query<std::vector<OldChallenge>> challenges_after(std::int64_t after);
/// The next user with limits, and all their limits.
[[nodiscard]] db::Query<std::vector<OldLimit>> limits_of_next_user(std::int64_t after_user_id);
/// The participants of a challenge, best rank first.
[[nodiscard]] db::Query<std::vector<OldParticipant>> participants_of(std::int64_t challenge_id);

} // namespace focus::app::fastapi
