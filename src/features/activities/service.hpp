// Recording of usage: what is accepted, which day it belongs to, and the update of all totals in the same transaction;
// and the statistics that those totals give.
// Always holds: a client_id is stored at most once; a record keeps the zone that the user had when it was recorded.
// Later modules (limits, challenges) join that transaction through on_recorded. Each raises the version of cached
// statistics of the user (topic_of).
#pragma once

#include "core/audit/audit.hpp"
#include "core/core.hpp"
#include "core/db/query.hpp"
#include "core/metrics/name_counters.hpp"
#include "core/personal/personal.hpp"
#include "features/activities/cursor.hpp"
#include "features/activities/export.hpp"
#include "features/activities/import.hpp"
#include "features/activities/repository.hpp"
#include "features/activities/types.hpp"
#include "features/users/service.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace focus::activities {

/// The topic of cached answers that show a user's activities.
[[nodiscard]] inline std::string topic_of(std::int64_t user_id) { return "activity:" + std::to_string(user_id); }

/// One row that was added, changed or deleted.
struct Change {
    std::optional<Record> before;
    std::optional<Record> after;
};

/// The changes of one transaction to a user's activities; of a batch all at once.
struct Recorded {
    Caller caller;
    Origin origin;
    EpochMs now_ms = 0; // time of the transaction
    std::vector<Change> changes;
};

/// What a follower does after its queries are answered; empty when there is nothing to do.
using Reaction = std::function<db::Task<void>(db::Transaction&)>;
/// What a later module does inside every transaction that changes activities: adds its queries to the batch and gives
/// the reaction to their answers. The queries of all followers and the write itself share one round trip, after the
/// totals have changed, so new rows have no id before the reaction runs. The Recorded outlives the reaction.
using Follower = std::function<Reaction(const Recorded&, db::Batch&)>;

struct ListQuery {
    std::optional<json::Text<1, 100>> app_name;
    std::optional<json::Text<1, 255>> app_package;
    std::optional<json::Text<1, 50>> category;
    std::optional<json::Text<1, 50>> device_type;
    std::optional<json::Date> date;
    std::optional<json::Date> start_date;
    std::optional<json::Date> end_date;
    std::optional<Sort> sort;
    std::optional<json::Text<1, 600>> cursor;
    json::Or<json::Integer<0, INT64_MAX>, 0> skip;
    json::Or<json::Integer<1, 100>, 50> limit;

    static constexpr json::FieldDoc k_docs[] = {
        {"app_name", "Part of the name, in any case"},
        {"cursor", "From a `Link`; `skip` then does not count"},
    };
};

struct Listed {
    std::vector<Activity> items;
    std::int64_t total = 0;
    std::string next_cursor; // empty: there is no next page
    std::string previous_cursor;
};

struct TodayList {
    std::vector<Activity> items;
    std::int64_t total = 0;
};
struct AppList {
    std::vector<KnownApp> items;
    std::int64_t total = 0;
};

using ExportSource = std::function<db::Task<std::optional<std::string>>()>;
using ImportProgress = std::function<void(double)>;

class Service {
  public:
    Service(const Core& core, users::Service& users)
        : db_{core.database}, clock_{core.clock}, users_{users},
          created_{core.metrics, "focus_api_activities_created_total", "Activities recorded, by app.", "app_name"} {}

    /// Throws 422 for contradictory times and `too_many_apps`, 400 `date_in_future`.
    db::Task<Activity> create(Caller caller, Origin origin, NewActivity input);
    /// Stores the valid items and reports the result of each item, in one transaction.
    db::Task<BatchResult> create_batch(Caller caller, Origin origin, NewBatch batch);
    /// Throws 404.
    db::Task<Activity> get(Caller caller, std::int64_t id);
    /// Throws as create and get do.
    db::Task<Activity> update(Caller caller, Origin origin, std::int64_t id, UpdateActivity change);
    /// Throws 404.
    db::Task<void> remove(Caller caller, Origin origin, std::int64_t id);
    /// Throws 422 for a cursor of another list.
    db::Task<Listed> list(Caller caller, ListQuery query);
    /// Newest first.
    db::Task<TodayList> today(Caller caller, std::int64_t skip, std::int64_t limit);

    /// The whole history as a file, oldest first. Each call of the source gives the next piece, in constant memory.
    ExportSource export_all(const Caller& caller, ExportFormat format);
    /// Stores the activities of a file (our own exports, CSV, ActivityWatch) in transactions of 1,000. One that was
    /// imported before, or still exists, is a duplicate, so that a repeat adds nothing. `file` must outlive the call;
    /// `progress` receives the completed part, 0 to 1. Throws 422 `unknown_format` before anything is stored.
    db::Task<ImportResult> import_file(Caller caller, Origin origin, std::string_view file, ImportProgress progress = {});

    /// The statistics of a day; without one, of today.
    db::Task<Daily> daily(Caller caller, std::optional<Day> day);
    /// Of the `days` that end with `last` (without it, today).
    db::Task<Period> last_days(Caller caller, int days, std::optional<Day> last);
    /// Throws 422 when the range is reversed or longer than 366 days.
    db::Task<Period> range(Caller caller, Day first, Day last);
    /// By the app's name, recorded or set by the user, in any case. Throws 404.
    db::Task<AppStats> app(Caller caller, std::string name);
    /// Of all recorded apps, most used first.
    db::Task<AppList> apps(Caller caller, std::int64_t skip, std::int64_t limit);
    /// Throws 404.
    db::Task<KnownApp> set_app(Caller caller, Origin origin, std::string name, UpdateApp change);
    db::Task<Totals> totals(Caller caller);
    /// Time used on each of the latest 5,000 days with data, ascending.
    db::Task<std::vector<DayTotal>> days_with_data(Caller caller);

    /// The user's usage of the day.
    [[nodiscard]] static db::Query<std::vector<AppTotal>> day_apps(std::int64_t user_id, Day day);
    /// Milliseconds of all apps.
    [[nodiscard]] static db::Query<std::int64_t> day_total(std::int64_t user_id, Day day);
    /// Queues a lock: from the next query of the transaction to its commit no other one changes the day. release_day()
    /// must be called before the commit.
    static void hold_day(db::Transaction& tx, std::int64_t user_id, Day day);
    static void release_day(db::Transaction& tx, std::int64_t user_id, Day day);

    /// What these users have recorded on the days from `first` to `last`, for modules that process many users: the time
    /// of the apps whose folded name or package is among `keys`.
    static db::Task<std::vector<TargetDay>> target_days_of(db::Session& session, std::vector<std::int64_t> user_ids, Day first, Day last,
                                                           std::vector<std::string> keys);
    /// Per app, over all of the days: the most used apps of each user.
    db::Task<std::vector<AppTime>> app_times_of(db::Session& session, std::vector<std::int64_t> user_ids, Day first, Day last,
                                                std::int64_t per_user);
    /// The same of these users' apps; unused ones are omitted.
    db::Task<std::vector<AppTime>> times_of_apps(db::Session& session, const std::vector<AppTime>& apps, Day first, Day last);
    /// Their days with data, ascending per user.
    db::Task<std::vector<UserDay>> day_totals_of(db::Session& session, std::vector<std::int64_t> user_ids, Day first, Day last);
    /// Those of the users who have recorded activities since that day.
    db::Task<std::vector<std::int64_t>> active_since(db::Session& session, std::vector<std::int64_t> user_ids, Day first);

    /// Followers run in the order in which they were added; app adds them before the server starts.
    void on_recorded(Follower follower) { followers_.push_back(std::move(follower)); }
    /// The activities and the user's settings of apps, for the user's own export.
    [[nodiscard]] std::vector<personal::Section> personal_data();
    /// Deletes some of a user's activities like the user, but without audit entries (the account is being erased);
    /// gives their number.
    db::Task<std::size_t> remove_some(std::int64_t user_id, int limit);
    /// Deletes the user's settings of apps, and the sums per device (account erased; anonymous activities stay).
    static void forget_user(db::Transaction& tx, std::int64_t user_id);
    /// Clears device_type, session_id and client_id of such activities after `after`, at most `limit`; gives where the
    /// next call continues, nothing when all are done.
    static db::Task<std::optional<Place>> forget_devices(db::Transaction& tx, std::int64_t user_id, Place after, int limit);
    /// The apps with metric series of their own.
    void name_in_metrics(const std::vector<metrics::Name>& apps) { created_.prefer(apps); }

  private:
    /// The result of storing a row.
    struct Stored {
        bool created = false; // else a duplicate
        std::int64_t id = 0;
        bool refused = false; // its day would hold too many apps
    };
    /// Changes the totals, runs `insert` (of the one new row, which gets its id) and then the reactions. Throws
    /// TooManyApps, before any reaction.
    db::Task<void> apply(db::Transaction& tx, Recorded& recorded, std::optional<db::Query<std::int64_t>> insert = {});
    db::Task<std::vector<Stored>> store(db::Transaction& tx, Caller caller, Origin origin, const std::vector<NewRecord>& records);
    /// In a separate transaction; `then` runs at its end. Records that give a day too many apps are left out.
    db::Task<std::vector<Stored>> store_records(Caller caller, Origin origin, std::vector<NewRecord> records,
                                                std::function<void(db::Transaction&, const std::vector<Stored>&)> then = {});
    struct ImportPage;
    db::Task<std::size_t> drop_known(std::int64_t user_id, ImportPage& page);
    db::Task<void> store_page(Caller caller, Origin origin, ImportPage page, ImportResult& result);
    db::Task<personal::Page> personal_apps(std::int64_t user_id, std::string after);
    [[nodiscard]] Day today_of(const Caller& caller) const { return caller.zone.day_of(clock_.now_ms()); }

    db::Database& db_;
    const Clock& clock_;
    users::Service& users_;
    std::vector<Follower> followers_;
    metrics::NameCounters created_;
};

} // namespace focus::activities
