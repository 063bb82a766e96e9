#include "features/activities/module.hpp"

#include "core/cache/cache.hpp"
#include "core/http/routes.hpp"
#include "features/activities/errors.hpp"
#include "features/activities/service.hpp"

namespace focus::activities {

namespace {

using cache::Written;
using http::Body;
using http::Call;
using http::IdPath;
using http::Path;
using http::Query;
using http::Reply;
using http::Task;

struct TodayQuery {
    json::Or<json::Integer<0, INT64_MAX>, 0> skip;
    json::Or<json::Integer<1, 2000>, 2000> limit;

    static constexpr json::FieldDoc k_docs[] = {{"skip", "How many entries to leave out."}, {"limit", "How many entries to give."}};
};
struct DayQuery {
    std::optional<json::Date> date;
};
struct EndQuery {
    std::optional<json::Date> end_date;
};
struct RangeQuery {
    json::Date start_date;
    json::Date end_date;
};
struct ExportQuery {
    json::Or<ExportFormat, ExportFormat::csv> format;
};
struct AppPath {
    std::string app_name;
};

std::optional<Day> day_of(const std::optional<json::Date>& date) { return date ? std::optional{date->value} : std::nullopt; }

constexpr std::size_t k_batch_body_limit = 8 << 20;
constexpr int k_rows_a_request = 50; // so many rows of a batch count as one more request

constexpr auto k_no_activity = k_not_found.described("the caller has no such activity");
constexpr auto k_no_app = k_not_found.described("the caller never recorded this app");

void add_reading(http::Routes& routes, Service& service) {
    routes.get("/api/activities",
               {.id = "listActivities",
                .summary = "The recorded activities",
                .description = "Newest first unless `sort` says otherwise. The pages that `Link` leads to cost the same however deep "
                               "they lie in the history.",
                .tag = "activities",
                .etag = true,
                .paged = true},
               [&service](Call& call, Query<ListQuery> query) -> Task<Reply<std::vector<Activity>>> {
                   auto listed = co_await service.list(call.user(), std::move(query.value));
                   const http::PageCursors cursors{std::move(listed.next_cursor), std::move(listed.previous_cursor)};
                   co_return http::paged(call, std::move(listed.items), listed.total, cursors);
               });
    routes.get("/api/activities/today",
               {.id = "listToday",
                .summary = "Today's activities, newest first",
                .description = "All of them, up to 2,000 in one answer; `Link` leads to the rest.",
                .tag = "activities",
                .etag = true,
                .paged = true},
               [&service](Call& call, Query<TodayQuery> query) -> Task<Reply<std::vector<Activity>>> {
                   const auto skip = query->skip.value.value;
                   const auto limit = query->limit.value.value;
                   auto today = co_await service.today(call.user(), skip, limit);
                   co_return http::paged(call, std::move(today.items), today.total, skip, limit);
               });
    routes.get(
        "/api/activities/{id}",
        {.id = "getActivity", .summary = "One activity", .tag = "activities", .etag = true, .problems = {k_no_activity}},
        [&service](Call& call, Path<IdPath> path) -> Task<Reply<Activity>> { co_return co_await service.get(call.user(), path->id); });
}

Day today_of(const Call& call) { return call.user().zone.day_of(call.now_ms()); }

/// The cache key of a statistic of the caller.
std::string key_of(const Call& call, std::string_view what) { return std::format("{}:{}", topic_of(call.user().user_id), what); }

cache::Cache::Topics topics_of(const Call& call) { return {topic_of(call.user().user_id)}; }

/// The statistics of some days until `end`, by the name of the period.
Task<Reply<Written<Period>>> last_days(Service& service, cache::Cache& cache, Call& call, int days, std::optional<Day> end) {
    const auto last = end.value_or(today_of(call));
    co_return co_await cache.json(key_of(call, std::format("{}days:{}", days, last.to_string())), topics_of(call),
                                  [&service, &call, days, last] { return service.last_days(call.user(), days, last); });
}

void add_statistics(http::Routes& routes, Service& service, cache::Cache& cache) {
    routes.get("/api/activities/stats/daily",
               {.id = "dailyStats",
                .summary = "The statistics of a day (today by default)",
                .description = "`apps` holds the 500 used most, `categories` the 100; sums and percentages count all.",
                .tag = "statistics",
                .etag = true},
               [&service, &cache](Call& call, Query<DayQuery> query) -> Task<Reply<Written<Daily>>> {
                   const auto day = day_of(query->date).value_or(today_of(call));
                   cache::Cache::Topics topics{topic_of(call.user().user_id), users::topic_of(call.user().user_id)}; // shows the limit
                   co_return co_await cache.json(key_of(call, "day:" + day.to_string()), std::move(topics),
                                                 [&service, &call, day] { return service.daily(call.user(), day); });
               });
    routes.get(
        "/api/activities/stats/weekly",
        {.id = "weeklyStats", .summary = "The statistics of 7 days (those until today by default)", .tag = "statistics", .etag = true},
        [&service, &cache](Call& call, Query<EndQuery> query) -> Task<Reply<Written<Period>>> {
            return last_days(service, cache, call, 7, day_of(query->end_date));
        });
    routes.get(
        "/api/activities/stats/monthly",
        {.id = "monthlyStats", .summary = "The statistics of 30 days (those until today by default)", .tag = "statistics", .etag = true},
        [&service, &cache](Call& call, Query<EndQuery> query) -> Task<Reply<Written<Period>>> {
            return last_days(service, cache, call, 30, day_of(query->end_date));
        });
    routes.get("/api/activities/stats/range",
               {.id = "rangeStats", .summary = "The statistics of at most 366 days", .tag = "statistics", .etag = true},
               [&service, &cache](Call& call, Query<RangeQuery> query) -> Task<Reply<Written<Period>>> {
                   const auto first = query->start_date.value;
                   const auto last = query->end_date.value;
                   co_return co_await cache.json(key_of(call, "range:" + first.to_string() + ":" + last.to_string()), topics_of(call),
                                                 [&service, &call, first, last] { return service.range(call.user(), first, last); });
               });
    routes.get("/api/activities/stats/app/{app_name}",
               {.id = "appStats",
                .summary = "The statistics of one app",
                .description = "By its name, as recorded or as the user calls it, in any case.",
                .tag = "statistics",
                .etag = true,
                .problems = {k_no_app}},
               [&service, &cache](Call& call, Path<AppPath> path) -> Task<Reply<Written<AppStats>>> {
                   const auto name = path->app_name;
                   co_return co_await cache.json(key_of(call, "app:" + today_of(call).to_string() + ":" + name), topics_of(call),
                                                 [&service, &call, name] { return service.app(call.user(), name); });
               });
}

void add_apps(http::Routes& routes, Service& service) {
    routes.get("/api/activities/apps",
               {.id = "listApps",
                .summary = "The apps that were ever recorded, most used first",
                .tag = "statistics",
                .etag = true,
                .paged = true},
               [&service](Call& call, Query<http::PageQuery> query) -> Task<Reply<std::vector<KnownApp>>> {
                   const auto skip = query->skip.value.value;
                   const auto limit = query->limit.value.value;
                   auto apps = co_await service.apps(call.user(), skip, limit);
                   co_return http::paged(call, std::move(apps.items), apps.total, skip, limit);
               });
    routes.put("/api/activities/apps/{app_name}",
               {.id = "updateApp",
                .summary = "Name and categorise an app for oneself",
                .description = "Statistics follow, those of the past too; what was recorded stays as it is. null goes back to what is "
                               "recorded.",
                .tag = "statistics",
                .problems = {k_no_app}},
               [&service](Call& call, Path<AppPath> path, Body<UpdateApp> body) -> Task<Reply<KnownApp>> {
                   co_return co_await service.set_app(call.user(), call.origin(), path->app_name, std::move(body.value));
               });
}

void add_transfer(http::Routes& routes, Service& service) {
    routes.get("/api/activities/export",
               {.id = "exportActivities",
                .summary = "The whole history as a file",
                .description = "Oldest first, streamed. CSV by RFC 4180; what a spreadsheet would take for a formula has an apostrophe in "
                               "front. The import reads both formats back.",
                .tag = "activities",
                .rate = http::Rate::export_,
                .no_store = true},
               [&service](Call& call, Query<ExportQuery> query) -> Task<Reply<http::Stream>> {
                   const auto format = query->format.value;
                   const bool csv = format == ExportFormat::csv;
                   const auto day = call.user().zone.day_of(call.now_ms()).to_string();
                   co_return http::Stream{.content_type = csv ? "text/csv; charset=utf-8; header=present" : "application/json",
                                          .filename = "focus-activities-" + day + (csv ? ".csv" : ".json"),
                                          .next = service.export_all(call.user(), format)};
               });
    routes.post("/api/activities/import",
                {.id = "importActivities",
                 .summary = "Take over a file of activities",
                 .description =
                     "The body is the file: an export of Focus (CSV or JSON), any CSV file with columns for app, time and day, or "
                     "an export of ActivityWatch. What was imported before is not added again; lines that are wrong are "
                     "reported and the rest is stored.",
                 .tag = "activities",
                 .rate = http::Rate::export_,
                 .idempotent = true,
                 .body_limit = k_batch_body_limit,
                 .problems = {k_unknown_format, k_validation_error}},
                [&service](Call& call) -> Task<Reply<ImportResult>> {
                    co_return co_await service.import_file(call.user(), call.origin(), call.body());
                });
}

} // namespace

void add_routes(http::Routes& routes, Service& service, cache::Cache& cache) {
    add_reading(routes, service);
    add_statistics(routes, service, cache);
    add_apps(routes, service);
    add_transfer(routes, service);
    routes.post("/api/activities",
                {.id = "createActivity",
                 .summary = "Record a stretch of use",
                 .tag = "activities",
                 .success = 201,
                 .idempotent = true,
                 .problems = {k_date_in_future, k_too_many_apps}},
                [&service](Call& call, Body<NewActivity> body) -> Task<Reply<Activity>> {
                    co_return co_await service.create(call.user(), call.origin(), std::move(body.value));
                });
    routes.post("/api/activities/batch",
                {.id = "createActivities",
                 .summary = "Record up to 1,000 stretches of use at once",
                 .description =
                     "Each item is checked and answered for itself: one that is wrong does not keep the others out. An item whose "
                     "`client_id` was stored before, by any request, is a duplicate and changes nothing, so that a phone which "
                     "was offline can send everything again. For the rate limit, each 50 items count as one request more.",
                 .tag = "activities",
                 .idempotent = true,
                 .body_limit = k_batch_body_limit},
                [&service](Call& call, Body<NewBatch> body) -> Task<Reply<BatchResult>> {
                    co_await call.charge(static_cast<int>(body->activities.items.size()) / k_rows_a_request);
                    co_return co_await service.create_batch(call.user(), call.origin(), std::move(body.value));
                });
    routes.put("/api/activities/{id}",
               {.id = "updateActivity",
                .summary = "Change an activity",
                .description = "Only the fields that are sent change; null clears an optional one. Every total follows.",
                .tag = "activities",
                .problems = {k_date_in_future, k_no_activity, k_too_many_apps}},
               [&service](Call& call, Path<IdPath> path, Body<UpdateActivity> body) -> Task<Reply<Activity>> {
                   co_return co_await service.update(call.user(), call.origin(), path->id, std::move(body.value));
               });
    routes.del("/api/activities/{id}",
               {.id = "deleteActivity", .summary = "Delete an activity", .tag = "activities", .problems = {k_no_activity}},
               [&service](Call& call, Path<IdPath> path) -> Task<Reply<users::Message>> {
                   co_await service.remove(call.user(), call.origin(), path->id);
                   co_return users::Message{std::string{Text{"Activity deleted.", "Activité supprimée."}.in(call.language())}};
               });
}

} // namespace focus::activities
