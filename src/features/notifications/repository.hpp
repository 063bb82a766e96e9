// The SQL of `notifications` (and `notification_turns`). Every statement names the owner.
#pragma once

#include "core/db/column.hpp"
#include "core/db/database.hpp"
#include "core/personal/personal.hpp"
#include "features/notifications/types.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

template <>
inline constexpr std::optional<focus::notifications::Type> focus::db::k_when_unknown<focus::notifications::Type> =
    focus::notifications::Type::custom;

namespace focus::notifications::repository {

/// A row that is about to be stored.
struct Fresh {
    std::int64_t user_id = 0;
    std::string title;
    std::string message;
    bool is_silent = false;
};

/// The users' last ids (0: none). Until the transaction ends no other adds notifications of these users. Users who
/// have one with `dedup_key` (if there is a key) are left out.
db::Task<std::map<std::int64_t, std::int64_t>> take_turns(db::Transaction& tx, std::vector<std::int64_t> user_ids, std::string dedup_key);
/// Stores one row per user, whose turns the transaction holds; returns their ids in the order of `rows`.
db::Task<std::vector<std::int64_t>> insert(db::Transaction& tx, std::vector<Fresh> rows, const Draft& draft, EpochMs now);

db::Query<std::int64_t> last_id(std::int64_t user_id);
/// What was pushed after `after_id`, oldest first.
db::Query<std::vector<Notification>> pushed_after(std::int64_t user_id, std::int64_t after_id, int limit);
db::Task<Listed> list(db::Session& session, std::int64_t user_id, ListQuery query);

/// Nothing when the user has no such notification.
db::Task<std::optional<Notification>> mark_read(db::Session& session, std::int64_t user_id, std::int64_t id);
/// Returns how many were unread.
db::Query<std::uint64_t> mark_all_read(std::int64_t user_id);

/// An announcement to all users, and up to which user it is delivered.
struct AnnouncementProgress {
    std::int64_t id = 0;
    std::string title;
    std::string message;
    std::int64_t after_user_id = 0;
    std::int64_t told = 0;
    std::optional<EpochMs> done_at_ms; // then every recipient has it
};
db::Query<std::int64_t> add_announcement(std::string_view title, std::string_view message, std::int64_t created_by, EpochMs now);
/// Locked until the transaction ends.
db::Query<std::optional<AnnouncementProgress>> announcement_for_update(std::int64_t id);
db::Query<std::vector<std::int64_t>> open_announcements();
void set_progress(db::Transaction& tx, const AnnouncementProgress& announcement);

/// Deletes the rows older than `before`; returns how many were deleted.
db::Task<std::uint64_t> delete_old(db::Database& database, EpochMs before);
void delete_of_user(db::Transaction& tx, std::int64_t user_id);
/// For the user's own export.
[[nodiscard]] personal::Section personal_data(db::Database& database);

} // namespace focus::notifications::repository
