// The SQL of `activities` and its roll-ups `usage_apps`, `usage_days`, `usage_hours`. Every statement names the owner.
#pragma once

#include "core/db/database.hpp"
#include "features/activities/rules.hpp"
#include "features/activities/types.hpp"

#include <optional>
#include <string>
#include <vector>

namespace focus::activities::repository {

/// Gives the new row's id.
db::Task<std::int64_t> insert(db::Session& session, const Record& record);
db::Task<std::optional<Record>> find(db::Session& session, std::int64_t user_id, std::int64_t id);
/// The same, locked until the transaction ends.
db::Task<std::optional<Record>> find_for_update(db::Session& session, std::int64_t user_id, std::int64_t id);
void update(db::Transaction& tx, const Record& record);
void remove(db::Transaction& tx, std::int64_t user_id, std::int64_t id);

/// Queues the changes of the roll-ups. Rows that fall to nothing are deleted.
void apply(db::Transaction& tx, std::int64_t user_id, const rules::Delta& delta);

struct Filter {
    std::optional<std::string> app_name; // part of it, any case
    std::optional<std::string> app_package;
    std::optional<std::string> category;
    std::optional<std::string> device_type;
    std::optional<Day> from;
    std::optional<Day> to;
};
db::Task<std::vector<Record>> list(db::Session& session, std::int64_t user_id, Filter filter, Sort sort, std::int64_t skip,
                                   std::int64_t limit);
db::Task<std::int64_t> count(db::Session& session, std::int64_t user_id, Filter filter);
/// All of a day's, newest first.
db::Task<std::vector<Record>> list_day(db::Session& session, std::int64_t user_id, Day day);

/// What one day's statistics are made of, read in one round trip.
struct DayUsage {
    std::vector<rules::UsageRow> apps;
    std::vector<std::pair<int, std::int64_t>> hours; // hour, ms
    std::int64_t previous_ms = 0;
};
db::Task<DayUsage> day_usage(db::Session& session, std::int64_t user_id, Day day);

/// Reads for later rooms, which run them together with their own.
[[nodiscard]] db::Command day_apps_command(std::int64_t user_id, Day day);
[[nodiscard]] std::vector<AppTotal> day_apps_of(const db::Result& result);
/// `lock`: whoever changes the day waits until the transaction ends.
[[nodiscard]] db::Command day_total_command(std::int64_t user_id, Day day, bool lock);
[[nodiscard]] std::int64_t day_total_of(const db::Result& result);

} // namespace focus::activities::repository
