// The SQL of `blocked_apps`, `limit_events` and `limit_states`. Every statement names the owner.
// Locks are always taken in this order: the day's usage, limit_states, blocked_apps by id.
#pragma once

#include "core/db/query.hpp"
#include "core/personal/personal.hpp"
#include "features/blocking/types.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace focus::blocking::repository {

/// The name of the sum over all users (core/counters).
inline constexpr std::string_view k_counter = "blocked_apps";

/// The key of an entry: one per user.
[[nodiscard]] std::string identity_of(std::string_view app_key, std::string_view app_package);

/// Returns the new row's id. The entry has no reset yet.
db::Task<std::int64_t> insert(db::Transaction& tx, Entry entry);
/// Writes all columns that may change.
void update(db::Transaction& tx, Entry entry);
void remove(db::Transaction& tx, std::int64_t user_id, std::int64_t id, EpochMs now);

/// A user's entries by id.
[[nodiscard]] db::Query<std::vector<Entry>> list(std::int64_t user_id);
/// The same, locked until the transaction ends.
[[nodiscard]] db::Query<std::vector<Entry>> list_locked(std::int64_t user_id);
/// Folded names and packages.
using Apps = std::set<std::pair<std::string, std::string>>;
/// Whether an entry may count one of the apps. Most activities count for none, and a query for full rows costs
/// their column descriptions even when there is none.
[[nodiscard]] db::Query<bool> matches(std::int64_t user_id, const Apps& apps);
/// Those entries, locked.
[[nodiscard]] db::Query<std::vector<Entry>> matching(std::int64_t user_id, const Apps& apps);

/// A threshold of a limit that was announced on a day.
struct Event {
    std::int64_t entry_id = 0; // 0: the overall limit
    std::int64_t reset_no = 0;
    std::string threshold; // "warning" or "limit"
    bool operator==(const Event&) const = default;
};
[[nodiscard]] db::Query<std::vector<Event>> events(std::int64_t user_id, Day day);
/// Whether this call was the first to record it.
db::Task<bool> record_event(db::Transaction& tx, std::int64_t user_id, Day day, Event event, EpochMs now);
/// Deletes the events from before `before`; returns how many were deleted.
db::Task<std::uint64_t> delete_events(db::Database& database, EpochMs before);

/// Queues: lock the user's state (create it when it doesn't exist) and raise its version by one.
void raise_version(db::Transaction& tx, std::int64_t user_id, std::string_view timezone);
[[nodiscard]] db::Query<std::int64_t> version(std::int64_t user_id);
struct LimitState {
    std::string timezone;
    std::optional<EpochMs> next_change_ms;
};
/// The user's state, locked; nothing for a user who never had a limit.
[[nodiscard]] db::Query<std::optional<LimitState>> lock_state(std::int64_t user_id);
void set_next_change(db::Transaction& tx, std::int64_t user_id, std::string_view timezone, std::optional<EpochMs> next_change);
/// The earliest change of all users.
db::Task<std::optional<EpochMs>> next_change(db::Session& session);
/// Users whose next change is due, the longest overdue first.
db::Task<std::vector<std::int64_t>> due(db::Session& session, EpochMs now, int limit);

/// The active limits of these users, per user by name.
db::Task<std::vector<AppLimit>> limits_of(db::Session& session, std::vector<std::int64_t> user_ids);

/// All users' entries, and those that block now because of a schedule, a limit of 0 or a limit reached today.
db::Task<std::int64_t> count_all(db::Session& session);
db::Task<std::int64_t> count_blocked(db::Session& session, EpochMs now);

void delete_of_user(db::Transaction& tx, std::int64_t user_id, EpochMs now);
/// For the user's own export.
[[nodiscard]] personal::Section personal_data(db::Database& database);

} // namespace focus::blocking::repository
