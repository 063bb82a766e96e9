#include "features/activities/module.hpp"

#include "core/cache/versions.hpp"
#include "features/activities/list_repository.hpp"
#include "features/activities/service.hpp"
#include "features/activities/usage_repository.hpp"

#include <format>

namespace focus::activities {

namespace {

using repository::RollUps;

constexpr int k_rows_at_once = 1000;
constexpr Sort k_in_order{.field = SortField::created_at, .descending = false};
constexpr auto k_lock_user = db::select_for_update<std::int64_t>("users.lock_for_recount", "SELECT id FROM users WHERE id = ?");

db::Task<RollUps> counted_sums(db::Session& session, std::int64_t user_id) {
    rules::Delta delta;
    std::optional<Cursor> after;
    for (;;) {
        const auto records = co_await repository::history(session, user_id, after, k_rows_at_once);
        for (const auto& record : records) delta.add(record, +1);
        if (std::ssize(records) < k_rows_at_once) break;
        after = repository::cursor_at(records.back(), k_in_order, false);
    }
    co_return repository::roll_ups_of(delta);
}

std::string key_text(const rules::Delta::AppKey& key) {
    return std::format("{}, package \"{}\", category \"{}\", device \"{}\"", key.app_key, key.app_package, key.app_category,
                       key.device_type);
}

std::string amount(std::int64_t ms, std::int64_t sessions) { return std::format("{} ms in {}", ms, sessions); }

using Apps = std::map<rules::Delta::AppKey, rules::Delta::AppChange>;

/// What must be added to `stored` so that it equals `counted`; an empty row counts as a missing one.
Apps compare(std::string_view table, std::int64_t user_id, const Apps& stored, const Apps& counted, recount::Report& report) {
    report.looked_at(table);
    Apps changes;
    for (const auto& [key, is] : counted) changes[key] = is;
    for (const auto& [key, was] : stored) {
        auto& change = changes[key];
        change.app_name = was.app_name; // the name written last: it does not follow from the rows
        change.ms -= was.ms;
        change.sessions -= was.sessions;
    }
    std::erase_if(changes, [](const auto& entry) { return entry.second.ms == 0 && entry.second.sessions == 0; });
    for (const auto& [key, change] : changes) {
        const auto was = stored.contains(key) ? stored.at(key) : rules::Delta::AppChange{};
        const auto day = key.day == Day{} ? std::string{} : key.day.to_string() + ", ";
        report.differs(table, std::format("user {}, {}{}", user_id, day, key_text(key)), amount(was.ms, was.sessions),
                       amount(was.ms + change.ms, was.sessions + change.sessions));
    }
    return changes;
}

std::map<Day, rules::Delta::DayChange> compare_days(std::int64_t user_id, const RollUps& stored, const RollUps& counted,
                                                    recount::Report& report) {
    constexpr std::string_view k_table = "usage_days";
    report.looked_at(k_table);
    auto changes = counted.days;
    for (const auto& [day, was] : stored.days) {
        changes[day].ms -= was.ms;
        changes[day].sessions -= was.sessions;
    }
    std::erase_if(changes, [](const auto& entry) { return entry.second.ms == 0 && entry.second.sessions == 0; });
    for (const auto& [day, change] : changes) {
        const auto was = stored.days.contains(day) ? stored.days.at(day) : rules::Delta::DayChange{};
        report.differs(k_table, std::format("user {}, {}", user_id, day.to_string()), amount(was.ms, was.sessions),
                       amount(was.ms + change.ms, was.sessions + change.sessions));
    }
    return changes;
}

std::map<std::pair<Day, int>, std::int64_t> compare_hours(std::int64_t user_id, const RollUps& stored, const RollUps& counted,
                                                          recount::Report& report) {
    constexpr std::string_view k_table = "usage_hours";
    report.looked_at(k_table);
    auto changes = counted.hours;
    for (const auto& [key, was] : stored.hours) changes[key] -= was;
    std::erase_if(changes, [](const auto& entry) { return entry.second == 0; });
    for (const auto& [key, change] : changes) {
        const auto was = stored.hours.contains(key) ? stored.hours.at(key) : 0;
        report.differs(k_table, std::format("user {}, {} hour {}", user_id, key.first.to_string(), key.second), was, was + change);
    }
    return changes;
}

/// The differences of each roll-up row.
db::Task<RollUps> missing(db::Session& session, std::int64_t user_id, recount::Report& report) {
    const auto counted = co_await counted_sums(session, user_id);
    const auto stored = co_await repository::stored_roll_ups(session, user_id);
    co_return RollUps{.apps = compare("usage_apps", user_id, stored.apps, counted.apps, report),
                      .totals = compare("usage_totals", user_id, stored.totals, counted.totals, report),
                      .days = compare_days(user_id, stored, counted, report),
                      .hours = compare_hours(user_id, stored, counted, report)};
}

} // namespace

db::Task<void> recount_user(db::Transaction& tx, std::int64_t user_id, recount::Mode mode, recount::Report& report) {
    co_await tx.get(k_lock_user.first(user_id));
    recount::Report found;
    const auto changes = co_await missing(tx, user_id, found);
    if (mode == recount::Mode::repair && found.keys() > 0) {
        repository::apply(tx, user_id, changes);
        cache::changed(tx, topic_of(user_id));
    }
    report.merge(found);
}

db::Task<void> recount_user(db::Database& database, std::int64_t user_id, recount::Mode mode, recount::Report& report) {
    // First without a lock: usually nothing differs, but an activity that is being changed shows as a difference that
    // does not exist.
    recount::Report first_look;
    co_await missing(database, user_id, first_look);
    if (first_look.keys() == 0) {
        report.merge(first_look);
        co_return;
    }
    const auto found = co_await database.transaction([user_id, mode](db::Transaction& tx) -> db::Task<recount::Report> {
        recount::Report own;
        co_await recount_user(tx, user_id, mode, own);
        co_return own;
    });
    report.merge(found);
}

} // namespace focus::activities
