// The SQL of single rows of `activities` and of `activity_client_ids`. Every statement names the owner.
#pragma once

#include "core/db/database.hpp"
#include "features/activities/types.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace focus::activities::repository {

/// The columns that record_of() reads, in its order; a macro, so that statements are put together by the compiler.
#define FOCUS_ACTIVITY_COLUMNS                                                                                                             \
    "id, user_id, app_name, app_key, app_package, app_category, duration_ms, activity_date, start_ms, end_ms, device_type, session_id, "   \
    "client_id, timezone, created_at_ms, updated_at_ms"
[[nodiscard]] Record record_of(const db::Row& row);

/// Gives the new row's id.
[[nodiscard]] db::Command insert_command(const Record& record);
/// Inserts the rows and sets their ids.
db::Task<void> insert_all(db::Session& session, std::vector<Record>& records);

/// Which of the client ids were used before, with the activity that was stored under each.
db::Task<std::map<std::string, std::int64_t, std::less<>>> find_client_ids(db::Session& session, std::int64_t user_id,
                                                                           std::vector<std::string> client_ids);
/// Marks the client ids and content ids of the rows as used; false when somebody used one of them meanwhile.
db::Task<bool> use_client_ids(db::Session& session, const std::vector<Record>& records);
/// When those of the rows that the user has were recorded, by id.
db::Task<std::map<std::int64_t, EpochMs>> find_recorded(db::Session& session, std::int64_t user_id, std::vector<std::int64_t> ids);
db::Task<std::optional<Record>> find(db::Session& session, std::int64_t user_id, std::int64_t id);
/// The same, locked until the transaction ends.
db::Task<std::optional<Record>> find_for_update(db::Session& session, std::int64_t user_id, std::int64_t id);
void update(db::Transaction& tx, const Record& record);
void remove(db::Transaction& tx, std::int64_t user_id, std::int64_t id);
/// Some rows of the user, locked.
db::Task<std::vector<Record>> some_for_update(db::Transaction& tx, std::int64_t user_id, int limit);

struct DayPage {
    std::vector<Record> records;
    std::int64_t total = 0; // of the day
};
/// A day's, newest first.
db::Task<DayPage> list_day(db::Session& session, std::int64_t user_id, Day day, std::int64_t skip, std::int64_t limit);

/// Reads for later rooms, which run them together with their own.
[[nodiscard]] db::Command day_apps_command(std::int64_t user_id, Day day);
[[nodiscard]] std::vector<AppTotal> day_apps_of(const db::Result& result);
[[nodiscard]] db::Command day_total_command(std::int64_t user_id, Day day);
[[nodiscard]] std::int64_t day_total_of(const db::Result& result);
/// Whoever changes the day waits until the transaction ends, also on a day without data; release it before the end.
[[nodiscard]] db::Command hold_day_command(std::int64_t user_id, Day day);
[[nodiscard]] db::Command release_day_command(std::int64_t user_id, Day day);

/// Takes what tells devices out of a user's activities after `after`, at most `limit`; nothing when none is left.
db::Task<std::optional<Place>> forget_devices(db::Transaction& tx, std::int64_t user_id, Place after, int limit);

} // namespace focus::activities::repository
