#include "features/users/module.hpp"

#include "core/cache/cache.hpp"
#include "core/http/routes.hpp"
#include "features/users/errors.hpp"
#include "features/users/service.hpp"

namespace focus::users {

namespace {

using cache::Written;
using http::Access;
using http::Body;
using http::Call;
using http::Path;
using http::Query;
using http::Reply;
using http::Task;

struct SearchQuery {
    json::Text<1, 50> q;
};

constexpr auto k_no_user = k_not_found.described("there is no such account");

void add_own_routes(http::Routes& routes, Service& service, cache::Cache& cache) {
    routes.get(
        "/api/users/me",
        {.id = "getMe", .summary = "The signed-in user", .tag = "users", .access = Access::signed_in, .etag = true, .no_store = true},
        [&service, &cache](Call& call) -> Task<Reply<Written<User>>> {
            const auto id = call.user().user_id;
            cache::Cache::Topics topics{topic_of(id)};
            co_return co_await cache.json(topic_of(id), std::move(topics), [&service, id] { return service.get(id); });
        });

    const auto update = [&service](Call& call, Body<UpdateProfile> change) -> Task<Reply<User>> {
        co_return co_await service.update_profile(call.user(), call.origin(), std::move(change.value));
    };
    routes.patch("/api/users/me",
                 {.id = "updateMe",
                  .summary = "Change the profile",
                  .description = "Only the fields that are sent change; null clears an optional one.",
                  .tag = "users",
                  .access = Access::signed_in,
                  .no_store = true,
                  .problems = {k_username_taken}},
                 update);
    routes.put("/api/users/me",
               {.id = "putMe",
                .summary = "Change the profile (as PATCH)",
                .tag = "users",
                .access = Access::signed_in,
                .no_store = true,
                .problems = {k_username_taken}},
               update);
}

} // namespace

void add_routes(http::Routes& routes, Service& service, cache::Cache& cache) {
    add_own_routes(routes, service, cache);
    routes.get("/api/users/search",
               {.id = "searchUsers",
                .summary = "Find people by username",
                .description = "Verified, active users whose username begins with the text, then those that contain it; at most 20.",
                .tag = "users"},
               [&service](Call&, Query<SearchQuery> query) -> Task<Reply<std::vector<PublicUser>>> {
                   co_return co_await service.search(query->q.value);
               });
    routes.get("/api/users/{id}", {.id = "getUser", .summary = "A public profile", .tag = "users", .etag = true, .problems = {k_no_user}},
               [&service, &cache](Call&, Path<http::IdPath> path) -> Task<Reply<Written<PublicUser>>> {
                   const auto id = path->id;
                   cache::Cache::Topics topics{topic_of(id)};
                   co_return co_await cache.json(topic_of(id) + ":public", std::move(topics),
                                                 [&service, id] { return service.public_profile(id); });
               });
}

} // namespace focus::users
