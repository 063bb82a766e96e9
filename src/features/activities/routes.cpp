#include "features/activities/routes.hpp"

namespace focus::activities {

namespace {

using http::Body;
using http::Call;
using http::IdPath;
using http::Path;
using http::Problem;
using http::Query;
using http::Reply;
using http::Task;

struct DayQuery {
    std::optional<json::Date> date;
};

const Problem k_future{400, "date_in_future", "the day lies in the future of the user's zone"};
const Problem k_not_found{404, "not_found", "the caller has no such activity"};

void add_reading(http::Routes& routes, Service& service) {
    routes.get("/api/activities",
               {.id = "listActivities",
                .summary = "The recorded activities",
                .description = "`app_name` finds a part of the name in any case. Newest first unless `sort` says otherwise.",
                .tag = "activities",
                .etag = true,
                .paged = true},
               [&service](Call& call, Query<ListQuery> query) -> Task<Reply<std::vector<Activity>>> {
                   auto listed = co_await service.list(call.user(), query.value);
                   co_return http::paged(call, std::move(listed.items), listed.total, query->skip.value.value, query->limit.value.value);
               });
    routes.get("/api/activities/today",
               {.id = "listToday", .summary = "All of today's activities, newest first", .tag = "activities", .etag = true},
               [&service](Call& call) -> Task<Reply<std::vector<Activity>>> { co_return co_await service.today(call.user()); });
    routes.get(
        "/api/activities/{id}",
        {.id = "getActivity", .summary = "One activity", .tag = "activities", .etag = true, .problems = {k_not_found}},
        [&service](Call& call, Path<IdPath> path) -> Task<Reply<Activity>> { co_return co_await service.get(call.user(), path->id); });
    routes.get("/api/activities/stats/daily",
               {.id = "dailyStats", .summary = "The statistics of a day (today by default)", .tag = "statistics", .etag = true},
               [&service](Call& call, Query<DayQuery> query) -> Task<Reply<Daily>> {
                   co_return co_await service.daily(call.user(), query->date ? std::optional{query->date->value} : std::nullopt);
               });
}

} // namespace

void add_routes(http::Routes& routes, Service& service) {
    add_reading(routes, service);
    routes.post("/api/activities",
                {.id = "createActivity",
                 .summary = "Record a stretch of use",
                 .tag = "activities",
                 .success = 201,
                 .idempotent = true,
                 .problems = {k_future}},
                [&service](Call& call, Body<NewActivity> body) -> Task<Reply<Activity>> {
                    co_return co_await service.create(call.user(), call.origin(), std::move(body.value));
                });
    routes.put("/api/activities/{id}",
               {.id = "updateActivity",
                .summary = "Change an activity",
                .description = "Only the fields that are sent change; null clears an optional one. Every total follows.",
                .tag = "activities",
                .problems = {k_future, k_not_found}},
               [&service](Call& call, Path<IdPath> path, Body<UpdateActivity> body) -> Task<Reply<Activity>> {
                   co_return co_await service.update(call.user(), call.origin(), path->id, std::move(body.value));
               });
    routes.del("/api/activities/{id}",
               {.id = "deleteActivity", .summary = "Delete an activity", .tag = "activities", .problems = {k_not_found}},
               [&service](Call& call, Path<IdPath> path) -> Task<Reply<users::Message>> {
                   co_await service.remove(call.user(), call.origin(), path->id);
                   co_return users::Message{std::string{Text{"Activity deleted.", "Activité supprimée."}.in(call.language())}};
               });
}

} // namespace focus::activities
