// The SQL of `reminders`: when each user's next automatic mails are due.
#pragma once

#include "core/db/query.hpp"
#include "features/reminders/rules.hpp"

#include <optional>
#include <vector>

namespace focus::reminders::repository {

/// Queues the user's next instants; empty: none. One that is due already and not yet processed is kept.
void put(db::Transaction& tx, std::int64_t user_id, std::optional<EpochMs> reminder, std::optional<EpochMs> summary, EpochMs now);
void remove(db::Transaction& tx, std::int64_t user_id);

struct Due {
    std::int64_t user_id = 0;
    EpochMs due_ms = 0;
};
/// Users whose mail is due, the longest overdue first.
[[nodiscard]] db::Query<std::vector<Due>> due(Kind kind, EpochMs now, int limit);
/// Moves users who are still due at `from` to `to`.
void reschedule(db::Transaction& tx, Kind kind, EpochMs from, std::optional<EpochMs> to, const std::vector<std::int64_t>& user_ids);

} // namespace focus::reminders::repository
