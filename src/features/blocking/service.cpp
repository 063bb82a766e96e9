#include "features/blocking/service.hpp"

#include "core/base/fold.hpp"
#include "core/idempotency/idempotency.hpp"
#include "features/blocking/errors.hpp"

#include <algorithm>
#include <tuple>

namespace focus::blocking {

namespace {

constexpr std::size_t k_max_entries = 500; // per user

std::optional<std::string> or_null(const auto& text) {
    return text && !text->value.empty() ? std::optional<std::string>{text->value} : std::nullopt;
}

/// By package when it is given, else by name.
bool is_listed(const std::vector<Entry>& entries, const Entry& candidate) {
    return std::ranges::any_of(entries, [&](const Entry& entry) {
        if (entry.id == candidate.id) return false;
        return candidate.app_package.empty() ? entry.app_key == candidate.app_key : entry.app_package == candidate.app_package;
    });
}

Entry to_entry(const Caller& caller, const NewBlockedApp& input, EpochMs now) {
    Entry entry;
    entry.user_id = caller.user_id;
    entry.app_name = input.app_name.value;
    entry.app_key = fold_case(input.app_name.value);
    entry.app_package = or_null(input.app_package).value_or("");
    entry.app_category = or_null(input.app_category);
    entry.limit_ms = input.daily_limit_minutes.value.ms;
    entry.is_active = input.is_active.value;
    entry.notify_at = static_cast<int>(input.notify_at_percentage.value.value);
    if (input.schedules) entry.schedules = input.schedules->items;
    entry.created_at = {now};
    entry.updated_at = {now};
    return entry;
}

/// Returns whether the entry is about another app now.
bool apply(Entry& entry, const UpdateBlockedApp& change, EpochMs now) {
    const auto identity = repository::identity_of(entry.app_key, entry.app_package);
    if (change.app_name.value) {
        entry.app_name = change.app_name.value->value;
        entry.app_key = fold_case(entry.app_name);
    }
    if (change.app_package.present) entry.app_package = or_null(change.app_package.value).value_or("");
    if (change.app_category.present) entry.app_category = or_null(change.app_category.value);
    if (change.daily_limit_minutes.value) entry.limit_ms = change.daily_limit_minutes.value->value.ms;
    if (change.is_active.value) entry.is_active = *change.is_active.value;
    if (change.notify_at_percentage.value) entry.notify_at = static_cast<int>(change.notify_at_percentage.value->value);
    if (change.schedules.present) entry.schedules = change.schedules.value ? change.schedules.value->items : std::vector<Schedule>{};
    entry.updated_at = {now};
    if (identity == repository::identity_of(entry.app_key, entry.app_package)) return false;
    entry.reset_day.reset(); // another app: its day starts with the usage of that app
    entry.reset_base_ms = 0;
    ++entry.reset_no;
    return true;
}

std::optional<json::Timestamp> timestamp(std::optional<EpochMs> ms) { return ms ? std::optional{json::Timestamp{*ms}} : std::nullopt; }

BlockedApp to_wire(const Entry& entry, const rules::State& state) {
    return {.id = entry.id,
            .app_name = entry.app_name,
            .app_package = entry.app_package.empty() ? std::nullopt : std::optional{entry.app_package},
            .app_category = entry.app_category,
            .daily_limit_minutes = {entry.limit_ms},
            .is_active = entry.is_active,
            .notify_at_percentage = entry.notify_at,
            .schedules = entry.schedules,
            .time_used_today = {state.used_ms},
            .remaining_minutes = {state.remaining_ms},
            .usage_percentage = state.usage_percentage,
            .is_blocked = state.is_blocked,
            .block_reason = state.reason,
            .blocked_until = timestamp(state.blocked_until_ms),
            .last_blocked_at = entry.last_blocked_at,
            .last_reset_at = entry.last_reset_at,
            .created_at = entry.created_at,
            .updated_at = entry.updated_at};
}

PolicyApp to_policy(const Entry& entry, const rules::State& state, Zone zone, EpochMs now) {
    return {.id = entry.id,
            .app_name = entry.app_name,
            .app_package = entry.app_package.empty() ? std::nullopt : std::optional{entry.app_package},
            .daily_limit_minutes = {entry.limit_ms},
            .time_used_today = {state.used_ms},
            .notify_at_percentage = entry.notify_at,
            .schedules = entry.schedules,
            .is_blocked = state.is_blocked,
            .block_reason = state.reason,
            .blocked_until = timestamp(state.blocked_until_ms),
            .next_change_at = {rules::next_change(entry, zone, now)}};
}

/// A user's entries with the usage of the user's day.
struct Counted {
    std::vector<Entry> entries;
    rules::DayUsage usage;
};

db::Task<Counted> read_counted(db::Session& session, std::int64_t user_id, Day today) {
    auto [entries, day_apps] = co_await session.all(repository::list(user_id), activities::Service::day_apps(user_id, today));
    co_return Counted{std::move(entries), rules::DayUsage{day_apps}};
}

} // namespace

/// One transaction that changes a user's rules: everything that it reads, locked in the common order.
struct Service::Scene {
    LimitWatch::Scene about;
    users::Addressee owner;
    std::int64_t version = 0;
    std::vector<Entry> entries;
    rules::DayUsage usage;
    std::vector<repository::Event> told;

    Entry& entry(std::int64_t id) {
        const auto found = std::ranges::find(entries, id, &Entry::id);
        if (found == entries.end()) throw not_found();
        return *found;
    }
    [[nodiscard]] rules::State state(const Entry& entry) const { return rules::state_of(entry, usage.of(entry), about.zone, about.now); }
};

Service::Service(const Core& core, users::Service& users, notifications::Service& notifications)
    : db_{core.database}, clock_{core.clock}, users_{users}, notifications_{notifications}, counters_{core.metrics},
      limits_{core, users, notifications, counters_}, schedules_{core, users, notifications, counters_} {}

activities::Follower Service::follower() {
    return [this](const activities::Recorded& recorded, db::Batch& batch) { return limits_.prepare(recorded, batch); };
}

void Service::erase_user(db::Transaction& tx, std::int64_t user_id) { repository::delete_of_user(tx, user_id, clock_.now_ms()); }

void Service::name_in_metrics(const std::vector<metrics::Name>& apps) {
    counters_.limits_reached.prefer(apps);
    counters_.apps_blocked.prefer(apps);
}

db::Task<Service::Scene> Service::open_scene(db::Transaction& tx, Caller caller, Origin origin) {
    Scene scene;
    const auto now = clock_.now_ms();
    scene.about = {caller.user_id, caller.zone, caller.zone.day_of(now), now, std::move(origin)};
    activities::Service::hold_day(tx, caller.user_id, scene.about.today);
    repository::raise_version(tx, caller.user_id, caller.zone.name());
    auto [version, entries, day_apps, told, settings] =
        co_await tx.all(repository::version(caller.user_id), repository::list_locked(caller.user_id),
                        activities::Service::day_apps(caller.user_id, scene.about.today),
                        repository::events(caller.user_id, scene.about.today), users::Service::alert_settings(caller.user_id));
    scene.version = version;
    scene.entries = std::move(entries);
    scene.usage = rules::DayUsage{day_apps};
    scene.told = std::move(told);
    scene.owner = {caller.user_id, caller.language, settings.notifications_enabled};
    co_return scene;
}

/// A changed entry may have reached its limit or be in a schedule at once: the user is notified as of any block. True
/// when that changed the entry.
db::Task<bool> Service::settle(db::Transaction& tx, Scene& scene, Entry& entry) {
    const auto& about = scene.about;
    const auto usage_ms = scene.usage.of(entry);
    const bool reached = co_await limits_.evaluate(tx, about, entry, usage_ms, scene.told);
    if (entry.schedules.empty() && !entry.schedule_announced) co_return reached;
    const auto user = co_await users_.find(tx, about.user_id);
    if (!user) throw not_found();
    const bool announced = co_await schedules_.announce(tx, *user, entry, usage_ms, about.zone, about.now);
    co_return reached || announced;
}

/// The last step of every change of a rule.
void Service::finish(db::Transaction& tx, const Scene& scene, std::string_view action, std::string message, std::int64_t entry_id) {
    const auto& about = scene.about;
    audit::record(tx, about.origin,
                  {.action = action,
                   .message = std::move(message),
                   .user_id = about.user_id,
                   .resource_type = "blocked_app",
                   .resource_id = entry_id},
                  about.now);
    schedules_.plan(tx, about.user_id, scene.entries, about.zone, about.now);
    activities::Service::release_day(tx, about.user_id, about.today);
    tx.after_commit([this, to = scene.owner, version = scene.version] { notifications_.push(to, policy_update_of(version)); });
}

db::Task<BlockedApp> Service::create(Caller caller, Origin origin, NewBlockedApp input) {
    co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<BlockedApp> {
        auto scene = co_await open_scene(tx, caller, origin);
        auto entry = to_entry(caller, input, scene.about.now);
        if (is_listed(scene.entries, entry)) throw Error{k_already_exists};
        if (scene.entries.size() >= k_max_entries) throw Error{k_too_many_limits, {{"count", std::to_string(k_max_entries)}}};
        entry.id = co_await repository::insert(tx, entry);
        if (co_await settle(tx, scene, entry)) repository::update(tx, entry);
        scene.entries.push_back(entry);
        finish(tx, scene, "blocked_app_created", "Limit set for an app", entry.id);
        auto answer = to_wire(entry, scene.state(entry));
        idempotency::keep(tx, origin, answer, scene.about.now);
        co_return answer;
    });
}

db::Task<BlockedApp> Service::update(Caller caller, Origin origin, std::int64_t id, UpdateBlockedApp change) {
    co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<BlockedApp> {
        auto scene = co_await open_scene(tx, caller, origin);
        auto& entry = scene.entry(id);
        if (apply(entry, change, scene.about.now) && is_listed(scene.entries, entry)) throw Error{k_already_exists};
        co_await settle(tx, scene, entry);
        repository::update(tx, entry);
        finish(tx, scene, "blocked_app_updated", "Limit of an app changed", id);
        co_return to_wire(entry, scene.state(entry));
    });
}

db::Task<void> Service::remove(Caller caller, Origin origin, std::int64_t id) {
    co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
        auto scene = co_await open_scene(tx, caller, origin);
        scene.entry(id);
        repository::remove(tx, caller.user_id, id, scene.about.now);
        std::erase_if(scene.entries, [id](const Entry& entry) { return entry.id == id; });
        finish(tx, scene, "blocked_app_deleted", "Limit of an app removed", id);
    });
}

db::Task<BlockedApp> Service::reset(Caller caller, Origin origin, std::int64_t id) {
    co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<BlockedApp> {
        auto scene = co_await open_scene(tx, caller, origin);
        auto& entry = scene.entry(id);
        entry.reset_day = scene.about.today;
        entry.reset_base_ms = scene.usage.of(entry);
        entry.last_reset_at = json::Timestamp{scene.about.now};
        entry.updated_at = {scene.about.now};
        ++entry.reset_no;
        repository::update(tx, entry);
        finish(tx, scene, "blocked_app_reset", "Counter of an app started again", id);
        co_return to_wire(entry, scene.state(entry));
    });
}

db::Task<BlockedApp> Service::get(Caller caller, std::int64_t id) {
    const auto now = clock_.now_ms();
    const auto counted = co_await read_counted(db_, caller.user_id, caller.zone.day_of(now));
    const auto found = std::ranges::find(counted.entries, id, &Entry::id);
    if (found == counted.entries.end()) throw not_found();
    co_return to_wire(*found, rules::state_of(*found, counted.usage.of(*found), caller.zone, now));
}

db::Task<std::vector<BlockedApp>> Service::list(Caller caller, ListQuery query) {
    const auto now = clock_.now_ms();
    const auto counted = co_await read_counted(db_, caller.user_id, caller.zone.day_of(now));
    std::vector<BlockedApp> apps;
    for (const auto& entry : counted.entries) {
        if (query.is_active && *query.is_active != entry.is_active) continue;
        const auto state = rules::state_of(entry, counted.usage.of(entry), caller.zone, now);
        if (query.is_blocked && *query.is_blocked != state.is_blocked) continue;
        apps.push_back(to_wire(entry, state));
    }
    co_return apps;
}

db::Task<Status> Service::status(Caller caller, StatusQuery query) {
    if (!query.app_name && !query.app_package) {
        throw invalid_field({"query", "app_name"}, "missing", {"app_name or app_package is needed", "app_name ou app_package est requis"});
    }
    const auto now = clock_.now_ms();
    const auto key = query.app_name ? fold_case(query.app_name->value) : std::string{};
    const auto package = query.app_package ? query.app_package->value : std::string{};
    const auto counted = co_await read_counted(db_, caller.user_id, caller.zone.day_of(now));
    // Of several entries that match, the one that blocks the longest decides.
    const Entry* decisive = nullptr;
    rules::State strictest;
    for (const auto& entry : counted.entries) {
        if (!rules::matches(entry, key, package)) continue;
        const auto state = rules::state_of(entry, counted.usage.of(entry), caller.zone, now);
        const auto rank = [](const rules::State& of) {
            return std::tuple{of.is_blocked, of.is_blocked && !of.blocked_until_ms, of.blocked_until_ms, of.usage_percentage};
        };
        if (decisive != nullptr && rank(state) <= rank(strictest)) continue;
        decisive = &entry;
        strictest = state;
    }
    if (decisive == nullptr) throw not_found();
    co_return Status{.app_name = decisive->app_name,
                     .is_blocked = strictest.is_blocked,
                     .block_reason = strictest.reason,
                     .remaining_minutes = {strictest.remaining_ms},
                     .usage_percentage = strictest.usage_percentage,
                     .blocked_until = timestamp(strictest.blocked_until_ms)};
}

db::Task<Policy> Service::policy(Caller caller) {
    const auto now = clock_.now_ms();
    const auto today = caller.zone.day_of(now);
    const auto [version, entries, day_apps] = co_await db_.all(repository::version(caller.user_id), repository::list(caller.user_id),
                                                               activities::Service::day_apps(caller.user_id, today));
    const rules::DayUsage usage{day_apps};
    Policy policy;
    policy.version = version;
    policy.timezone = caller.zone.name();
    policy.date = {today};
    policy.day_ends_at = {caller.zone.start_of(today.plus(1))};
    policy.next_change_at = policy.day_ends_at;
    for (const auto& entry : entries) {
        if (!entry.is_active) continue;
        const auto state = rules::state_of(entry, usage.of(entry), caller.zone, now);
        policy.apps.push_back(to_policy(entry, state, caller.zone, now));
        policy.next_change_at = std::min(policy.next_change_at, policy.apps.back().next_change_at);
    }
    co_return policy;
}

db::Task<std::vector<AppLimit>> Service::limits_of(db::Session& session, std::vector<std::int64_t> user_ids) {
    return repository::limits_of(session, std::move(user_ids));
}

db::Task<std::uint64_t> Service::delete_old_events() { return repository::delete_events(db_, clock_.now_ms() - 3 * k_day_ms); }

personal::Section Service::personal_data() { return repository::personal_data(db_); }

} // namespace focus::blocking
