#include "features/admin/service.hpp"

#include "core/audit/summary.hpp"
#include "core/db/query.hpp"
#include "core/json/json.hpp"
#include "features/admin/errors.hpp"
#include "features/admin/rules.hpp"

#include <algorithm>
#include <format>

namespace focus::admin {

namespace {

constexpr std::size_t k_top_users = 5;
constexpr std::int64_t k_top_candidates = 50;              // some accounts may be deleted
constexpr const char* k_blocked_now = "stats:blocked_now"; // in the cache
constexpr std::int64_t k_many_blocked = 1000;
constexpr std::chrono::seconds k_blocked_known{10};
constexpr std::int64_t k_recent_errors = 10;
constexpr int k_rows_at_once = 500;
constexpr std::chrono::minutes k_access_known{1};
constexpr std::size_t k_most_noted = 10'000;

bool is_error(std::string_view level) { return level == "error" || level == "critical"; }

} // namespace

Service::Service(const Core& core, users::Service& users, auth::Service& auth, activities::Service& activities, blocking::Service& blocking,
                 challenges::Service& challenges)
    : db_{core.database}, clock_{core.clock}, users_{users}, blocking_{blocking}, challenges_{challenges}, outbox_{core.outbox},
      cache_{core.cache}, usage_{core.database}, accounts_{core, users, auth, activities, usage_}, health_{core.database, core.clock} {}

activities::Follower Service::follower() {
    return [](const activities::Recorded& recorded, db::Batch&) {
        return [&recorded](db::Transaction& tx) -> db::Task<void> {
            UsageKeeper::append(tx, recorded);
            co_return;
        };
    };
}

db::Task<Overview> Service::overview() {
    co_await usage_.fold_quickly();
    const auto now = clock_.now_ms();
    db::Batch batch;
    const auto counts = users::Service::add_counts(batch);
    const auto challenge_counts = batch.add(challenges::Service::counts(now));
    co_await batch.run(db_);
    const auto accounts = counts();
    const auto& challenges = *challenge_counts;
    const auto usage = co_await usage_.totals(today());
    Overview overview{.total_users = accounts.total,
                      .active_users = accounts.active,
                      .verified_users = accounts.verified,
                      .daily_active_users = usage.users_today,
                      .weekly_active_users = usage.users_week,
                      .monthly_active_users = usage.users_month,
                      .total_activities = usage.activities,
                      .activities_today = usage.activities_today,
                      .total_time_minutes = {usage.total_ms},
                      .total_challenges = challenges.total,
                      .active_challenges = challenges.active,
                      .completed_challenges = challenges.completed,
                      .total_blocked_apps = co_await blocking_.count_all(),
                      .blocked_now = co_await blocked_now(),
                      .emails_sent_today = co_await db_.get(mail::sent_since(today())),
                      .top_users = {}};
    const auto week = co_await users_.days(db_, today().plus(-6));
    for (const auto& day : week) overview.new_users_week += day.joined;
    const auto top = co_await usage_.top_users(k_top_candidates);
    std::vector<std::int64_t> ids;
    for (const auto& user : top) ids.push_back(user.user_id);
    const auto known = co_await users_.public_users(db_, std::move(ids));
    for (const auto& user : top) {
        const auto found = known.find(user.user_id);
        if (found == known.end() || user.activities <= 0 || overview.top_users.size() == k_top_users) continue;
        overview.top_users.push_back({.id = user.user_id,
                                      .username = found->second.username,
                                      .full_name = found->second.full_name,
                                      .total_time_minutes = {user.total_ms},
                                      .activities_count = user.activities});
    }
    co_return overview;
}

/// Cached for some seconds when there are many, as the count reads each.
db::Task<std::int64_t> Service::blocked_now() {
    if (const auto known = co_await cache_.get(k_blocked_now); known && known->text) co_return std::stoll(*known->text);
    const auto blocked = co_await blocking_.count_blocked();
    if (blocked >= k_many_blocked)
        co_await cache_.set(k_blocked_now, {.version = 0, .text = std::make_shared<const std::string>(std::to_string(blocked))},
                            k_blocked_known);
    co_return blocked;
}

db::Task<std::vector<GrowthDay>> Service::growth(GrowthQuery query) {
    co_await usage_.fold_quickly();
    const auto days = static_cast<int>(query.days.value.value);
    const auto first = today().plus(1 - days);
    db::Batch batch;
    const auto counts = users::Service::add_counts(batch);
    co_await batch.run(db_);
    const auto accounts = co_await users_.days(db_, first);
    const auto usage = co_await usage_.days(first);
    co_return rules::growth(today(), days, counts().total, accounts, usage);
}

db::Task<std::vector<AppUsage>> Service::app_usage(AppUsageQuery query) {
    co_await usage_.fold_quickly();
    auto apps = co_await usage_.apps(today(), static_cast<int>(query.days.value.value), query.limit.value.value);
    std::vector<AppUsage> usage;
    usage.reserve(apps.size());
    for (auto& app : apps) {
        usage.push_back({.app_name = std::move(app.app_name),
                         .app_category = std::move(app.app_category),
                         .total_time_minutes = {app.total_ms},
                         .activity_count = app.activities,
                         .unique_users = app.users,
                         .change_percent = rules::change_percent(app.total_ms, app.before_ms)});
    }
    co_return usage;
}

db::Task<Service::LogPage> Service::logs(LogsQuery query) {
    const auto filter = filter_of(query);
    auto [items, total] = co_await db_.all(audit::list(filter, query.skip.value, query.limit.value), audit::count(filter));
    co_return LogPage{std::move(items), total};
}

db::Task<LogStats> Service::log_stats(LogStatsQuery query) {
    const auto days = static_cast<int>(query.days.value.value);
    const auto first = today().plus(1 - days);
    LogStats stats;
    for (const auto level : {audit::Level::info, audit::Level::warning, audit::Level::error, audit::Level::critical})
        stats.by_level[std::string{audit::to_string(level)}] = 0;
    for (int i = 0; i < days; ++i) stats.daily.push_back({.date = {first.plus(i)}});
    audit::Filter errors;
    errors.levels = {audit::Level::error, audit::Level::critical};
    errors.from_ms = Zone{}.start_of(first);
    const auto [groups, users, recent] =
        co_await db_.all(audit::summary::since(first), audit::summary::users_since(first), audit::list(errors, 0, k_recent_errors));
    stats.unique_users = users;
    stats.recent_errors = recent;
    for (const auto& group : groups) {
        const auto at = group.day.since(first);
        if (at < 0 || at >= days) continue;
        stats.total_logs += group.entries;
        stats.by_level[group.level] += group.entries;
        stats.by_action[group.action] += group.entries;
        auto& day = stats.daily[static_cast<std::size_t>(at)];
        day.total += group.entries;
        if (is_error(group.level)) day.errors += group.entries;
    }
    co_return stats;
}

db::Task<Cleaned> Service::clean_logs(Caller caller, Origin origin, CleanupQuery query) {
    const auto now = clock_.now_ms();
    Cleaned cleaned{.deleted = 0, .cutoff_date = {now - query.days.value.value * k_day_ms}};
    const auto note = [&](std::string_view action, std::string message, std::string details) -> db::Task<void> {
        co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
            audit::record(tx, origin,
                          {.action = action,
                           .message = message,
                           .level = audit::Level::warning,
                           .user_id = caller.user_id,
                           .resource_type = "audit_log",
                           .details = details},
                          now);
            co_return;
        });
    };
    const auto cutoff = format_rfc3339(cleaned.cutoff_date.ms);
    const auto days = query.days.value.value;
    // Logged before the first entry is deleted, so that there is a trace when this process ends halfway.
    co_await note("logs_cleaning", std::format("Entries from before {} are being deleted", cutoff), std::format(R"({{"days":{}}})", days));
    const auto step = [&] { return audit::delete_older(db_, cleaned.cutoff_date.ms, k_rows_at_once); };
    cleaned.deleted = static_cast<std::int64_t>(co_await db::delete_in_steps(step));
    co_await note("logs_cleaned", std::format("{} entries from before {} deleted", cleaned.deleted, cutoff),
                  std::format(R"({{"days":{},"deleted":{}}})", days, cleaned.deleted));
    co_return cleaned;
}

db::Task<Service::MailPage> Service::mails(MailsQuery query) {
    auto [items, total] = co_await db_.all(mail::list(query.status, query.skip.value, query.limit.value), mail::count(query.status));
    co_return MailPage{std::move(items), total};
}

db::Task<OutboxMail> Service::retry_mail(Caller caller, Origin origin, std::int64_t id) {
    co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<OutboxMail> {
        const bool is_due = co_await outbox_.retry(tx, id);
        auto mail = co_await tx.get(mail::find(id));
        if (!mail) throw not_found();
        if (!is_due) throw Error{k_not_retryable};
        audit::record(tx, origin,
                      {.action = "email_retried",
                       .message = "Mail made due by an administrator",
                       .level = audit::Level::warning,
                       .user_id = caller.user_id,
                       .resource_type = "email",
                       .resource_id = id},
                      clock_.now_ms());
        co_return std::move(*mail);
    });
}

db::Task<void> Service::run_job(Caller caller, Origin origin, jobs::Scheduler& scheduler, std::string name) {
    co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
        co_await scheduler.make_due(tx, name);
        audit::record(tx, origin,
                      {.action = "job_started",
                       .message = "Job " + name + " made due by an administrator",
                       .level = audit::Level::warning,
                       .user_id = caller.user_id,
                       .resource_type = "job"},
                      clock_.now_ms());
    });
}

bool Service::is_news(const Caller& caller, const Origin& origin, std::int64_t resource_id) {
    const auto now = std::chrono::steady_clock::now();
    const auto key = std::format("{} {} {} {}", caller.user_id, caller.session_id, resource_id, origin.endpoint);
    const std::scoped_lock lock{noted_mutex_};
    if (noted_.size() >= k_most_noted) noted_.clear();
    auto& until = noted_[key];
    if (until > now) return false;
    until = now + k_access_known;
    return true;
}

db::Task<void> Service::note_access(Caller caller, Origin origin, std::string_view resource_type, std::int64_t resource_id) {
    if (!is_news(caller, origin, resource_id)) co_return;
    co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
        audit::record(tx, origin,
                      {.action = "admin_access",
                       .message = "An administrator looked at " + origin.endpoint,
                       .user_id = caller.user_id,
                       .resource_type = resource_type,
                       .resource_id = resource_id},
                      clock_.now_ms());
        co_return;
    });
}

} // namespace focus::admin
