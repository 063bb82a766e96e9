#include "features/blocking/schedule_watch.hpp"

#include "core/async/periodic.hpp"
#include "features/blocking/messages.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace focus::blocking {

namespace {

/// Bus topic: a user's schedules change at this instant (epoch milliseconds).
constexpr std::string_view k_topic = "blocking.next_change";
constexpr EpochMs k_never = std::numeric_limits<EpochMs>::max();
constexpr std::chrono::milliseconds k_tick{500}; // at most this late for what another clock (a test's) has made due
constexpr std::chrono::minutes k_look_again{1};  // in case a message of another instance was lost
constexpr std::chrono::seconds k_after_failure{5};
constexpr int k_users_per_read = 100;

} // namespace

ScheduleWatch::ScheduleWatch(const Core& core, users::Service& users, notifications::Service& notifications, Counters& counters)
    : db_{core.database}, clock_{core.clock}, bus_{core.bus}, users_{users}, notifications_{notifications}, counters_{counters},
      earliest_{k_never} {
    bus_.subscribe(std::string{k_topic}, [this](std::string_view payload) {
        EpochMs at = 0;
        if (std::from_chars(payload.data(), payload.data() + payload.size(), at).ec == std::errc{}) bring_forward(at);
    });
}

void ScheduleWatch::start(boost::asio::any_io_executor executor) {
    async::Periodic{std::move(executor),
                    {.name = "announcement of schedules", .retry = k_after_failure, .longest_retry = k_after_failure},
                    [this] { return look(); }}
        .start(tasks_);
}

/// Runs often, because the clock may be set at any time.
db::Task<std::chrono::milliseconds> ScheduleWatch::look() {
    if (clock_.now_ms() >= earliest_ || std::chrono::steady_clock::now() >= look_again_at_) {
        look_again_at_ = {};
        earliest_ = k_never; // what is planned meanwhile arrives by the bus
        bring_forward((co_await announce_due()).value_or(k_never));
        look_again_at_ = std::chrono::steady_clock::now() + k_look_again;
    }
    const auto left = std::chrono::milliseconds{std::max<EpochMs>(0, earliest_ - clock_.now_ms())};
    co_return std::min<std::chrono::milliseconds>(left, k_tick);
}

void ScheduleWatch::bring_forward(EpochMs at) {
    auto known = earliest_.load();
    while (at < known && !earliest_.compare_exchange_weak(known, at)) {
    }
}

void ScheduleWatch::plan(db::Transaction& tx, std::int64_t user_id, const std::vector<Entry>& entries, Zone zone, EpochMs now) {
    std::optional<EpochMs> next;
    for (const auto& entry : entries) {
        if (!entry.is_active) continue;
        const auto edge = rules::next_edge(entry.schedules, zone, now);
        if (edge) next = std::min(next.value_or(*edge), *edge);
    }
    repository::set_next_change(tx, user_id, zone.name(), next);
    if (next) tx.after_commit([this, at = *next] { bus_.publish(k_topic, std::to_string(at)); });
}

db::Task<bool> ScheduleWatch::announce(db::Transaction& tx, const users::User& user, Entry& entry, std::int64_t usage_ms, Zone zone,
                                       EpochMs now) {
    const bool blocks = entry.is_active && rules::window_at(entry.schedules, zone, now);
    if (blocks == entry.schedule_announced) co_return false;
    entry.schedule_announced = blocks;
    const auto state = rules::state_of(entry, usage_ms, zone, now);
    const users::Addressee to{user.id, user.language, user.notifications_enabled};
    if (!blocks) {
        if (!state.is_blocked && entry.is_active) co_await notifications_.add(tx, to, release_of(entry, state));
        co_return true;
    }
    co_await notifications_.add(tx, to, block_of(entry, state, Reason::schedule, zone));
    entry.last_blocked_at = json::Timestamp{now};
    tx.after_commit([this, key = entry.app_key, name = entry.app_name] { counters_.apps_blocked.add(key, name); });
    audit::record(tx, Origin{.ip = {}, .user_agent = {}, .request_id = {}, .endpoint = "schedule"},
                  {.action = "app_blocked",
                   .message = "App blocked by its schedule",
                   .user_id = user.id,
                   .resource_type = "blocked_app",
                   .resource_id = entry.id},
                  now);
    co_return true;
}

db::Task<std::optional<EpochMs>> ScheduleWatch::announce_due() {
    for (;;) {
        const auto users = co_await repository::due(db_, clock_.now_ms(), k_users_per_read);
        for (const auto user_id : users) {
            if (tasks_.is_stopping()) co_return std::nullopt;
            co_await announce_user(user_id);
        }
        if (users.empty()) co_return co_await repository::next_change(db_);
    }
}

db::Task<void> ScheduleWatch::announce_user(std::int64_t user_id) {
    co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
        const auto now = clock_.now_ms();
        const auto state = co_await tx.get(repository::lock_state(user_id));
        if (!state || !state->next_change_ms || *state->next_change_ms > now) co_return; // another instance did it
        const auto user = co_await users_.find(tx, user_id);
        if (!user) {
            repository::set_next_change(tx, user_id, state->timezone, std::nullopt);
            co_return;
        }
        const auto zone = Zone::of(user->timezone);
        auto [entries, day_apps] =
            co_await tx.all(repository::list_locked(user_id), activities::Service::day_apps(user_id, zone.day_of(now)));
        const rules::DayUsage usage{day_apps};
        for (auto& entry : entries) {
            if (co_await announce(tx, *user, entry, usage.of(entry), zone, now)) repository::update(tx, entry);
        }
        plan(tx, user_id, entries, zone, now);
    });
}

db::Task<void> ScheduleWatch::follow_zone(db::Transaction& tx, users::User user) {
    const auto state = co_await tx.get(repository::lock_state(user.id));
    const auto zone = Zone::of(user.timezone);
    if (!state || zone.name() == state->timezone) co_return;
    repository::raise_version(tx, user.id, zone.name());
    const auto version = co_await tx.get(repository::version(user.id));
    // Due at once: the announcement then computes the state of the schedules in the new zone.
    const auto now = clock_.now_ms();
    repository::set_next_change(tx, user.id, zone.name(), now);
    tx.after_commit(
        [this, now, to = users::Addressee{user.id, user.language, user.notifications_enabled}, draft = policy_update_of(version)] {
            notifications_.push(to, draft);
            bus_.publish(k_topic, std::to_string(now));
        });
}

} // namespace focus::blocking
