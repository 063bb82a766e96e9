// Recording usage: what is accepted, which day it belongs to, and that every total follows in the same transaction.
// Later rooms (limits, challenges) hook into that transaction through on_recorded.
#pragma once

#include "core/audit/audit.hpp"
#include "core/db/database.hpp"
#include "features/activities/repository.hpp"
#include "features/activities/types.hpp"
#include "features/users/service.hpp"

#include <functional>
#include <optional>
#include <vector>

namespace focus::activities {

/// One row that came, changed or went.
struct Change {
    std::optional<Record> before;
    std::optional<Record> after;
};

/// What a transaction did to one user's activities.
struct Recorded {
    Caller caller;
    Origin origin;
    std::vector<Change> changes;
};

struct ListQuery {
    std::optional<json::Text<1, 100>> app_name;
    std::optional<json::Text<1, 255>> app_package;
    std::optional<json::Text<1, 50>> category;
    std::optional<json::Text<1, 50>> device_type;
    std::optional<json::Date> date;
    std::optional<json::Date> start_date;
    std::optional<json::Date> end_date;
    std::optional<Sort> sort;
    json::Or<json::Integer<0, INT64_MAX>, 0> skip;
    json::Or<json::Integer<1, 100>, 50> limit;
};

struct Listed {
    std::vector<Activity> items;
    std::int64_t total = 0;
};

class Service {
  public:
    Service(db::Database& database, const Clock& clock, users::Service& users) : db_{database}, clock_{clock}, users_{users} {}

    /// Throws 422 for times that contradict each other, 400 `date_in_future`.
    db::Task<Activity> create(Caller caller, Origin origin, NewActivity input);
    /// Throws 404.
    db::Task<Activity> get(Caller caller, std::int64_t id);
    /// Throws as create and get do.
    db::Task<Activity> update(Caller caller, Origin origin, std::int64_t id, UpdateActivity change);
    /// Throws 404.
    db::Task<void> remove(Caller caller, Origin origin, std::int64_t id);
    db::Task<Listed> list(Caller caller, ListQuery query);
    db::Task<std::vector<Activity>> today(Caller caller);
    /// The statistics of a day; of today without one.
    db::Task<Daily> daily(Caller caller, std::optional<Day> day);

    /// What these users have recorded on the days from `first` to `last`, for rooms that count for many at once.
    db::Task<std::vector<DayApp>> usage_of(db::Session& session, std::vector<std::int64_t> user_ids, Day first, Day last);
    /// The same per app, over all of the days.
    db::Task<std::vector<AppTime>> app_times_of(db::Session& session, std::vector<std::int64_t> user_ids, Day first, Day last);
    /// Those of the users who have recorded something since that day.
    db::Task<std::vector<std::int64_t>> active_since(db::Session& session, std::vector<std::int64_t> user_ids, Day first);

    /// Runs inside every transaction that changes activities, after their roll-ups were queued.
    using Hook = std::function<db::Task<void>(db::Transaction&, const Recorded&)>;
    void on_recorded(Hook hook) { hooks_.push_back(std::move(hook)); }

  private:
    db::Task<void> apply(db::Transaction& tx, const Recorded& recorded);
    void require_valid(const Record& record, const Caller& caller) const;

    db::Database& db_;
    const Clock& clock_;
    users::Service& users_;
    std::vector<Hook> hooks_;
};

} // namespace focus::activities
