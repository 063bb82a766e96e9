#include "features/reports/module.hpp"

#include "core/cache/cache.hpp"
#include "core/http/routes.hpp"
#include "features/reports/service.hpp"

namespace focus::reports {

using http::Call;
using http::Reply;
using http::Task;

void add_routes(http::Routes& routes, Service& service, cache::Cache& cache) {
    routes.get("/api/users/me/stats",
               {.id = "myStats", .summary = "The user's own numbers", .tag = "statistics", .access = http::Access::signed_in, .etag = true},
               [&service, &cache](Call& call) -> Task<Reply<cache::Written<UserStats>>> {
                   const auto id = call.user().user_id;
                   auto topics = challenges::topics_of(id);
                   topics.push_back(activities::topic_of(id));
                   topics.push_back(users::topic_of(id));
                   const auto today = call.user().zone.day_of(call.now_ms()).to_string();
                   co_return co_await cache.json(activities::topic_of(id) + ":me:" + today, std::move(topics),
                                                 [&service, &call] { return service.stats(call.user()); });
               });
    routes.get("/api/users/me/export",
               {.id = "exportMe",
                .summary = "Everything that the service holds on the user",
                .description = "One JSON object with a member per kind of data (GDPR articles 15 and 20), streamed.",
                .tag = "users",
                .access = http::Access::signed_in,
                .rate = http::Rate::export_,
                .no_store = true},
               [&service](Call& call) -> Task<Reply<http::Stream>> {
                   const auto day = call.user().zone.day_of(call.now_ms()).to_string();
                   co_return http::Stream{.content_type = "application/json",
                                          .filename = "focus-export-" + day + ".json",
                                          .next = service.export_all(call.user())};
               });
}

} // namespace focus::reports
