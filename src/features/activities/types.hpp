// The types of the activities module: recorded usage, single and in batches, and its statistics.
// Durations are minutes on the wire and milliseconds inside.
#pragma once

#include "core/base/days.hpp"
#include "core/base/error.hpp"
#include "core/json/json.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace focus::activities {

inline constexpr std::string_view k_default_category = "other";
/// Different apps (by name, package, category and device) that a user may record for one day.
inline constexpr std::int64_t k_max_apps_a_day = 5000;

/// One interval of use of one app.
struct Activity {
    std::int64_t id = 0;
    std::int64_t user_id = 0;
    std::string app_name;
    std::optional<std::string> app_package;
    std::string app_category;
    json::Minutes duration_minutes;
    json::Date activity_date;
    std::optional<json::Timestamp> start_time;
    std::optional<json::Timestamp> end_time;
    std::optional<std::string> device_type;
    std::optional<std::string> session_id;
    json::Timestamp created_at;
    json::Timestamp updated_at;

    static constexpr json::FieldDoc k_docs[] = {
        {"duration_minutes", "Minutes, exact to the millisecond", "12.345"},
        {"activity_date", "The user's calendar day"},
        {"session_id", "The client's own grouping; means nothing to the server"},
    };
};

struct NewActivity {
    json::Text<1, 100> app_name;
    std::optional<json::Text<0, 255>> app_package;
    std::optional<json::Text<0, 50>> app_category;
    json::MinutesIn<0, 1440> duration_minutes;
    std::optional<json::Date> activity_date;
    std::optional<json::Timestamp> start_time;
    std::optional<json::Timestamp> end_time;
    std::optional<json::Text<0, 50>> device_type;
    std::optional<json::Text<0, 100>> session_id;

    static constexpr json::FieldDoc k_docs[] = {
        {"app_name", "As people know it", "\"Instagram\""},
        {"app_category", "\"other\" when it is not given", "\"social\""},
        {"duration_minutes", "Minutes, kept to the millisecond", "12.5"},
        {"activity_date", "Defaults to the day of start_time, else today, in the user's zone"},
        {"end_time", "Not before start_time"},
    };
};

struct UpdateActivity {
    json::Change<json::Text<1, 100>> app_name;
    json::Patch<json::Text<0, 255>> app_package;
    json::Patch<json::Text<0, 50>> app_category;
    json::Change<json::MinutesIn<0, 1440>> duration_minutes;
    json::Change<json::Date> activity_date;
    json::Patch<json::Timestamp> start_time;
    json::Patch<json::Timestamp> end_time;
    json::Patch<json::Text<0, 50>> device_type;
    json::Patch<json::Text<0, 100>> session_id;
};

/// The fields of a batch's item beside those of a NewActivity.
struct ClientId {
    std::optional<json::Text<1, 100>> client_id;

    static constexpr json::FieldDoc k_docs[] = {
        {"client_id", "The client's own id: stored once, for ever, however often it is sent"},
    };
};

/// One item of a batch, read separately: its faults don't affect the other items.
struct BatchItem {
    std::optional<std::string> client_id;
    NewActivity activity;
    std::vector<Fault> faults;
};

struct NewBatch {
    json::List<BatchItem, 1, 1000> activities;
};

/// A step of a fault's path: a name or an index.
struct LocStep {
    Fault::Step value;
};
struct ItemFault {
    std::vector<LocStep> loc;
    std::string msg;
    std::string type;
};
/// Why an item was not stored: the parts of a problem that concern it.
struct ItemError {
    std::string code;
    std::string detail;
    std::vector<ItemFault> errors;
};
[[nodiscard]] ItemError to_wire(const Error& error, Language language);

enum class ItemStatus { created, duplicate, error };
struct ItemResult {
    std::int64_t index = 0;
    std::optional<std::string> client_id;
    ItemStatus status = ItemStatus::created;
    std::optional<std::int64_t> id;
    std::optional<ItemError> error;

    static constexpr json::FieldDoc k_docs[] = {
        {"id", "Of the activity; of a duplicate the one stored first"},
    };
};
struct BatchResult {
    std::int64_t created = 0;
    std::int64_t duplicates = 0;
    std::int64_t failed = 0;
    std::vector<ItemResult> results;
};

/// The format of a file.
enum class ImportFormat { focus_csv, focus_json, csv, activitywatch };
struct ImportFault {
    std::int64_t line = 0;
    ItemError error;

    static constexpr json::FieldDoc k_docs[] = {
        {"line", "Of a CSV file the line, of JSON the number of the activity or event, from 1"},
    };
};
struct ImportResult {
    ImportFormat format = ImportFormat::csv;
    std::int64_t created = 0;
    std::int64_t duplicates = 0;
    std::int64_t failed = 0;
    std::vector<ImportFault> errors;

    static constexpr json::FieldDoc k_docs[] = {
        {"duplicates", "What was imported before or is still there"},
        {"errors", "Why the failed ones were left out; the first 1,000"},
    };
};

/// How a list of activities is ordered; a leading - is descending.
enum class SortField { created_at, activity_date, duration_minutes, app_name };
struct Sort {
    SortField field = SortField::created_at;
    bool descending = true;
};

/// How far a step-by-step read of a user's activities has come.
struct Place {
    json::Timestamp created_at{INT64_MIN};
    std::int64_t id = 0;
};

/// A row of `activities`; its fields are the columns.
struct Record {
    std::int64_t id = 0;
    std::int64_t user_id = 0;
    std::string app_name;
    std::string app_key; // the name, folded
    std::string app_package;
    std::string app_category;
    json::Minutes duration_minutes;
    Day activity_date;
    std::optional<EpochMs> start_ms;
    std::optional<EpochMs> end_ms;
    std::optional<std::string> device_type;
    std::optional<std::string> session_id;
    std::optional<std::string> client_id;
    Zone timezone; // the user's when it was recorded
    json::Timestamp created_at;
    json::Timestamp updated_at;
};

/// An activity to be stored.
struct NewRecord {
    Record record;
    std::optional<std::string> content_id{}; // of an import that has a client_id: counts as used, like that one
};

/// The usage of one app on a user's day, by folded name and package (empty: not given).
struct AppTotal {
    std::string app_key;
    std::string app_package;
    std::int64_t total_ms = 0;
};

/// What a user has recorded on a day, and how much of it of some apps.
struct TargetDay {
    std::int64_t user_id = 0;
    Day day;
    std::int64_t target_ms = 0;
    std::int64_t sessions = 0; // of all apps
};

/// What a user has recorded of one app in a period.
struct AppTime {
    std::int64_t user_id = 0;
    std::string app_key;
    std::string app_name;
    std::int64_t total_ms = 0;
};

/// What a user has recorded on a day.
struct UserDay {
    std::int64_t user_id = 0;
    Day day;
    std::int64_t total_ms = 0;
};

[[nodiscard]] Activity to_wire(const Record& record);

struct AppUsage {
    std::string app_name;
    std::optional<std::string> app_package;
    std::string app_category;
    json::Minutes total_time;
    std::int64_t sessions = 0;
    double percentage = 0;
};

struct CategoryUsage {
    std::string app_category;
    json::Minutes total_time;
    double percentage = 0;
};

/// The statistics of one day.
struct Daily {
    json::Date date;
    json::Minutes total_time;
    std::int64_t apps_used = 0;
    std::int64_t sessions = 0;
    std::optional<std::string> most_used_app;
    std::vector<AppUsage> apps;
    std::vector<CategoryUsage> categories;
    std::vector<json::Minutes> hourly;
    json::Minutes previous_day_total;
    std::optional<double> change_percent;
    std::optional<json::Minutes> daily_limit_minutes;
    std::optional<double> limit_used_percent;

    static constexpr json::FieldDoc k_docs[] = {
        {"total_time", "Minutes"},
        {"apps", "The 500 used most; the other fields count all"},
        {"categories", "The 100 used most"},
        {"sessions", "How many activities were recorded"},
        {"hourly", "24 values: minutes per hour of the day, from start and end times"},
        {"change_percent", "Against the day before; null when that was 0"},
        {"limit_used_percent", "Of the user's overall daily limit; null without one"},
    };
};

struct DayTotal {
    json::Date date;
    json::Minutes total_time;
};

/// The statistics of consecutive days: a week, a month, any range.
struct Period {
    json::Date start_date;
    json::Date end_date;
    json::Minutes total_time;
    double daily_average = 0;
    std::int64_t apps_used = 0;
    std::int64_t sessions = 0;
    std::vector<DayTotal> daily_breakdown;
    std::vector<AppUsage> top_apps;
    std::vector<CategoryUsage> categories;
    json::Minutes previous_total;
    std::optional<double> change_percent;

    static constexpr json::FieldDoc k_docs[] = {
        {"daily_average", "Minutes per calendar day of the range"},
        {"top_apps", "The ten used most"},
        {"categories", "The 100 used most"},
        {"previous_total", "Of as many days just before"},
        {"change_percent", "Against those days; null when they were 0"},
    };
};

/// The statistics of one app.
struct AppStats {
    std::string app_name;
    std::optional<std::string> app_package;
    std::string app_category;
    json::Minutes total_time;
    std::int64_t sessions = 0;
    double average_session = 0;
    std::optional<json::Date> first_used;
    std::optional<json::Date> last_used;
    std::vector<DayTotal> daily_breakdown;

    static constexpr json::FieldDoc k_docs[] = {
        {"average_session", "Minutes"},
        {"daily_breakdown", "The last 30 days"},
    };
};

/// An app that the user has recorded, with the user's settings of it.
struct KnownApp {
    std::string app_name;
    std::optional<std::string> display_name;
    std::optional<std::string> app_package;
    std::string app_category;
    json::Minutes total_time;
    std::int64_t sessions = 0;
    double percentage = 0;
    std::optional<json::Date> first_used;
    std::optional<json::Date> last_used;

    static constexpr json::FieldDoc k_docs[] = {
        {"app_name", "As it is recorded"},
        {"display_name", "What the user calls it; statistics show it under this name"},
        {"app_category", "What the user counts it as, else what it is recorded as most"},
        {"percentage", "Of all the user's time"},
    };
};

/// null restores what is recorded.
struct UpdateApp {
    json::Patch<json::Text<1, 100>> display_name;
    json::Patch<json::Text<1, 50>> app_category;
};

/// A summary of all recorded activities.
struct Totals {
    json::Minutes total_time;
    std::int64_t activities = 0;
    std::int64_t apps_used = 0;
    std::optional<std::string> most_used_app;
};

} // namespace focus::activities

template <>
struct focus::json::Codec<focus::activities::BatchItem> {
    static void read(const Reader& in, activities::BatchItem& out);
    static void write(std::string& out, const activities::BatchItem& value);
    static Schema schema(Schemas& all);
};

/// A batch whose text does not parse because of some items is read with a fault of its own for each of them.
template <>
focus::activities::NewBatch focus::json::parse<focus::activities::NewBatch>(std::string_view text, std::string_view where);

template <>
struct focus::json::Codec<focus::activities::LocStep> {
    static void write(std::string& out, const activities::LocStep& value);
    static Schema schema(Schemas& all);
};

template <>
struct focus::json::Codec<focus::activities::Sort> {
    static void read(const Reader& in, activities::Sort& out);
    static void write(std::string& out, const activities::Sort& value);
    static Schema schema(Schemas& all);
};
