// The sums over all users' activities: appended to by each transaction that changes activities, folded by a job (and
// before they are read).
// Owns `usage_changes`, `service_days`, `service_apps`, `user_totals`, `last_uses` and `last_use_days`. Always holds: a
// transaction of an activity only appends, so that none waits for another user's; a change is folded once.
#pragma once

#include "core/db/database.hpp"
#include "core/jobs/scheduler.hpp"
#include "features/activities/service.hpp"
#include "features/admin/usage_sums.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace focus::admin {

struct ServiceTotals {
    std::int64_t total_ms = 0;
    std::int64_t activities = 0;
    std::int64_t activities_today = 0;
    std::int64_t users_today = 0;
    std::int64_t users_week = 0;
    std::int64_t users_month = 0;
};
struct ServiceApp {
    std::string app_name;
    std::string app_category;
    std::int64_t total_ms = 0;
    std::int64_t activities = 0;
    std::int64_t users = 0;
    std::int64_t before_ms = 0; // in the period before
};

class UsageKeeper {
  public:
    explicit UsageKeeper(db::Database& database) : db_{database} {}

    /// Queues what a transaction changed, without a round trip of its own.
    static void append(db::Transaction& tx, const activities::Recorded& recorded);

    /// Folds what was appended, in steps, until nothing is left or `may_go_on` returns false.
    db::Task<void> fold(std::function<bool()> may_go_on);
    /// The same, but only for as long as a request can wait.
    db::Task<void> fold_quickly();

    db::Task<ServiceTotals> totals(Day today);
    /// Days with data since `first`, ascending.
    db::Task<std::vector<ServiceDay>> days(Day first);
    /// The most used apps of the `days` days that end with `today`.
    db::Task<std::vector<ServiceApp>> apps(Day today, int days, std::int64_t limit);
    /// The users with the most time of all.
    db::Task<std::vector<UserTotal>> top_users(std::int64_t limit);

    /// Removes a user whose activities are deleted.
    db::Task<void> forget(std::int64_t user_id);

  private:
    db::Task<bool> fold_step();

    db::Database& db_;
};

} // namespace focus::admin
