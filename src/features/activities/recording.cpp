#include "features/activities/recording.hpp"

#include "core/base/fold.hpp"
#include "features/activities/errors.hpp"

namespace focus::activities {

namespace {

/// Longer intervals between start and end do not give usable hours of the day.
constexpr EpochMs k_longest_stretch_ms = 7 * k_day_ms;

std::optional<std::string> or_null(const auto& text) {
    return text && !text->value.empty() ? std::optional<std::string>{text->value} : std::nullopt;
}

std::string or_default(const auto& text, std::string_view fallback) {
    return text && !text->value.empty() ? text->value : std::string{fallback};
}

void set_name(Record& record, std::string name) {
    record.app_key = fold_case(name);
    record.app_name = std::move(name);
}

void set_optional(std::optional<EpochMs>& field, const json::Patch<json::Timestamp>& patch) {
    if (patch.present) field = patch.value ? std::optional{patch.value->ms} : std::nullopt;
}

Error wrong_end(std::vector<Fault::Step> where, Text message) {
    where.emplace_back("end_time");
    return invalid_field(std::move(where), "value_error", message);
}

} // namespace

Record to_record(const Caller& caller, const NewActivity& input, EpochMs now) {
    Record record;
    record.user_id = caller.user_id;
    set_name(record, input.app_name.value);
    record.app_package = or_default(input.app_package, "");
    record.app_category = or_default(input.app_category, k_default_category);
    record.duration_minutes = input.duration_minutes.value;
    record.timezone = caller.zone;
    if (input.start_time) record.start_ms = input.start_time->ms;
    if (input.end_time) record.end_ms = input.end_time->ms;
    record.activity_date = input.activity_date ? input.activity_date->value : caller.zone.day_of(record.start_ms.value_or(now));
    record.device_type = or_null(input.device_type);
    record.session_id = or_null(input.session_id);
    record.created_at = {now};
    record.updated_at = {now};
    return record;
}

void apply_change(Record& record, const UpdateActivity& change, const Caller& caller, EpochMs now) {
    if (change.app_name.value) set_name(record, change.app_name.value->value);
    if (change.app_package.present) record.app_package = or_default(change.app_package.value, "");
    if (change.app_category.present) record.app_category = or_default(change.app_category.value, k_default_category);
    if (change.duration_minutes.value) record.duration_minutes = change.duration_minutes.value->value;
    if (change.start_time.present || change.end_time.present || change.activity_date.value) record.timezone = caller.zone;
    set_optional(record.start_ms, change.start_time);
    set_optional(record.end_ms, change.end_time);
    if (change.activity_date.value)
        record.activity_date = change.activity_date.value->value;
    else if (change.start_time.value)
        record.activity_date = caller.zone.day_of(change.start_time.value->ms);
    if (change.device_type.present) record.device_type = or_null(change.device_type.value);
    if (change.session_id.present) record.session_id = or_null(change.session_id.value);
    record.updated_at = {now};
}

void require_times(const Record& record, std::vector<Fault::Step> where) {
    if (record.start_ms && record.end_ms) {
        if (*record.end_ms < *record.start_ms) {
            throw wrong_end(std::move(where), {"Must not be before start_time", "Ne doit pas précéder start_time"});
        }
        if (*record.end_ms - *record.start_ms > k_longest_stretch_ms) {
            throw wrong_end(std::move(where),
                            {"Must be within 7 days of start_time", "Doit se trouver dans les 7 jours suivant start_time"});
        }
    }
}

void require_past(const Record& record, const Caller& caller, EpochMs now) {
    if (record.activity_date > caller.zone.day_of(now)) throw Error{k_date_in_future};
}

TooManyApps::TooManyApps(std::vector<std::size_t> at)
    : Error{k_too_many_apps, {{"count", std::to_string(k_max_apps_a_day)}}}, places{std::move(at)} {}

void require_valid(const Record& record, const Caller& caller, EpochMs now, std::vector<Fault::Step> where) {
    require_times(record, std::move(where));
    require_past(record, caller, now);
}

} // namespace focus::activities
