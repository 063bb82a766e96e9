#include "features/blocking/module.hpp"

#include "core/http/routes.hpp"
#include "features/blocking/errors.hpp"
#include "features/blocking/service.hpp"

namespace focus::blocking {

namespace {

using http::Body;
using http::Call;
using http::IdPath;
using http::Path;
using http::Query;
using http::Reply;
using http::Task;

constexpr auto k_no_limit = k_not_found.described("the caller has no such limit");

void add_reading(http::Routes& routes, Service& service) {
    routes.get("/api/blocked",
               {.id = "listBlockedApps",
                .summary = "The user's limits with today's counters",
                .description = "All of them: there are at most 500.",
                .tag = "blocking",
                .etag = true},
               [&service](Call& call, Query<ListQuery> query) -> Task<Reply<std::vector<BlockedApp>>> {
                   co_return co_await service.list(call.user(), query.value);
               });
    routes.get("/api/blocked/status",
               {.id = "blockedStatus",
                .summary = "May this app run now?",
                .description = "Asked by name or package. When several limits match, the one that blocks the longest answers.",
                .tag = "blocking",
                .problems = {k_not_found.described("the app is not listed")}},
               [&service](Call& call, Query<StatusQuery> query) -> Task<Reply<Status>> {
                   co_return co_await service.status(call.user(), query.value);
               });
    routes.get("/api/blocked/policy",
               {.id = "blockingPolicy",
                .summary = "Everything a device needs to enforce the rules while offline",
                .description = "The active limits with today's counters, schedules in local time and the next change. A `policy_update` "
                               "notification says that the version has grown; the ETag changes with the counters too.",
                .tag = "blocking",
                .etag = true},
               [&service](Call& call) -> Task<Reply<Policy>> { co_return co_await service.policy(call.user()); });
    routes.get(
        "/api/blocked/{id}", {.id = "getBlockedApp", .summary = "One limit", .tag = "blocking", .etag = true, .problems = {k_no_limit}},
        [&service](Call& call, Path<IdPath> path) -> Task<Reply<BlockedApp>> { co_return co_await service.get(call.user(), path->id); });
}

} // namespace

void add_routes(http::Routes& routes, Service& service) {
    add_reading(routes, service);
    routes.post(
        "/api/blocked",
        {.id = "createBlockedApp",
         .summary = "Limit an app",
         .description = "Blocks the app when its daily limit is reached and while a schedule says so. A limit of 0 blocks it for good.",
         .tag = "blocking",
         .success = 201,
         .idempotent = true,
         .problems = {k_already_exists, k_too_many_limits}},
        [&service](Call& call, Body<NewBlockedApp> body) -> Task<Reply<BlockedApp>> {
            co_return co_await service.create(call.user(), call.origin(), std::move(body.value));
        });
    routes.put("/api/blocked/{id}",
               {.id = "updateBlockedApp",
                .summary = "Change a limit",
                .description = "Only the fields that are sent change; null clears an optional one.",
                .tag = "blocking",
                .problems = {k_already_exists, k_no_limit}},
               [&service](Call& call, Path<IdPath> path, Body<UpdateBlockedApp> body) -> Task<Reply<BlockedApp>> {
                   co_return co_await service.update(call.user(), call.origin(), path->id, std::move(body.value));
               });
    routes.del("/api/blocked/{id}", {.id = "deleteBlockedApp", .summary = "Remove a limit", .tag = "blocking", .problems = {k_no_limit}},
               [&service](Call& call, Path<IdPath> path) -> Task<Reply<users::Message>> {
                   co_await service.remove(call.user(), call.origin(), path->id);
                   co_return users::Message{std::string{Text{"Limit removed.", "Limite supprimée."}.in(call.language())}};
               });
    routes.post("/api/blocked/{id}/reset",
                {.id = "resetBlockedApp",
                 .summary = "Start today's counter again from 0",
                 .description = "The activities stay.",
                 .tag = "blocking",
                 .problems = {k_no_limit}},
                [&service](Call& call, Path<IdPath> path) -> Task<Reply<BlockedApp>> {
                    co_return co_await service.reset(call.user(), call.origin(), path->id);
                });
}

} // namespace focus::blocking
