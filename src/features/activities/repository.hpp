// The SQL of single rows of `activities` and of `activity_client_ids`. Every statement names the owner.
#pragma once

#include "core/db/query.hpp"
#include "features/activities/types.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace focus::activities::repository {

/// Gives the new row's id.
[[nodiscard]] db::Query<std::int64_t> insert(const Record& record);
/// Inserts the rows and sets their ids.
db::Task<void> insert_all(db::Session& session, std::vector<Record>& records);

/// Which of the client ids were used before, with the activity that was stored for each.
db::Task<std::map<std::string, std::int64_t, std::less<>>> find_client_ids(db::Session& session, std::int64_t user_id,
                                                                           std::vector<std::string> client_ids);
/// A row of `activity_client_ids`: a client id (or content id) and the activity that was stored for it.
struct ClientIdUse {
    std::int64_t user_id = 0;
    std::string client_id;
    std::int64_t activity_id = 0;
};
/// Marks the ids as used; false when a concurrent transaction used one of them.
db::Task<bool> use_client_ids(db::Session& session, std::vector<ClientIdUse> uses);
/// When those of the rows that belong to the user were recorded, by id.
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

/// For later modules, which add them to their batches.
[[nodiscard]] db::Query<std::vector<AppTotal>> day_apps(std::int64_t user_id, Day day);
[[nodiscard]] db::Query<std::int64_t> day_total(std::int64_t user_id, Day day);
/// Queues a lock: other transactions that change the day wait for this one, also on a day without data; release it
/// before the end.
void hold_day(db::Transaction& tx, std::int64_t user_id, Day day);
void release_day(db::Transaction& tx, std::int64_t user_id, Day day);

/// Clears the device data of a user's activities after `after`, at most `limit`; nothing when none is left.
db::Task<std::optional<Place>> forget_devices(db::Transaction& tx, std::int64_t user_id, Place after, int limit);

} // namespace focus::activities::repository
