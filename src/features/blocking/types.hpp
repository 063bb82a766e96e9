// The types of the blocking module: limits per app with their schedules, in requests and answers.
// Durations are minutes on the wire and milliseconds in code.
#pragma once

#include "core/base/days.hpp"
#include "core/json/json.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace focus::blocking {

enum class Weekday { mon, tue, wed, thu, fri, sat, sun };

/// A window that repeats every week, by the user's wall clock. One that ends before it starts crosses midnight (and
/// belongs to the day on which it starts); one that ends when it starts lasts a whole day.
struct Schedule {
    json::List<Weekday, 1, 7> days;
    json::TimeOfDay start_time;
    json::TimeOfDay end_time;
};

inline constexpr std::size_t k_max_schedules = 20;
using Schedules = json::List<Schedule, 0, k_max_schedules>;

/// Why an app is blocked.
enum class Reason { limit, schedule };

/// One app's limit, with today's counter.
struct BlockedApp {
    std::int64_t id = 0;
    std::string app_name;
    std::optional<std::string> app_package;
    std::optional<std::string> app_category;
    json::Minutes daily_limit_minutes;
    bool is_active = true;
    std::int64_t notify_at_percentage = 80;
    std::vector<Schedule> schedules;
    json::Minutes time_used_today;
    json::Minutes remaining_minutes;
    double usage_percentage = 0;
    bool is_blocked = false;
    std::optional<Reason> block_reason;
    std::optional<json::Timestamp> blocked_until;
    std::optional<json::Timestamp> last_blocked_at;
    std::optional<json::Timestamp> last_reset_at;
    json::Timestamp created_at;
    json::Timestamp updated_at;

    static constexpr json::FieldDoc k_docs[] = {
        {"time_used_today", "Minutes counted today in the user's zone, since the last reset"},
        {"usage_percentage", "Of the limit; 100 for a limit of 0"},
        {"block_reason", "`limit` when both apply"},
        {"blocked_until",
         "The user's next midnight for a limit, the end of the window for a schedule, the later one of both; null while it "
         "is not blocked, or when its schedules leave no gap"},
    };
};

struct NewBlockedApp {
    json::Text<1, 100> app_name;
    json::MinutesIn<0, 1440> daily_limit_minutes;
    std::optional<json::Text<0, 255>> app_package;
    std::optional<json::Text<0, 50>> app_category;
    json::Or<bool, true> is_active;
    json::Or<json::Integer<1, 100>, 80> notify_at_percentage;
    std::optional<Schedules> schedules;

    static constexpr json::FieldDoc k_docs[] = {
        {"app_name", "As activities name it, in any case", "\"Instagram\""},
        {"daily_limit_minutes", "0 blocks the app for good", "30"},
        {"notify_at_percentage", "When to warn, in percent of the limit"},
    };
};

struct UpdateBlockedApp {
    json::Change<json::Text<1, 100>> app_name;
    json::Change<json::MinutesIn<0, 1440>> daily_limit_minutes;
    json::Patch<json::Text<0, 255>> app_package;
    json::Patch<json::Text<0, 50>> app_category;
    json::Change<bool> is_active;
    json::Change<json::Integer<1, 100>> notify_at_percentage;
    json::Patch<Schedules> schedules;
};

struct ListQuery {
    std::optional<bool> is_blocked;
    std::optional<bool> is_active;
};

struct StatusQuery {
    std::optional<json::Text<1, 100>> app_name;
    std::optional<json::Text<1, 255>> app_package;
};

/// Whether this app may run now.
struct Status {
    std::string app_name;
    bool is_blocked = false;
    std::optional<Reason> block_reason;
    json::Minutes remaining_minutes;
    double usage_percentage = 0;
    std::optional<json::Timestamp> blocked_until;
};

/// What a device needs to know of one app to enforce its rules while offline.
struct PolicyApp {
    std::int64_t id = 0;
    std::string app_name;
    std::optional<std::string> app_package;
    json::Minutes daily_limit_minutes;
    json::Minutes time_used_today;
    std::int64_t notify_at_percentage = 80;
    std::vector<Schedule> schedules;
    bool is_blocked = false;
    std::optional<Reason> block_reason;
    std::optional<json::Timestamp> blocked_until;
    json::Timestamp next_change_at;

    static constexpr json::FieldDoc k_docs[] = {
        {"schedules", "In the local time of `timezone`"},
        {"next_change_at", "The next instant at which the clock alone may change the state: a schedule's edge or the end of the day"},
    };
};

/// A limit that is in force.
struct AppLimit {
    std::int64_t user_id = 0;
    std::string app_name;
    std::int64_t limit_ms = 0;
};

/// The user's active limits.
struct Policy {
    std::int64_t version = 0;
    std::string timezone;
    json::Date date;
    json::Timestamp day_ends_at;
    json::Timestamp next_change_at;
    std::vector<PolicyApp> apps;

    static constexpr json::FieldDoc k_docs[] = {
        {"version", "Grows when a rule changes: a limit, a schedule, a reset, the time zone. `policy_update` notifications carry it"},
        {"date", "The user's calendar day that `time_used_today` belongs to"},
        {"day_ends_at", "The user's next midnight: every counter is 0 again"},
    };
};

/// A row of `blocked_apps`; its fields are the columns.
struct Entry {
    std::int64_t id = 0;
    std::int64_t user_id = 0;
    std::string app_name;
    std::string app_key;     // the name, folded
    std::string app_package; // empty: not given
    std::string identity;    // its key, one per user; repository::insert() and update() set it
    std::optional<std::string> app_category;
    std::int64_t limit_ms = 0;
    bool is_active = true;
    int notify_at = 80;
    std::vector<Schedule> schedules;
    bool schedule_announced = false; // the current block by schedule was announced
    std::int64_t reset_no = 0;
    std::optional<Day> reset_day;   // the day whose counter starts at reset_base_ms
    std::int64_t reset_base_ms = 0; // of that day's usage: what was recorded before the reset
    std::optional<json::Timestamp> last_blocked_at;
    std::optional<json::Timestamp> last_reset_at;
    json::Timestamp created_at;
    json::Timestamp updated_at;
};

} // namespace focus::blocking
