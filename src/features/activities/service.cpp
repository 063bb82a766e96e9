#include "features/activities/service.hpp"

#include "core/cache/versions.hpp"
#include "core/crypto/crypto.hpp"
#include "core/idempotency/idempotency.hpp"
#include "features/activities/list_repository.hpp"
#include "features/activities/recording.hpp"
#include "features/activities/repository.hpp"
#include "features/activities/usage_repository.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace focus::activities {

namespace {

audit::Entry entry_of(const Caller& caller, std::string_view action, std::string message, std::int64_t id) {
    return {.action = action, .message = std::move(message), .user_id = caller.user_id, .resource_type = "activity", .resource_id = id};
}

std::vector<Activity> to_wire(const std::vector<Record>& records) {
    std::vector<Activity> activities;
    activities.reserve(records.size());
    for (const auto& record : records) activities.push_back(to_wire(record));
    return activities;
}

Error wrong_cursor() {
    return invalid_field({"query", "cursor"}, "value_error",
                         {"Must come from a Link of this list, with the same filters and sort",
                          "doit provenir d'un Link de cette liste, avec les mêmes filtres et le même tri"});
}

repository::Filter filter_of(const ListQuery& query) {
    const auto text = [](const auto& field) { return field ? std::optional<std::string>{field->value} : std::nullopt; };
    const auto day = [](const auto& field) { return field ? std::optional<Day>{field->value} : std::nullopt; };
    repository::Filter filter{.app_name = text(query.app_name),
                              .app_package = text(query.app_package),
                              .category = text(query.category),
                              .device_type = text(query.device_type),
                              .from = day(query.start_date),
                              .to = day(query.end_date)};
    if (query.date) filter.from = filter.to = query.date->value;
    return filter;
}

/// The parameters that identify a list.
std::string name_of(const repository::PageRequest& request) {
    const auto day = [](const std::optional<Day>& field) { return field ? std::optional{field->to_string()} : std::nullopt; };
    const auto& filter = request.filter;
    return json::write(
               std::vector{filter.app_name, filter.app_package, filter.category, filter.device_type, day(filter.from), day(filter.to)}) +
           json::write(request.sort);
}

/// Checks the days that hold too many apps, as they are after the changes: those that bring the apps beyond the limit are
/// refused; earlier changes have priority. Exact, because a transaction that changes a day locks its row (see
/// repository::apply). Days that had more before the limit existed keep what they have.
db::Task<void> refuse_new_apps(db::Transaction& tx, const Recorded& recorded, const rules::Delta& delta,
                               std::map<Day, std::int64_t> crowded) {
    if (crowded.empty()) co_return;
    const auto fresh = co_await repository::new_apps(tx, recorded.caller.user_id, delta, crowded);
    std::map<Day, std::int64_t> left;
    for (const auto& key : fresh) ++left[key.day];
    for (auto& [day, count] : left) count = std::max<std::int64_t>(0, count - (crowded.at(day) - k_max_apps_a_day));
    std::set<rules::Delta::AppKey> taken;
    std::vector<std::size_t> refused;
    for (std::size_t i = 0; i < recorded.changes.size(); ++i) {
        if (!recorded.changes[i].after) continue;
        const auto key = rules::Delta::key_of(*recorded.changes[i].after);
        if (!fresh.contains(key) || taken.contains(key)) continue;
        if (left.at(key.day) == 0) {
            refused.push_back(i);
            continue;
        }
        --left.at(key.day);
        taken.insert(key);
    }
    if (!refused.empty()) throw TooManyApps{std::move(refused)};
}

} // namespace

db::Task<void> Service::apply(db::Transaction& tx, Recorded& recorded, std::optional<db::Query<std::int64_t>> insert) {
    rules::Delta delta;
    for (const auto& change : recorded.changes) {
        if (change.before) delta.add(*change.before, -1);
        if (change.after) delta.add(*change.after, +1);
    }
    repository::apply(tx, recorded.caller.user_id, delta);
    db::Batch batch;
    std::optional<db::Answer<std::int64_t>> id;
    if (insert) id = batch.add(std::move(*insert));
    std::optional<db::Answer<std::map<Day, std::int64_t>>> crowded;
    const auto grown = delta.grown_days();
    if (!grown.empty()) crowded = batch.add(repository::crowded_days(tx.dialect(), recorded.caller.user_id, grown));
    std::vector<Reaction> reactions;
    reactions.reserve(followers_.size());
    for (const auto& follower : followers_) reactions.push_back(follower(recorded, batch));
    co_await batch.run(tx);
    if (id) recorded.changes.front().after->id = **id;
    if (crowded) co_await refuse_new_apps(tx, recorded, delta, std::move(**crowded));
    for (const auto& reaction : reactions) {
        if (reaction) co_await reaction(tx);
    }
    cache::changed(tx, topic_of(recorded.caller.user_id));
    std::vector<metrics::Name> created;
    for (const auto& change : recorded.changes)
        if (!change.before) created.push_back({change.after->app_key, change.after->app_name});
    if (created.empty()) co_return;
    tx.after_commit([this, created = std::move(created)] {
        for (const auto& app : created) created_.add(app.key, app.shown);
    });
}

db::Task<Activity> Service::create(Caller caller, Origin origin, NewActivity input) {
    const auto record = to_record(caller, input, clock_.now_ms());
    require_valid(record, caller, record.created_at.ms, {"body"});
    co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<Activity> {
        Recorded recorded{caller, origin, record.created_at.ms, {}};
        recorded.changes.push_back({std::nullopt, record});
        co_await apply(tx, recorded, repository::insert(record));
        const auto& stored = *recorded.changes.front().after;
        audit::record(tx, origin, entry_of(caller, "activity_created", "Activity recorded", stored.id), stored.created_at.ms);
        auto answer = to_wire(stored);
        idempotency::keep(tx, origin, answer, stored.created_at.ms);
        co_return answer;
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
        require_times(*record, {"body"});
        // In another zone it may still be the day before; an unchanged date stays valid.
        if (record->activity_date != before.activity_date) require_past(*record, caller, record->updated_at.ms);
        repository::update(tx, *record);
        audit::record(tx, origin, entry_of(caller, "activity_updated", "Activity changed", id), record->updated_at.ms);
        Recorded recorded{caller, origin, record->updated_at.ms, {}};
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
        Recorded recorded{caller, origin, clock_.now_ms(), {}};
        audit::record(tx, origin, entry_of(caller, "activity_deleted", "Activity deleted", id), recorded.now_ms);
        recorded.changes.push_back({std::move(record), std::nullopt});
        co_await apply(tx, recorded);
    });
}

db::Task<std::size_t> Service::remove_some(std::int64_t user_id, int limit) {
    co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<std::size_t> {
        auto records = co_await repository::some_for_update(tx, user_id, limit);
        if (records.empty()) co_return 0;
        Recorded recorded;
        recorded.caller.user_id = user_id;
        recorded.now_ms = clock_.now_ms();
        for (auto& record : records) {
            repository::remove(tx, user_id, record.id);
            recorded.changes.push_back({std::move(record), std::nullopt});
        }
        co_await apply(tx, recorded);
        co_return recorded.changes.size();
    });
}

db::Task<Listed> Service::list(Caller caller, ListQuery query) {
    repository::PageRequest request{.filter = filter_of(query),
                                    .sort = query.sort.value_or(Sort{}),
                                    .cursor = std::nullopt,
                                    .skip = query.skip.value,
                                    .limit = query.limit.value};
    const auto name = name_of(request);
    if (query.cursor) {
        request.cursor = decode_cursor(query.cursor->value, name);
        if (!request.cursor || !repository::fits(*request.cursor, request.sort)) throw wrong_cursor();
    }
    const auto page = co_await repository::page(db_, caller.user_id, request);
    Listed listed{.items = to_wire(page.records), .total = page.total, .next_cursor = {}, .previous_cursor = {}};
    if (!page.records.empty()) {
        if (page.has_next) listed.next_cursor = encode_cursor(repository::cursor_at(page.records.back(), request.sort, false), name);
        if (page.has_previous)
            listed.previous_cursor = encode_cursor(repository::cursor_at(page.records.front(), request.sort, true), name);
    }
    co_return listed;
}

db::Task<TodayList> Service::today(Caller caller, std::int64_t skip, std::int64_t limit) {
    const auto page = co_await repository::list_day(db_, caller.user_id, today_of(caller), skip, limit);
    co_return TodayList{.items = to_wire(page.records), .total = page.total};
}

db::Query<std::vector<AppTotal>> Service::day_apps(std::int64_t user_id, Day day) { return repository::day_apps(user_id, day); }
db::Query<std::int64_t> Service::day_total(std::int64_t user_id, Day day) { return repository::day_total(user_id, day); }
void Service::hold_day(db::Transaction& tx, std::int64_t user_id, Day day) { repository::hold_day(tx, user_id, day); }
void Service::release_day(db::Transaction& tx, std::int64_t user_id, Day day) { repository::release_day(tx, user_id, day); }

} // namespace focus::activities
