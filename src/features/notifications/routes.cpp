#include "features/notifications/module.hpp"

#include "core/http/routes.hpp"
#include "features/notifications/errors.hpp"
#include "features/notifications/hub.hpp"

namespace focus::notifications {

namespace {

using http::Access;
using http::Body;
using http::Call;
using http::IdPath;
using http::Path;
using http::Query;
using http::Reply;
using http::Task;

struct SocketQuery {
    std::optional<std::string> token;
    std::optional<json::Integer<0, INT64_MAX>> after_id;

    static constexpr json::FieldDoc k_docs[] = {
        {"token", "The access token, unless it comes as Authorization or as the sub-protocol `bearer.<token>` beside `focus.v1`"},
        {"after_id", "Replays what was missed since this notification"},
    };
};

struct SocketStats {
    std::int64_t active_users = 0;
    std::int64_t connections = 0;
};

constexpr std::string_view k_subprotocol = "focus.v1";

void add_socket(http::Routes& routes, Hub& hub) {
    routes.websocket("/api/ws/notifications",
                     {.id = "notificationSocket",
                      .summary = "Notifications as they happen, over a WebSocket",
                      .description = "Messages are JSON objects; docs/api-guide.md describes them all.",
                      .tag = "notifications",
                      .access = Access::signed_in,
                      .problems = {k_too_many_connections}},
                     [&hub](Call& call, Query<SocketQuery> query) -> Task<Reply<http::Upgrade>> {
                         const auto after_id = query->after_id ? std::optional{query->after_id->value} : std::nullopt;
                         co_return http::Upgrade{.listener = hub.welcome(call.user(), after_id),
                                                 .subprotocol = std::string{
                                                     http::offers_subprotocol(call, k_subprotocol) ? k_subprotocol : std::string_view{}}};
                     });
    routes.get("/api/ws/stats",
               {.id = "socketStats",
                .summary = "Open sockets and the people behind them, over all instances",
                .tag = "admin",
                .access = Access::signed_in, // routes below /ws don't require a verified address
                .problems = {k_forbidden.described("the user is no administrator")}},
               [&hub](Call& call) -> Task<Reply<SocketStats>> {
                   if (call.user().role != Role::admin) throw Error{k_forbidden};
                   const auto totals = hub.totals(call.user().user_id);
                   co_return SocketStats{totals.active_users, totals.connections};
               });
}

} // namespace

void add_routes(http::Routes& routes, Service& service, Hub& hub) {
    add_socket(routes, hub);
    routes.get("/api/notifications",
               {.id = "listNotifications",
                .summary = "The notifications of the last 30 days",
                .description = "Newest first; with `after_id` oldest first, so that a device that was away reads on where it stopped.",
                .tag = "notifications",
                .etag = true,
                .paged = true},
               [&service](Call& call, Query<ListQuery> query) -> Task<Reply<std::vector<Notification>>> {
                   auto listed = co_await service.list(call.user(), query.value);
                   co_return http::paged(call, std::move(listed.items), listed.total, query->skip.value.value, query->limit.value.value);
               });
    routes.post("/api/notifications/{id}/read",
                {.id = "readNotification",
                 .summary = "Mark a notification as read",
                 .tag = "notifications",
                 .problems = {k_not_found.described("the caller has no such notification")}},
                [&service](Call& call, Path<IdPath> path) -> Task<Reply<Notification>> {
                    co_return co_await service.mark_read(call.user().user_id, path->id);
                });
    routes.post(
        "/api/notifications/read-all", {.id = "readAllNotifications", .summary = "Mark every notification as read", .tag = "notifications"},
        [&service](Call& call) -> Task<Reply<ReadAll>> {
            const auto updated = co_await service.mark_all_read(call.user().user_id);
            co_return ReadAll{std::string{Text{"Everything is marked as read.", "Tout est marqué comme lu."}.in(call.language())}, updated};
        });
    routes.post("/api/admin/notifications",
                {.id = "sendNotification",
                 .summary = "Send a notification to some users or to all",
                 .description = "All are the active accounts; where they are many, the last ones get it a little later.",
                 .tag = "admin",
                 .access = Access::admin,
                 .idempotent = true},
                [&service](Call& call, Body<Announcement> body) -> Task<Reply<Announced>> {
                    co_return co_await service.announce(call.user(), call.origin(), call.language(), std::move(body.value));
                });
}

} // namespace focus::notifications
