#include "features/admin/module.hpp"

#include "core/http/routes.hpp"
#include "core/jobs/scheduler.hpp"
#include "core/mail/templates.hpp"
#include "features/admin/errors.hpp"
#include "features/admin/service.hpp"
#include "features/users/errors.hpp"

#include <algorithm>

namespace focus::admin {

namespace {

using http::Access;
using http::Body;
using http::Call;
using http::IdPath;
using http::Path;
using http::Query;
using http::Rate;
using http::Reply;
using http::Task;
using users::Message;
using users::User;

constexpr auto k_no_user = k_not_found.described("there is no such account");
constexpr auto k_last_admin = users::k_last_admin.described("it is the caller's own account or the last active administrator");
constexpr auto k_no_mail = k_not_found.described("there is no such mail");

std::string say(const Call& call, Text text) { return std::string{text.in(call.language())}; }

void add_user_reading(http::Routes& routes, Service& service) {
    routes.get(
        "/api/admin/users",
        {.id = "adminListUsers", .summary = "The accounts", .tag = "admin", .access = Access::admin, .paged = true, .no_store = true},
        [&service](Call& call, Query<UsersQuery> query) -> Task<Reply<std::vector<User>>> {
            auto page = co_await service.accounts().list(query.value);
            co_await service.note_access(call.user(), call.origin(), "user");
            co_return http::paged(call, std::move(page.users), page.total, query->skip.value.value, query->limit.value.value);
        });
    routes.get("/api/admin/users/{id}",
               {.id = "adminGetUser",
                .summary = "One account",
                .tag = "admin",
                .access = Access::admin,
                .no_store = true,
                .problems = {k_no_user}},
               [&service](Call& call, Path<IdPath> path) -> Task<Reply<User>> {
                   auto user = co_await service.accounts().get(path->id);
                   co_await service.note_access(call.user(), call.origin(), "user", path->id);
                   co_return user;
               });
}

void add_user_writing(http::Routes& routes, Service& service) {
    routes.post("/api/admin/users",
                {.id = "adminCreateUser",
                 .summary = "Make an account",
                 .description = "An unverified one gets the verification mail.",
                 .tag = "admin",
                 .access = Access::admin,
                 .success = 201,
                 .idempotent = true,
                 .no_store = true,
                 .problems = {users::k_email_taken, users::k_username_taken}},
                [&service](Call& call, Body<NewUser> body) -> Task<Reply<User>> {
                    co_return co_await service.accounts().create(call.user(), call.origin(), call.language(), std::move(body.value));
                });
    routes.put("/api/admin/users/{id}",
               {.id = "adminUpdateUser",
                .summary = "Change an account",
                .description = "Only the fields that are sent change; null clears an optional one. A new address makes the links mailed to "
                               "the old one void; a deactivated account's sessions end.",
                .tag = "admin",
                .access = Access::admin,
                .no_store = true,
                .problems = {k_no_user, k_last_admin, users::k_email_taken, users::k_username_taken}},
               [&service](Call& call, Path<IdPath> path, Body<UpdateUser> body) -> Task<Reply<User>> {
                   co_return co_await service.accounts().update(call.user(), call.origin(), path->id, std::move(body.value));
               });
    routes.del("/api/admin/users/{id}",
               {.id = "adminDeleteUser",
                .summary = "Delete an account",
                .description = "Anonymises it as its owner's own deletion would; with `purge` every row goes.",
                .tag = "admin",
                .access = Access::admin,
                .problems = {k_no_user, k_last_admin}},
               [&service](Call& call, Path<IdPath> path, Query<DeleteQuery> query) -> Task<Reply<Message>> {
                   co_await service.accounts().remove(call.user(), call.origin(), path->id, query->purge.value);
                   co_return Message{say(call, {"Account deleted.", "Compte supprimé."})};
               });
    routes.patch("/api/admin/users/{id}/activate",
                 {.id = "adminActivateUser",
                  .summary = "Let an account sign in again",
                  .tag = "admin",
                  .access = Access::admin,
                  .no_store = true,
                  .problems = {k_no_user}},
                 [&service](Call& call, Path<IdPath> path) -> Task<Reply<UserChanged>> {
                     auto user = co_await service.accounts().set_active(call.user(), call.origin(), path->id, true);
                     co_return UserChanged{say(call, {"Account activated.", "Compte activé."}), std::move(user)};
                 });
    routes.patch("/api/admin/users/{id}/deactivate",
                 {.id = "adminDeactivateUser",
                  .summary = "Keep an account from signing in and end its sessions",
                  .tag = "admin",
                  .access = Access::admin,
                  .no_store = true,
                  .problems = {k_no_user, k_last_admin}},
                 [&service](Call& call, Path<IdPath> path) -> Task<Reply<UserChanged>> {
                     auto user = co_await service.accounts().set_active(call.user(), call.origin(), path->id, false);
                     co_return UserChanged{say(call, {"Account deactivated.", "Compte désactivé."}), std::move(user)};
                 });
}

void add_numbers(http::Routes& routes, Service& service) {
    routes.get("/api/admin/stats/overview",
               {.id = "adminOverview",
                .summary = "The service in numbers",
                .description = "Today and the weeks are UTC; an activity counts on its own date.",
                .tag = "admin",
                .access = Access::admin,
                .etag = true},
               [&service](Call& call) -> Task<Reply<Overview>> {
                   auto overview = co_await service.overview();
                   co_await service.note_access(call.user(), call.origin());
                   co_return overview;
               });
    routes.get("/api/admin/stats/users-growth",
               {.id = "adminUsersGrowth",
                .summary = "Accounts day by day",
                .description = "One entry per day up to today, days on which nothing happened too.",
                .tag = "admin",
                .access = Access::admin,
                .etag = true},
               [&service](Call& call, Query<GrowthQuery> query) -> Task<Reply<std::vector<GrowthDay>>> {
                   auto days = co_await service.growth(query.value);
                   co_await service.note_access(call.user(), call.origin());
                   co_return days;
               });
    routes.get(
        "/api/admin/stats/app-usage",
        {.id = "adminAppUsage", .summary = "The most used apps of the last days", .tag = "admin", .access = Access::admin, .etag = true},
        [&service](Call& call, Query<AppUsageQuery> query) -> Task<Reply<std::vector<AppUsage>>> {
            auto apps = co_await service.app_usage(query.value);
            co_await service.note_access(call.user(), call.origin());
            co_return apps;
        });
}

void add_challenges(http::Routes& routes, Service& service) {
    routes.get("/api/admin/challenges",
               {.id = "adminListChallenges",
                .summary = "All challenges, private ones too",
                .description = "Newest first unless `sort` says otherwise.",
                .tag = "admin",
                .access = Access::admin,
                .paged = true},
               [&service](Call& call, Query<challenges::ListQuery> query) -> Task<Reply<std::vector<challenges::Challenge>>> {
                   auto listed = co_await service.challenges().list_all(call.user(), query.value);
                   co_await service.note_access(call.user(), call.origin(), "challenge");
                   co_return http::paged(call, std::move(listed.items), listed.total, query->skip.value.value, query->limit.value.value);
               });
    routes.del("/api/admin/challenges/{id}",
               {.id = "adminDeleteChallenge",
                .summary = "Delete a challenge",
                .description = "Its participants are notified; its results are gone.",
                .tag = "admin",
                .access = Access::admin,
                .problems = {k_not_found.described("there is no such challenge")}},
               [&service](Call& call, Path<IdPath> path) -> Task<Reply<Message>> {
                   co_await service.challenges().remove(call.user(), call.origin(), path->id, true);
                   co_return Message{say(call, {"Challenge deleted.", "Défi supprimé."})};
               });
}

void add_logs(http::Routes& routes, Service& service) {
    routes.get("/api/admin/logs",
               {.id = "adminListLogs",
                .summary = "The audit trail, newest first",
                .tag = "admin",
                .access = Access::admin,
                .paged = true,
                .no_store = true},
               [&service](Call& call, Query<LogsQuery> query) -> Task<Reply<std::vector<LogEntry>>> {
                   auto page = co_await service.logs(query.value);
                   co_await service.note_access(call.user(), call.origin(), "audit_log");
                   co_return http::paged(call, std::move(page.items), page.total, query->skip.value.value, query->limit.value.value);
               });
    routes.get("/api/admin/logs/stats",
               {.id = "adminLogStats", .summary = "The audit trail in numbers", .tag = "admin", .access = Access::admin, .no_store = true},
               [&service](Call& call, Query<LogStatsQuery> query) -> Task<Reply<LogStats>> {
                   auto stats = co_await service.log_stats(query.value);
                   co_await service.note_access(call.user(), call.origin(), "audit_log");
                   co_return stats;
               });
    routes.del("/api/admin/logs/cleanup",
               {.id = "adminCleanLogs",
                .summary = "Delete old entries of the audit trail",
                .description = "Those older than `days` days, in small steps. Leaves an entry of its own.",
                .tag = "admin",
                .access = Access::admin},
               [&service](Call& call, Query<CleanupQuery> query) -> Task<Reply<Cleaned>> {
                   co_return co_await service.clean_logs(call.user(), call.origin(), query.value);
               });
}

void add_mail_templates(http::Routes& routes, Service& service, const mail::Templates& templates) {
    routes.get("/api/admin/email-templates",
               {.id = "adminListEmailTemplates", .summary = "The types of mails", .tag = "admin", .access = Access::admin},
               [&service, &templates](Call& call) -> Task<Reply<std::vector<std::string>>> {
                   co_await service.note_access(call.user(), call.origin());
                   co_return templates.names();
               });
    routes.get("/api/admin/email-templates/{name}",
               {.id = "adminPreviewEmail",
                .summary = "What a mail looks like",
                .description = "With invented values; nothing is sent.",
                .tag = "admin",
                .access = Access::admin,
                .problems = {k_no_mail}},
               [&service, &templates](Call& call, Path<MailTemplatePath> path, Query<PreviewQuery> query) -> Task<Reply<MailPreview>> {
                   auto mail = templates.preview(path->name, query->language.value_or(call.language()));
                   if (!mail) throw not_found();
                   co_await service.note_access(call.user(), call.origin());
                   co_return MailPreview{std::move(mail->subject), std::move(mail->text), std::move(mail->html)};
               });
}

void add_operation(http::Routes& routes, Service& service, jobs::Scheduler& scheduler) {
    routes.post("/api/admin/jobs/{name}/run",
                {.id = "adminRunJob",
                 .summary = "Run a job now",
                 .description = "Makes it due: one of the instances begins it within a second or two. Its outcome is in the health answer.",
                 .tag = "admin",
                 .access = Access::admin,
                 .success = 202,
                 .problems = {k_not_found.described("there is no such job"), jobs::k_job_running.described("it is running already")}},
                [&service, &scheduler](Call& call, Path<JobPath> path) -> Task<Reply<Message>> {
                    co_await service.run_job(call.user(), call.origin(), scheduler, path->name);
                    co_return Message{say(call, {"The job will start at once.", "La tâche va démarrer."})};
                });
    routes.get("/api/admin/emails",
               {.id = "adminListEmails",
                .summary = "The outbox, newest first",
                .tag = "admin",
                .access = Access::admin,
                .paged = true,
                .no_store = true},
               [&service](Call& call, Query<MailsQuery> query) -> Task<Reply<std::vector<OutboxMail>>> {
                   auto page = co_await service.mails(query.value);
                   co_await service.note_access(call.user(), call.origin(), "email");
                   co_return http::paged(call, std::move(page.items), page.total, query->skip.value.value, query->limit.value.value);
               });
    routes.post("/api/admin/emails/{id}/retry",
                {.id = "adminRetryEmail",
                 .summary = "Try a mail again now",
                 .tag = "admin",
                 .access = Access::admin,
                 .problems = {k_no_mail, k_not_retryable}},
                [&service](Call& call, Path<IdPath> path) -> Task<Reply<OutboxMail>> {
                    co_return co_await service.retry_mail(call.user(), call.origin(), path->id);
                });
    routes.get("/api/admin/system/health",
               {.id = "adminSystemHealth",
                .summary = "How the parts of the service do",
                .tag = "admin",
                .access = Access::admin,
                .no_store = true},
               [&service](Call& call) -> Task<Reply<SystemHealth>> {
                   auto health = co_await service.health().look();
                   if (health.database.status != HealthStatus::unhealthy) co_await service.note_access(call.user(), call.origin());
                   co_return health;
               });
}

} // namespace

void add_routes(http::Routes& routes, Service& service, jobs::Scheduler& scheduler, const mail::Templates& templates) {
    add_user_reading(routes, service);
    add_user_writing(routes, service);
    add_numbers(routes, service);
    add_challenges(routes, service);
    add_logs(routes, service);
    add_mail_templates(routes, service, templates);
    add_operation(routes, service, scheduler);
}

} // namespace focus::admin
