// Limits per app: the list, each counter and state at this moment, and the rules as devices need them.
// Always holds: state is computed from the day's usage and the clock on each request; every change of a rule raises
// the user's policy version in the same transaction and notifies the user's devices after it.
#pragma once

#include "core/personal/personal.hpp"
#include "features/blocking/limit_watch.hpp"
#include "features/blocking/schedule_watch.hpp"
#include "features/blocking/types.hpp"

#include <optional>
#include <string>
#include <vector>

namespace focus::blocking {

class Service {
  public:
    Service(const Core& core, users::Service& users, notifications::Service& notifications);

    /// Throws 400 `already_exists`, 400 `too_many_limits`.
    db::Task<BlockedApp> create(Caller caller, Origin origin, NewBlockedApp input);
    /// Throws 404.
    db::Task<BlockedApp> get(Caller caller, std::int64_t id);
    db::Task<std::vector<BlockedApp>> list(Caller caller, ListQuery query);
    /// Throws 404, 400 `already_exists`.
    db::Task<BlockedApp> update(Caller caller, Origin origin, std::int64_t id, UpdateBlockedApp change);
    /// Throws 404.
    db::Task<void> remove(Caller caller, Origin origin, std::int64_t id);
    /// Starts today's counter again from 0. Throws 404.
    db::Task<BlockedApp> reset(Caller caller, Origin origin, std::int64_t id);
    /// Throws 404 for an app that is not listed, 422 when the query names none.
    db::Task<Status> status(Caller caller, StatusQuery query);
    db::Task<Policy> policy(Caller caller);

    /// The active limits of these users, per user by name.
    db::Task<std::vector<AppLimit>> limits_of(db::Session& session, std::vector<std::int64_t> user_ids);

    /// Over all users.
    db::Task<std::int64_t> count_all() { return repository::count_all(db_); }
    /// Entries that block their app at this moment. Reads every limit that was reached in the last two days.
    db::Task<std::int64_t> count_blocked() { return repository::count_blocked(db_, clock_.now_ms()); }

    /// Deletes old records of notifications in small steps; returns how many rows were deleted.
    db::Task<std::uint64_t> delete_old_events();

    /// The apps that have series of their own among the metrics.
    void name_in_metrics(const std::vector<metrics::Name>& apps);

    /// For app, which starts and stops it with the instance.
    [[nodiscard]] ScheduleWatch& schedules() noexcept { return schedules_; }

    /// Evaluates the limits that changed activities count for.
    [[nodiscard]] activities::Follower follower();
    /// Deletes the user's limits when the account is deleted.
    void erase_user(db::Transaction& tx, std::int64_t user_id);
    /// For the user's own export.
    [[nodiscard]] personal::Section personal_data();

  private:
    struct Scene;
    db::Task<Scene> open_scene(db::Transaction& tx, Caller caller, Origin origin);
    db::Task<bool> settle(db::Transaction& tx, Scene& scene, Entry& entry);
    void finish(db::Transaction& tx, const Scene& scene, std::string_view action, std::string message, std::int64_t entry_id);

    db::Database& db_;
    const Clock& clock_;
    users::Service& users_;
    notifications::Service& notifications_;
    Counters counters_;
    LimitWatch limits_;
    ScheduleWatch schedules_;
};

} // namespace focus::blocking
