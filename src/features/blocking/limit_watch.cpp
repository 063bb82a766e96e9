#include "features/blocking/limit_watch.hpp"

#include <algorithm>
#include <format>
#include <set>

namespace focus::blocking {

namespace {

constexpr std::string_view k_warning = "warning";
constexpr std::string_view k_limit = "limit";
constexpr int k_total_notify_at = 80;
constexpr std::size_t k_max_remembered = 50'000;
constexpr std::size_t k_max_live_ids = 100;

/// The apps whose counters of today the changes affect.
repository::Apps apps_of(const std::vector<activities::Change>& changes, Day today) {
    repository::Apps apps;
    for (const auto& change : changes) {
        for (const auto* record : {&change.before, &change.after}) {
            if (*record && (*record)->activity_date == today) apps.emplace((*record)->app_key, (*record)->app_package);
        }
    }
    return apps;
}

bool matches_any(const Entry& entry, const repository::Apps& apps) {
    return std::ranges::any_of(apps, [&](const auto& app) { return rules::matches(entry, app.first, app.second); });
}

LiveCounter counter_of(const Entry& entry, const rules::State& state) {
    return {.blocked_app_id = entry.id,
            .app_name = entry.app_name,
            .time_used_today = {state.used_ms},
            .remaining_minutes = {state.remaining_ms},
            .usage_percentage = state.usage_percentage,
            .is_blocked = state.is_blocked};
}

std::vector<std::int64_t> ids_of(const std::vector<activities::Change>& changes) {
    std::vector<std::int64_t> ids;
    for (const auto& change : changes) {
        if (ids.size() == k_max_live_ids) break;
        ids.push_back(change.after ? change.after->id : change.before->id);
    }
    return ids;
}

users::Addressee addressee_of(const users::User& user) { return {user.id, user.language, user.notifications_enabled}; }

bool contains(const std::vector<repository::Event>& events, const Entry& entry, std::string_view threshold) {
    return std::ranges::contains(events, repository::Event{entry.id, entry.reset_no, std::string{threshold}});
}

} // namespace

rules::Reached LimitWatch::Memory::told(std::int64_t user_id, Day day) {
    const std::scoped_lock lock{mutex_};
    const auto found = known_.find(user_id);
    return found != known_.end() && found->second.day == day ? found->second.reached : rules::Reached{};
}

void LimitWatch::Memory::remember(std::int64_t user_id, Day day, rules::Reached reached) {
    const std::scoped_lock lock{mutex_};
    if (known_.size() >= k_max_remembered) known_.clear();
    auto& known = known_[user_id];
    if (known.day != day) known = {day, {}};
    known.reached.warning |= reached.warning;
    known.reached.limit |= reached.limit;
}

LimitWatch::LimitWatch(const Core& core, users::Service& users, notifications::Service& notifications, Counters& counters)
    : clock_{core.clock}, users_{users}, notifications_{notifications}, outbox_{core.outbox}, frontend_url_{core.frontend_url},
      counters_{counters} {}

activities::Reaction LimitWatch::prepare(const activities::Recorded& recorded, db::Batch& batch) {
    const auto& caller = recorded.caller;
    const auto today = caller.zone.day_of(recorded.now_ms);
    auto apps = apps_of(recorded.changes, today);
    Answers answers;
    answers.settings = batch.add(users::Service::alert_settings(caller.user_id));
    answers.total_ms = batch.add(activities::Service::day_total(caller.user_id, today));
    if (!apps.empty()) answers.has_entries = batch.add(repository::matches(caller.user_id, apps));
    return [this, &recorded, apps = std::move(apps), answers](db::Transaction& tx) { return react(tx, recorded, apps, answers); };
}

db::Task<void> LimitWatch::react(db::Transaction& tx, const activities::Recorded& recorded, repository::Apps apps, Answers answers) {
    const auto& caller = recorded.caller;
    const Scene scene{.user_id = caller.user_id,
                      .zone = caller.zone,
                      .today = caller.zone.day_of(recorded.now_ms),
                      .now = recorded.now_ms,
                      .origin = recorded.origin};
    const auto& settings = *answers.settings;
    const auto total_ms = *answers.total_ms;

    LiveUpdate live{.activity_ids = ids_of(recorded.changes), .date = {scene.today}, .total_time_today = {total_ms}, .limits = {}};
    if (!apps.empty()) {
        if (*answers.has_entries) live.limits = co_await evaluate_entries(tx, scene, apps, recorded.changes);
        if (settings.daily_limit_ms) co_await evaluate_total(tx, scene, total_ms, *settings.daily_limit_ms);
    }
    if (!settings.notifications_enabled) co_return;
    tx.after_commit([this, to = users::Addressee{caller.user_id, caller.language, true}, live = std::move(live)] {
        notifications_.push(to, activity_update_of(live));
    });
}

db::Task<std::vector<LiveCounter>> LimitWatch::evaluate_entries(db::Transaction& tx, const Scene& scene, const repository::Apps& apps,
                                                                const std::vector<activities::Change>& changes) {
    auto [entries, day_apps, told] =
        co_await tx.all(repository::matching(scene.user_id, apps), activities::Service::day_apps(scene.user_id, scene.today),
                        repository::events(scene.user_id, scene.today));
    const rules::DayUsage usage{day_apps};
    std::vector<LiveCounter> counters;
    for (auto& entry : entries) {
        if (!matches_any(entry, apps)) continue;
        std::int64_t base_change = 0;
        for (const auto& change : changes) base_change += rules::base_change(entry, scene.today, change.before, change.after);
        entry.reset_base_ms = std::max<std::int64_t>(0, entry.reset_base_ms + base_change);
        const auto usage_ms = usage.of(entry);
        const bool blocked_now = co_await evaluate(tx, scene, entry, usage_ms, told);
        if (base_change != 0 || blocked_now) repository::update(tx, entry);
        counters.push_back(counter_of(entry, rules::state_of(entry, usage_ms, scene.zone, scene.now)));
    }
    co_return counters;
}

db::Task<bool> LimitWatch::evaluate(db::Transaction& tx, const Scene& scene, Entry& entry, std::int64_t usage_ms,
                                    const std::vector<repository::Event>& told) {
    if (!entry.is_active) co_return false;
    const auto state = rules::state_of(entry, usage_ms, scene.zone, scene.now);
    if (state.used_ms == 0) co_return false;
    auto due = rules::reached(entry.limit_ms, entry.notify_at, state.used_ms);
    due.warning = due.warning && !contains(told, entry, k_warning);
    due.limit = due.limit && !contains(told, entry, k_limit);
    if (due.warning) due.warning = co_await is_first(tx, scene, entry.id, entry.reset_no, k_warning);
    if (due.limit) due.limit = co_await is_first(tx, scene, entry.id, entry.reset_no, k_limit);
    if (!due.warning && !due.limit) co_return false;
    const auto user = co_await users_.find(tx, scene.user_id);
    if (!user) co_return false;
    if (due.warning) {
        co_await notifications_.add(tx, addressee_of(*user), warning_of(entry, state));
        send_mail(tx, scene, *user, {entry.app_name, state.used_ms, entry.limit_ms}, std::format("{}:{}", entry.id, entry.reset_no));
    }
    if (!due.limit) co_return false;
    co_await notifications_.add(tx, addressee_of(*user), block_of(entry, state, Reason::limit, scene.zone));
    audit(tx, scene, "limit_reached", "Daily limit of an app reached", entry.id);
    audit(tx, scene, "app_blocked", "App blocked by its limit", entry.id);
    entry.last_blocked_at = json::Timestamp{scene.now};
    tx.after_commit([this, key = entry.app_key, name = entry.app_name] {
        counters_.limits_reached.add(key, name);
        counters_.apps_blocked.add(key, name);
    });
    co_return true;
}

db::Task<void> LimitWatch::evaluate_total(db::Transaction& tx, const Scene& scene, std::int64_t used_ms, std::int64_t limit_ms) {
    const auto reached = used_ms == 0 ? rules::Reached{} : rules::reached(limit_ms, k_total_notify_at, used_ms);
    auto due = memory_.told(scene.user_id, scene.today);
    due = {.warning = reached.warning && !due.warning, .limit = reached.limit && !due.limit};
    if (!due.warning && !due.limit) co_return;
    tx.after_commit([this, user_id = scene.user_id, day = scene.today, due] { memory_.remember(user_id, day, due); });
    if (due.warning) due.warning = co_await is_first(tx, scene, 0, 0, k_warning);
    if (due.limit) due.limit = co_await is_first(tx, scene, 0, 0, k_limit);
    if (!due.warning && !due.limit) co_return;
    const auto user = co_await users_.find(tx, scene.user_id);
    if (!user) co_return;
    if (due.warning) {
        co_await notifications_.add(tx, addressee_of(*user), total_warning_of(used_ms, limit_ms, false));
        send_mail(tx, scene, *user, {{}, used_ms, limit_ms}, "total");
    }
    if (due.limit) {
        co_await notifications_.add(tx, addressee_of(*user), total_warning_of(used_ms, limit_ms, true));
        audit(tx, scene, "limit_reached", "Overall daily limit reached", 0);
        tx.after_commit([this] { counters_.days_reached.add(); });
    }
}

db::Task<bool> LimitWatch::is_first(db::Transaction& tx, const Scene& scene, std::int64_t entry_id, std::int64_t reset_no,
                                    std::string_view threshold) {
    return repository::record_event(tx, scene.user_id, scene.today, {entry_id, reset_no, std::string{threshold}}, scene.now);
}

void LimitWatch::send_mail(db::Transaction& tx, const Scene& scene, const users::User& user, const Usage& usage,
                           std::string_view key) const {
    if (!user.notifications_enabled || !user.email_reminders || !user.is_verified) return;
    outbox_.add(tx, {users::recipient_of(user), limit_mail(usage, frontend_url_),
                     std::format("limit:{}:{}:{}", scene.user_id, key, scene.today.to_string())});
}

void LimitWatch::audit(db::Transaction& tx, const Scene& scene, std::string_view action, std::string message, std::int64_t entry_id) const {
    audit::record(tx, scene.origin,
                  {.action = action,
                   .message = std::move(message),
                   .user_id = scene.user_id,
                   .resource_type = entry_id != 0 ? "blocked_app" : "user",
                   .resource_id = entry_id != 0 ? entry_id : scene.user_id},
                  scene.now);
}

} // namespace focus::blocking
