#include "features/challenges/module.hpp"

#include "core/attempts/attempts.hpp"
#include "core/http/routes.hpp"
#include "features/challenges/errors.hpp"
#include "features/challenges/service.hpp"

namespace focus::challenges {

namespace {

using http::Body;
using http::Call;
using http::IdPath;
using http::Path;
using http::Query;
using http::Reply;
using http::Task;
using users::Message;

constexpr auto k_no_challenge = k_not_found.described("there is no such challenge");

Message say(const Call& call, Text text) { return {std::string{text.in(call.language())}}; }

void add_reading(http::Routes& routes, Service& service) {
    routes.get("/api/challenges",
               {.id = "listChallenges",
                .summary = "The public challenges",
                .description = "Newest first unless `sort` says otherwise.",
                .tag = "challenges",
                .etag = true,
                .paged = true},
               [&service](Call& call, Query<ListQuery> query) -> Task<Reply<std::vector<Challenge>>> {
                   auto listed = co_await service.list(call.user(), query.value);
                   co_return http::paged(call, std::move(listed.items), listed.total, query->skip.value.value, query->limit.value.value);
               });
    routes.get("/api/challenges/my-challenges",
               {.id = "listMyChallenges",
                .summary = "The challenges that the caller takes or took part in",
                .description = "Those that run come first, then those to come, the completed and the cancelled ones.",
                .tag = "challenges",
                .etag = true,
                .paged = true},
               [&service](Call& call, Query<MineQuery> query) -> Task<Reply<std::vector<Challenge>>> {
                   auto listed = co_await service.list_mine(call.user(), query.value);
                   co_return http::paged(call, std::move(listed.items), listed.total, query->skip.value.value, query->limit.value.value);
               });
    routes.get(
        "/api/challenges/{id}",
        {.id = "getChallenge",
         .summary = "One challenge",
         .tag = "challenges",
         .etag = true,
         .problems = {k_not_a_participant, k_no_challenge}},
        [&service](Call& call, Path<IdPath> path) -> Task<Reply<Challenge>> { co_return co_await service.get(call.user(), path->id); });
    routes.get("/api/challenges/{id}/leaderboard",
               {.id = "getLeaderboard",
                .summary = "The ranking, best first",
                .description =
                    "Follows activities at once. Those with the same score share a rank (1-1-3), ordered by less total time, then by "
                    "who joined first.",
                .tag = "challenges",
                .etag = true,
                .paged = true,
                .problems = {k_not_a_participant, k_no_challenge, k_not_a_member}},
               [&service](Call& call, Path<IdPath> path, Query<LeaderboardQuery> query) -> Task<Reply<std::vector<LeaderboardEntry>>> {
                   auto ranking = co_await service.leaderboard(call.user(), path->id, query.value);
                   if (query->around) { // a slice that moves with the caller has no pages
                       http::Headers headers{{"X-Total-Count", std::to_string(ranking.total)}};
                       co_return Reply<std::vector<LeaderboardEntry>>{std::move(ranking.items), std::move(headers)};
                   }
                   co_return http::paged(call, std::move(ranking.items), ranking.total, ranking.skip, query->limit.value.value);
               });
}

void add_writing(http::Routes& routes, Service& service) {
    routes.post("/api/challenges",
                {.id = "createChallenge",
                 .summary = "Make a challenge and take part in it",
                 .description = "A private one gets an invitation code. Its days are those of the caller's time zone.",
                 .tag = "challenges",
                 .success = 201,
                 .idempotent = true,
                 .problems = {k_invalid_dates, k_too_many_challenges}},
                [&service](Call& call, Body<NewChallenge> body) -> Task<Reply<Challenge>> {
                    co_return co_await service.create(call.user(), call.origin(), std::move(body.value));
                });
    routes.put("/api/challenges/{id}",
               {.id = "updateChallenge",
                .summary = "Rename or describe a challenge, or move its dates before it starts",
                .description = "Only the fields that are sent change; null clears the description.",
                .tag = "challenges",
                .problems = {k_invalid_dates, k_already_started, k_not_the_creator, k_no_challenge}},
               [&service](Call& call, Path<IdPath> path, Body<UpdateChallenge> body) -> Task<Reply<Challenge>> {
                   co_return co_await service.update(call.user(), call.origin(), path->id, std::move(body.value));
               });
    routes.post("/api/challenges/{id}/cancel",
                {.id = "cancelChallenge",
                 .summary = "Cancel a challenge before its end",
                 .description = "Its participants are notified; the scores stay as they are.",
                 .tag = "challenges",
                 .problems = {k_challenge_ended, k_not_the_creator, k_no_challenge}},
                [&service](Call& call, Path<IdPath> path) -> Task<Reply<Challenge>> {
                    co_return co_await service.cancel(call.user(), call.origin(), path->id);
                });
    routes.del("/api/challenges/{id}",
               {.id = "deleteChallenge",
                .summary = "Delete a challenge",
                .description = "Its participants are notified; its results are gone.",
                .tag = "challenges",
                .problems = {k_not_the_creator, k_no_challenge}},
               [&service](Call& call, Path<IdPath> path) -> Task<Reply<Message>> {
                   co_await service.remove(call.user(), call.origin(), path->id);
                   co_return say(call, {"Challenge deleted.", "Défi supprimé."});
               });
}

/// For wrong invitation codes: after ten, each attempt has to wait, up to an hour.
constexpr attempts::Patience k_codes{.free = 10, .first_wait_ms = 30 * k_second_ms, .longest_wait_ms = k_hour_ms, .memory_ms = k_day_ms};

/// Joins by a code, and counts a wrong one.
Task<Joined> join_counted(attempts::Guard& guard, std::int64_t user_id, Task<Joined> join) {
    attempts::Limit limit{"invitation " + std::to_string(user_id), k_codes};
    auto attempt = co_await guard.begin(std::move(limit));
    std::optional<Joined> joined;
    std::exception_ptr failure;
    bool is_wrong = false;
    try {
        joined = co_await std::move(join);
    } catch (const Error& error) {
        failure = std::current_exception();
        is_wrong = error.is(k_invalid_invitation_code);
    } catch (...) {
        failure = std::current_exception();
    }
    if (!is_wrong) co_await guard.take_back(std::move(attempt));
    if (failure) std::rethrow_exception(failure);
    co_return std::move(*joined);
}

void add_joining(http::Routes& routes, Service& service, attempts::Guard& guard) {
    routes.post("/api/challenges/join",
                {.id = "joinChallengeByCode",
                 .summary = "Join a private challenge by its code alone",
                 .description = "Ten wrong codes are free; after that each has to wait longer than the one before.",
                 .tag = "challenges",
                 .problems = {k_invalid_invitation_code, k_already_member, k_challenge_full, k_challenge_ended, k_too_many_challenges}},
                [&service, &guard](Call& call, Body<RequiredInvitation> body) -> Task<Reply<Joined>> {
                    auto join = service.join_by_code(call.user(), call.origin(), std::move(body->invitation_code.value));
                    co_return co_await join_counted(guard, call.user().user_id, std::move(join));
                });
    routes.post(
        "/api/challenges/{id}/join",
        {.id = "joinChallenge",
         .summary = "Join a challenge",
         .description = "What was recorded on its days before joining counts too. Coming back after leaving is allowed while it runs.",
         .tag = "challenges",
         .problems = {k_invalid_invitation_code, k_already_member, k_challenge_full, k_challenge_ended, k_too_many_challenges,
                      k_no_challenge}},
        [&service, &guard](Call& call, Path<IdPath> path, Body<std::optional<Invitation>> body) -> Task<Reply<Joined>> {
            std::string code;
            if (body.value && body.value->invitation_code) code = std::move(body.value->invitation_code->value);
            const bool has_code = !code.empty();
            auto join = service.join(call.user(), call.origin(), path->id, std::move(code));
            if (has_code) join = join_counted(guard, call.user().user_id, std::move(join));
            co_return co_await std::move(join);
        });
    routes.post("/api/challenges/{id}/leave",
                {.id = "leaveChallenge",
                 .summary = "Leave a challenge",
                 .description = "The place in the ranking goes, unless the results stand already.",
                 .tag = "challenges",
                 .problems = {k_not_a_member, k_no_challenge}},
                [&service](Call& call, Path<IdPath> path) -> Task<Reply<Message>> {
                    co_await service.leave(call.user(), call.origin(), path->id);
                    co_return say(call, {"You have left the challenge.", "Vous avez quitté le défi."});
                });
}

} // namespace

void add_routes(http::Routes& routes, Service& service, attempts::Guard& guard) {
    add_reading(routes, service);
    add_writing(routes, service);
    add_joining(routes, service, guard);
}

} // namespace focus::challenges
