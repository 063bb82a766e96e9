#include "features/activities/service.hpp"

#include "core/base/fold.hpp"

namespace focus::activities {

namespace {

/// Longer stretches between start and end than this say nothing about hours of the day.
constexpr EpochMs k_longest_stretch_ms = 7 * k_day_ms;

Error date_in_future() {
    return {ErrorKind::bad_request,
            "date_in_future",
            {"The activity lies in the future of your time zone.", "L'activité se trouve dans le futur de votre fuseau horaire."}};
}

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

Record to_record(const Caller& caller, const NewActivity& input, EpochMs now) {
    Record record;
    record.user_id = caller.user_id;
    set_name(record, input.app_name.value);
    record.app_package = or_default(input.app_package, "");
    record.app_category = or_default(input.app_category, k_default_category);
    record.duration_ms = input.duration_minutes.value.ms;
    record.zone = caller.zone;
    if (input.start_time) record.start_ms = input.start_time->ms;
    if (input.end_time) record.end_ms = input.end_time->ms;
    record.day = input.activity_date ? input.activity_date->value : caller.zone.day_of(record.start_ms.value_or(now));
    record.device_type = or_null(input.device_type);
    record.session_id = or_null(input.session_id);
    record.created_at_ms = now;
    record.updated_at_ms = now;
    return record;
}

void set_optional(std::optional<EpochMs>& field, const json::Patch<json::Timestamp>& patch) {
    if (patch.present) field = patch.value ? std::optional{patch.value->ms} : std::nullopt;
}

void apply_change(Record& record, const UpdateActivity& change, const Caller& caller, EpochMs now) {
    if (change.app_name.value) set_name(record, change.app_name.value->value);
    if (change.app_package.present) record.app_package = or_default(change.app_package.value, "");
    if (change.app_category.present) record.app_category = or_default(change.app_category.value, k_default_category);
    if (change.duration_minutes.value) record.duration_ms = change.duration_minutes.value->value.ms;
    // Its hours stay those of the zone it was recorded in, unless its time is set anew.
    if (change.start_time.present || change.end_time.present || change.activity_date.value) record.zone = caller.zone;
    set_optional(record.start_ms, change.start_time);
    set_optional(record.end_ms, change.end_time);
    if (change.activity_date.value)
        record.day = change.activity_date.value->value;
    else if (change.start_time.value)
        record.day = caller.zone.day_of(change.start_time.value->ms);
    if (change.device_type.present) record.device_type = or_null(change.device_type.value);
    if (change.session_id.present) record.session_id = or_null(change.session_id.value);
    record.updated_at_ms = now;
}

audit::Entry entry_of(const Caller& caller, std::string_view action, std::string message, std::int64_t id) {
    return {.action = action, .message = std::move(message), .user_id = caller.user_id, .resource_type = "activity", .resource_id = id};
}

} // namespace

void Service::require_valid(const Record& record, const Caller& caller) const {
    if (record.start_ms && record.end_ms) {
        if (*record.end_ms < *record.start_ms) {
            throw invalid_field({"body", "end_time"}, "value_error",
                                {"Must not be before start_time.", "Ne doit pas précéder start_time."});
        }
        if (*record.end_ms - *record.start_ms > k_longest_stretch_ms) {
            throw invalid_field({"body", "end_time"}, "value_error",
                                {"Must be within 7 days of start_time.", "Doit se trouver dans les 7 jours suivant start_time."});
        }
    }
    if (record.day > caller.zone.day_of(clock_.now_ms())) throw date_in_future();
}

db::Task<void> Service::apply(db::Transaction& tx, const Recorded& recorded) {
    rules::Delta delta;
    for (const auto& change : recorded.changes) {
        if (change.before) delta.add(*change.before, -1);
        if (change.after) delta.add(*change.after, +1);
    }
    repository::apply(tx, recorded.caller.user_id, delta);
    for (const auto& hook : hooks_) co_await hook(tx, recorded);
}

db::Task<Activity> Service::create(Caller caller, Origin origin, NewActivity input) {
    const auto record = to_record(caller, input, clock_.now_ms());
    require_valid(record, caller);
    co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<Activity> {
        auto stored = record;
        stored.id = co_await repository::insert(tx, stored);
        audit::record(tx, origin, entry_of(caller, "activity_created", "Activity recorded", stored.id), stored.created_at_ms);
        Recorded recorded{caller, origin, {}};
        recorded.changes.push_back({std::nullopt, stored});
        co_await apply(tx, recorded);
        co_return to_wire(stored);
    });
}

db::Task<Activity> Service::get(Caller caller, std::int64_t id) {
    const auto record = co_await repository::find(db_, caller.user_id, id);
    if (!record) throw not_found();
    co_return to_wire(*record);
}

db::Task<Activity> Service::update(Caller caller, Origin origin, std::int64_t id, UpdateActivity change) {
    co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<Activity> {
        auto record = co_await repository::find_for_update(tx, caller.user_id, id);
        if (!record) throw not_found();
        auto before = *record;
        apply_change(*record, change, caller, clock_.now_ms());
        require_valid(*record, caller);
        repository::update(tx, *record);
        audit::record(tx, origin, entry_of(caller, "activity_updated", "Activity changed", id), record->updated_at_ms);
        Recorded recorded{caller, origin, {}};
        recorded.changes.push_back({std::move(before), *record});
        co_await apply(tx, recorded);
        co_return to_wire(*record);
    });
}

db::Task<void> Service::remove(Caller caller, Origin origin, std::int64_t id) {
    co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
        auto record = co_await repository::find_for_update(tx, caller.user_id, id);
        if (!record) throw not_found();
        repository::remove(tx, caller.user_id, id);
        audit::record(tx, origin, entry_of(caller, "activity_deleted", "Activity deleted", id), clock_.now_ms());
        Recorded recorded{caller, origin, {}};
        recorded.changes.push_back({std::move(record), std::nullopt});
        co_await apply(tx, recorded);
    });
}

db::Task<Listed> Service::list(Caller caller, ListQuery query) {
    repository::Filter filter;
    if (query.app_name) filter.app_name = query.app_name->value;
    if (query.app_package) filter.app_package = query.app_package->value;
    if (query.category) filter.category = query.category->value;
    if (query.device_type) filter.device_type = query.device_type->value;
    if (query.start_date) filter.from = query.start_date->value;
    if (query.end_date) filter.to = query.end_date->value;
    if (query.date) filter.from = filter.to = query.date->value;
    Listed listed;
    const auto records =
        co_await repository::list(db_, caller.user_id, filter, query.sort.value_or(Sort{}), query.skip.value, query.limit.value);
    listed.items.reserve(records.size());
    for (const auto& record : records) listed.items.push_back(to_wire(record));
    listed.total = co_await repository::count(db_, caller.user_id, filter);
    co_return listed;
}

db::Task<std::vector<Activity>> Service::today(Caller caller) {
    const auto records = co_await repository::list_day(db_, caller.user_id, caller.zone.day_of(clock_.now_ms()));
    std::vector<Activity> items;
    items.reserve(records.size());
    for (const auto& record : records) items.push_back(to_wire(record));
    co_return items;
}

db::Task<Daily> Service::daily(Caller caller, std::optional<Day> day) {
    const auto date = day.value_or(caller.zone.day_of(clock_.now_ms()));
    const auto usage = co_await repository::day_usage(db_, caller.user_id, date);
    const auto user = co_await users_.get(caller.user_id);
    Daily daily;
    daily.date = {date};
    daily.apps = rules::by_app(usage.apps);
    daily.categories = rules::by_category(usage.apps);
    daily.apps_used = static_cast<std::int64_t>(daily.apps.size());
    for (const auto& app : daily.apps) {
        daily.total_time.ms += app.total_time.ms;
        daily.sessions += app.sessions;
    }
    if (!daily.apps.empty()) daily.most_used_app = daily.apps.front().app_name;
    daily.hourly.resize(24);
    for (const auto& [hour, ms] : usage.hours) daily.hourly.at(static_cast<std::size_t>(hour)).ms = ms;
    daily.previous_day_total = {usage.previous_ms};
    daily.change_percent = rules::change_percent(daily.total_time.ms, usage.previous_ms);
    daily.daily_limit_minutes = user.daily_limit_minutes;
    if (user.daily_limit_minutes) daily.limit_used_percent = rules::percent(daily.total_time.ms, user.daily_limit_minutes->ms);
    co_return daily;
}

} // namespace focus::activities
