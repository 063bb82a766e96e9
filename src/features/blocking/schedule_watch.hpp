// ScheduleWatch: notifies users when one of their schedules begins or ends to block an app. Each user's next such
// instant is a column with an index; one timer waits for the earliest, and no other user is read.
// Always holds: each beginning and end is sent once, also with several instances and after a crash: the entry stores
// what was announced, and an announcement locks the user's row. Blocking itself never waits for this.
#pragma once

#include "core/async/task_group.hpp"
#include "core/bus/bus.hpp"
#include "core/core.hpp"
#include "features/activities/service.hpp"
#include "features/blocking/counters.hpp"
#include "features/blocking/repository.hpp"
#include "features/blocking/rules.hpp"
#include "features/notifications/service.hpp"

#include <atomic>
#include <chrono>
#include <optional>
#include <vector>

namespace focus::blocking {

class ScheduleWatch {
  public:
    ScheduleWatch(const Core& core, users::Service& users, notifications::Service& notifications, Counters& counters);

    /// Announces what becomes due, on `executor`, until stop(). Once per instance.
    void start(boost::asio::any_io_executor executor);
    void stop() noexcept { tasks_.stop(); }
    /// Waits for the announcement that is running.
    db::Task<void> stopped() { return tasks_.wait(); }

    /// Stores the user's next instant and makes every instance wait for it.
    void plan(db::Transaction& tx, std::int64_t user_id, const std::vector<Entry>& entries, Zone zone, EpochMs now);
    /// Notifies the user when a schedule has begun or ended to block the entry since last time; true when the entry has
    /// changed: the caller writes it.
    db::Task<bool> announce(db::Transaction& tx, const users::User& user, Entry& entry, std::int64_t usage_ms, Zone zone, EpochMs now);

    /// An account was saved: when its zone has changed, the instants of its schedules change in the same commit.
    db::Task<void> follow_zone(db::Transaction& tx, users::User user);

    /// Announces everything that is due; returns the next instant of all users.
    db::Task<std::optional<EpochMs>> announce_due();

  private:
    db::Task<std::chrono::milliseconds> look();
    void bring_forward(EpochMs at);
    db::Task<void> announce_user(std::int64_t user_id);

    db::Database& db_;
    const Clock& clock_;
    bus::Bus& bus_;
    users::Service& users_;
    notifications::Service& notifications_;
    Counters& counters_;
    std::atomic<EpochMs> earliest_;
    std::chrono::steady_clock::time_point look_again_at_; // independent of `earliest_`
    async::TaskGroup tasks_;
};

} // namespace focus::blocking
