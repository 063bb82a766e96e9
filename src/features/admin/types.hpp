// The types of the admin module: accounts as administrators change them, the service's numbers, the audit trail,
// the outbox, and the health of the service's parts. Days and periods are UTC.
#pragma once

#include "core/audit/trail.hpp"
#include "core/json/lines.hpp"
#include "core/mail/outbox_view.hpp"
#include "features/auth/types.hpp"
#include "features/users/types.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace focus::admin {

/// A calendar day (UTC) or an instant, where a query accepts either.
struct Moment {
    EpochMs first_ms = 0; // the instant, or the first of the day
    EpochMs after_ms = 0; // the first instant after it
};

// --- accounts ---

/// `-` in front means descending.
struct UserSort {
    users::AccountSort value;
};

struct UsersQuery {
    std::optional<json::Text<1, 254>> search;
    std::optional<Role> role;
    std::optional<bool> is_active;
    std::optional<bool> is_verified;
    std::optional<Moment> created_after;
    std::optional<Moment> created_before;
    std::optional<UserSort> sort;
    json::Or<json::Integer<0, INT64_MAX>, 0> skip;
    json::Or<json::Integer<1, 500>, 50> limit;

    static constexpr json::FieldDoc k_docs[] = {
        {"search", "A part of the username, full name or e-mail address, in any case"},
        {"created_after", "A day (from its start) or an instant"},
        {"created_before", "A day (before its start) or an instant"},
        {"sort", "Newest first without it"},
    };
};

struct NewUser {
    json::EmailAddress email;
    users::Username username;
    auth::Password password;
    std::optional<json::Text<0, 100>> full_name;
    std::optional<Language> language;
    std::optional<json::ZoneName> timezone;
    json::Or<Role, Role::user> role;
    json::Or<bool, false> is_verified;
    json::Or<bool, true> is_active;

    static constexpr json::FieldDoc k_docs[] = {{"is_verified", "Unless it is true, the account gets the verification mail"}};
};

struct UpdateUser {
    json::Change<json::EmailAddress> email;
    json::Change<users::Username> username;
    json::Patch<json::Text<0, 100>> full_name;
    json::Patch<json::HttpUrl> avatar_url;
    json::Patch<json::Lines<0, 500>> bio;
    json::Change<Role> role;
    json::Change<bool> is_active;
    json::Change<bool> is_verified;
    json::Change<Language> language;
    json::Change<json::ZoneName> timezone;
    json::Patch<json::MinutesIn<0, 1440>> daily_limit_minutes;
    json::Change<bool> notifications_enabled;
    json::Change<bool> email_reminders;
    json::Change<json::TimeOfDay> reminder_time;
};

struct DeleteQuery {
    json::Or<bool, false> purge;

    static constexpr json::FieldDoc k_docs[] = {
        {"purge", "Deletes every row of the account too, its activities included; of a large one the last ones a little later"}};
};

struct UserChanged {
    std::string message;
    users::User user;
};

// --- the service's numbers ---

struct TopUser {
    std::int64_t id = 0;
    std::string username;
    std::optional<std::string> full_name;
    json::Minutes total_time_minutes;
    std::int64_t activities_count = 0;
};

struct Overview {
    std::int64_t total_users = 0;
    std::int64_t active_users = 0;
    std::int64_t verified_users = 0;
    std::int64_t new_users_week = 0;
    std::int64_t daily_active_users = 0;
    std::int64_t weekly_active_users = 0;
    std::int64_t monthly_active_users = 0;
    std::int64_t total_activities = 0;
    std::int64_t activities_today = 0;
    json::Minutes total_time_minutes;
    std::int64_t total_challenges = 0;
    std::int64_t active_challenges = 0;
    std::int64_t completed_challenges = 0;
    std::int64_t total_blocked_apps = 0;
    std::int64_t blocked_now = 0;
    std::int64_t emails_sent_today = 0;
    std::vector<TopUser> top_users;

    static constexpr json::FieldDoc k_docs[] = {
        {"active_users", "Accounts that are not deactivated"},
        {"new_users_week", "Made in the last 7 days, today included"},
        {"daily_active_users", "Who have recorded something for today"},
        {"weekly_active_users", "Who have recorded something for one of the last 7 days"},
        {"monthly_active_users", "Who have recorded something for one of the last 30 days"},
        {"blocked_now", "Limits that block their app at this moment"},
        {"top_users", "The 5 with the most recorded time"},
    };
};

struct GrowthQuery {
    json::Or<json::Integer<1, 366>, 30> days;
};
struct GrowthDay {
    json::Date date;
    std::int64_t new_users = 0;
    std::int64_t total_users = 0;
    std::int64_t active_users = 0;

    static constexpr json::FieldDoc k_docs[] = {
        {"total_users", "At the end of the day"},
        {"active_users", "Who have data on the day"},
    };
};

struct AppUsageQuery {
    json::Or<json::Integer<1, 366>, 7> days;
    json::Or<json::Integer<1, 100>, 20> limit;
};
struct AppUsage {
    std::string app_name;
    std::string app_category;
    json::Minutes total_time_minutes;
    std::int64_t activity_count = 0;
    std::int64_t unique_users = 0;
    std::optional<double> change_percent;

    static constexpr json::FieldDoc k_docs[] = {
        {"app_name", "As it was last written"},
        {"change_percent", "Of the time, against as many days before; null when there was none"},
    };
};

// --- the audit trail ---

/// A level's name in any case.
struct LevelName {
    audit::Level value = audit::Level::info;
};

struct LogsQuery {
    std::optional<LevelName> level;
    std::optional<json::Text<1, 50>> action;
    std::optional<json::Integer<0, INT64_MAX>> user_id;
    std::optional<Moment> start_date;
    std::optional<Moment> end_date;
    std::optional<json::Text<1, 200>> q;
    json::Or<json::Integer<0, INT64_MAX>, 0> skip;
    json::Or<json::Integer<1, 1000>, 50> limit;

    static constexpr json::FieldDoc k_docs[] = {
        {"level", "In any case"},
        {"start_date", "A day (from its start) or an instant"},
        {"end_date", "A day (to its end) or an instant"},
        {"q", "A part of the message, details or address, in any case of its ASCII letters; X-Total-Count then stops at 10000"},
    };
};

using audit::LogEntry;

[[nodiscard]] audit::Filter filter_of(const LogsQuery& query);

struct LogStatsQuery {
    json::Or<json::Integer<1, 366>, 7> days;
};
struct LogDay {
    json::Date date;
    std::int64_t total = 0;
    std::int64_t errors = 0;

    static constexpr json::FieldDoc k_docs[] = {{"errors", "Of the levels error and critical"}};
};
struct LogStats {
    std::int64_t total_logs = 0;
    std::map<std::string, std::int64_t> by_level;
    std::map<std::string, std::int64_t> by_action;
    std::vector<LogDay> daily;
    std::vector<LogEntry> recent_errors;
    std::int64_t unique_users = 0;

    static constexpr json::FieldDoc k_docs[] = {{"recent_errors", "The newest 10 of the levels error and critical"}};
};

struct CleanupQuery {
    json::Or<json::Integer<1, 36500>, 90> days;
};
struct Cleaned {
    std::int64_t deleted = 0;
    json::Timestamp cutoff_date;
};

// --- the outbox ---

using MailStatus = mail::Status;

struct MailsQuery {
    std::optional<MailStatus> status;
    json::Or<json::Integer<0, INT64_MAX>, 0> skip;
    json::Or<json::Integer<1, 100>, 50> limit;
};

using mail::OutboxMail;

struct MailTemplatePath {
    std::string name;

    static constexpr json::FieldDoc k_docs[] = {{"name", "The mail's type, as GET /api/admin/email-templates gives it"}};
};
struct PreviewQuery {
    std::optional<Language> language;

    static constexpr json::FieldDoc k_docs[] = {{"language", "The caller's own when it is left out"}};
};
/// A mail with invented values.
struct MailPreview {
    std::string subject;
    std::string text;
    std::string html;
};

// --- jobs ---

struct JobPath {
    std::string name;

    static constexpr json::FieldDoc k_docs[] = {{"name", "The job's name, as GET /api/admin/system/health gives it"}};
};

// --- the health of the parts ---

enum class HealthStatus { healthy, degraded, unhealthy };

struct PoolHealth {
    std::int64_t size = 0;
    std::int64_t active = 0;
    std::int64_t waiting = 0;
};
struct DatabaseHealth {
    HealthStatus status = HealthStatus::healthy;
    std::string dialect;
    double latency_ms = 0;
    PoolHealth pool;
};
struct CacheHealth {
    HealthStatus status = HealthStatus::healthy;
    std::string backend = "memory";
    std::optional<std::string> version;
    std::optional<std::int64_t> used_memory;
    std::optional<std::int64_t> clients;
    std::optional<double> hit_ratio;

    static constexpr json::FieldDoc k_docs[] = {
        {"backend", "`redis` or `memory` (within the process)"},
        {"used_memory", "Bytes"},
        {"hit_ratio", "0 to 1, since this instance started"},
    };
};
struct EmailHealth {
    HealthStatus status = HealthStatus::healthy;
    std::int64_t pending = 0;
    std::int64_t failed = 0;
    std::int64_t dead = 0;
    std::optional<double> oldest_seconds;

    static constexpr json::FieldDoc k_docs[] = {
        {"status", "`degraded` while every attempt fails, or one waits for more than 15 minutes"},
        {"pending", "Waiting for their first attempt"},
        {"failed", "Waiting for another one"},
        {"oldest_seconds", "Age of the oldest that waits"},
    };
};
struct JobHealth {
    std::string name;
    std::optional<json::Timestamp> last_run;
    std::optional<std::int64_t> last_duration_ms;
    std::optional<json::Timestamp> next_run;
    std::optional<std::string> last_error;
    std::int64_t runs = 0;
    std::optional<std::string> running_on;
};
struct SchedulerHealth {
    HealthStatus status = HealthStatus::healthy;
    std::optional<std::string> leader;
    std::vector<JobHealth> jobs;

    static constexpr json::FieldDoc k_docs[] = {
        {"leader", "An instance that runs a job now; each job runs on one at a time, there is no fixed one"}};
};
struct WebsocketHealth {
    std::int64_t active_users = 0;
    std::int64_t connections = 0;
};
struct InstanceHealth {
    std::string name;
    std::string version;
    json::Timestamp started_at;
    json::Timestamp seen_at;
    bool is_this = false;
};
struct SystemHealth {
    HealthStatus status = HealthStatus::healthy;
    std::string version;
    double uptime_seconds = 0;
    DatabaseHealth database;
    CacheHealth cache;
    EmailHealth email;
    SchedulerHealth scheduler;
    WebsocketHealth websocket;
    std::vector<InstanceHealth> instances;
};

} // namespace focus::admin

template <>
struct focus::json::Codec<focus::admin::Moment> {
    static void read(const Reader& in, admin::Moment& out);
    static void write(std::string& out, const admin::Moment& value);
    static Schema schema(Schemas& all);
};
template <>
struct focus::json::Codec<focus::admin::UserSort> {
    static void read(const Reader& in, admin::UserSort& out);
    static void write(std::string& out, const admin::UserSort& value);
    static Schema schema(Schemas& all);
};
template <>
struct focus::json::Codec<focus::admin::LevelName> {
    static void read(const Reader& in, admin::LevelName& out);
    static void write(std::string& out, const admin::LevelName& value);
    static Schema schema(Schemas& all);
};
