#include "features/notifications/routes.hpp"

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

} // namespace

void add_routes(http::Routes& routes, Service& service) {
    routes.get("/api/notifications",
               {.id = "listNotifications",
                .summary = "What the user was told in the last 30 days",
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
                 .problems = {{404, "not_found", "the caller has no such notification"}}},
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
                 .summary = "Send a notification to some people or to everybody",
                 .tag = "admin",
                 .access = Access::admin},
                [&service](Call& call, Body<Announcement> body) -> Task<Reply<Announced>> {
                    const auto outcome = co_await service.announce(call.user(), call.origin(), std::move(body.value));
                    const Text done{"Sent to {count} people.", "Envoyé à {count} personnes."};
                    const Text begun{"Sent to {count} people, the others follow.", "Envoyé à {count} personnes, les autres suivent."};
                    const auto& text = outcome.is_done ? done : begun;
                    co_return Announced{.message = text.render(call.language(), {{"count", std::to_string(outcome.told)}}),
                                        .recipients = outcome.told,
                                        .status = outcome.is_done ? AnnouncementStatus::sent : AnnouncementStatus::sending};
                });
}

} // namespace focus::notifications
