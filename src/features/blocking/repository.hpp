// The SQL of `blocked_apps`, `limit_events` and `limit_states`. Every statement names the owner.
// Locks are always taken in this order: the day's usage, limit_states, blocked_apps by id.
#pragma once

#include "core/db/database.hpp"
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

/// What an entry is listed by: one per user.
[[nodiscard]] std::string identity_of(std::string_view app_key, std::string_view app_package);

/// Gives the new row's id.
db::Task<std::int64_t> insert(db::Transaction& tx, const Entry& entry);
/// Writes all that may change.
void update(db::Transaction& tx, const Entry& entry);
void remove(db::Transaction& tx, std::int64_t user_id, std::int64_t id, EpochMs now);
db::Task<std::optional<Entry>> find(db::Session& session, std::int64_t user_id, std::int64_t id);

/// A user's entries by id; `lock` holds them until the transaction ends.
[[nodiscard]] db::Command list_command(std::int64_t user_id, bool lock);
/// Folded names and packages.
using Apps = std::set<std::pair<std::string, std::string>>;
/// One row when an entry may count one of the apps: most activities count for none, and a row
/// asked for in full costs its description even where there is none.
[[nodiscard]] db::Command matches_command(std::int64_t user_id, const Apps& apps);
/// Those entries, locked.
[[nodiscard]] db::Command matching_command(std::int64_t user_id, const Apps& apps);
[[nodiscard]] std::vector<Entry> entries_of(const db::Result& result);

/// Something that was told on a day.
struct Event {
    std::int64_t entry_id = 0; // 0: the overall limit
    std::int64_t reset_no = 0;
    std::string threshold; // "warning" or "limit"
    bool operator==(const Event&) const = default;
};
[[nodiscard]] db::Command events_command(std::int64_t user_id, Day day);
[[nodiscard]] std::vector<Event> events_of(const db::Result& result);
/// Whether this call was the first to record it.
db::Task<bool> record_event(db::Transaction& tx, std::int64_t user_id, Day day, Event event, EpochMs now);
/// Deletes at most `limit` events from before `before`; gives how many went.
db::Task<std::uint64_t> delete_events(db::Session& session, EpochMs before, int limit);

/// Locks the user's state (making it when it isn't there) and gives its version, one higher than before.
[[nodiscard]] std::vector<db::Command> raise_version_commands(std::int64_t user_id, std::string_view timezone);
[[nodiscard]] std::int64_t version_of(const db::Result& result);
[[nodiscard]] db::Command version_command(std::int64_t user_id);
struct LimitState {
    std::string timezone;
    std::optional<EpochMs> next_change_ms;
};
/// The user's state, locked; nothing when he never had a limit.
db::Task<std::optional<LimitState>> lock_state(db::Transaction& tx, std::int64_t user_id);
void set_next_change(db::Transaction& tx, std::int64_t user_id, std::string_view timezone, std::optional<EpochMs> next_change);
/// The earliest change of all users.
db::Task<std::optional<EpochMs>> next_change(db::Session& session);
/// Users whose next change is due, the longest overdue first.
db::Task<std::vector<std::int64_t>> due(db::Session& session, EpochMs now, int limit);

/// The active limits of these users, per user by name.
db::Task<std::vector<AppLimit>> limits_of(db::Session& session, std::vector<std::int64_t> user_ids);

/// The entries of everybody, and those that block now because of a schedule, a limit of 0 or a limit reached today.
db::Task<std::int64_t> count_all(db::Session& session);
db::Task<std::int64_t> count_blocked(db::Session& session, EpochMs now);

void delete_of_user(db::Transaction& tx, std::int64_t user_id, EpochMs now);
/// For the user's own export.
[[nodiscard]] personal::Section personal_data(db::Database& database);

} // namespace focus::blocking::repository
