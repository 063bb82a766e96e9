#include "features/reminders/service.hpp"

#include "core/audit/audit.hpp"

#include <boost/asio/deferred.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace focus::reminders {

namespace {

namespace asio = boost::asio;
using Steady = std::chrono::steady_clock;

constexpr int k_users_at_once = 20;

Zone zone_of(const users::User& user) { return Zone::of(user.timezone); }

EpochMs next_due(Kind kind, const users::User& user, EpochMs after) {
    return rules::next_due(kind, zone_of(user), user.reminder_time.minute_of_day, after);
}

bool wants_mails(const users::User& user) { return user.email_reminders && user.is_active; }

std::vector<std::int64_t> ids_of(const std::vector<users::User>& users) {
    std::vector<std::int64_t> ids;
    ids.reserve(users.size());
    for (const auto& user : users) ids.push_back(user.id);
    return ids;
}

} // namespace

Service::Service(const Core& core, users::Service& users, activities::Service& activities, blocking::Service& blocking,
                 challenges::Service& challenges)
    : db_{core.database}, clock_{core.clock}, users_{users}, activities_{activities}, blocking_{blocking}, challenges_{challenges},
      outbox_{core.outbox}, frontend_url_{core.frontend_url} {}

void Service::follow(db::Transaction& tx, const users::User& user) const {
    const auto now = clock_.now_ms();
    const auto next = [&](Kind kind) { return wants_mails(user) ? std::optional{next_due(kind, user, now)} : std::nullopt; };
    repository::put(tx, user.id, next(Kind::daily_reminder), next(Kind::weekly_summary), now);
}

db::Task<void> Service::run(Kind kind, const jobs::Run& run) {
    asio::steady_timer pause{co_await asio::this_coro::executor};
    while (!run.should_stop()) {
        const auto began = Steady::now();
        auto due = co_await db_.get(repository::due(kind, clock_.now_ms(), k_users_at_once));
        if (due.empty()) co_return;
        co_await work_off(kind, std::move(due));
        // A pause twice as long as the work: requests do not wait while many users are due at once.
        pause.expires_after((Steady::now() - began) * 2);
        co_await pause.async_wait(asio::deferred);
    }
}

db::Task<void> Service::work_off(Kind kind, std::vector<repository::Due> due) {
    const auto now = clock_.now_ms();
    std::map<std::int64_t, EpochMs> due_at;
    std::vector<std::int64_t> ids;
    for (const auto& one : due) {
        due_at.emplace(one.user_id, one.due_ms);
        ids.push_back(one.user_id);
    }
    auto users = co_await users_.find_many(db_, ids);
    std::map<std::pair<EpochMs, std::optional<EpochMs>>, std::vector<std::int64_t>> moves; // from, to: users
    std::map<Day, std::vector<users::User>> by_day;                                        // users to mail, by their calendar day
    std::set<std::int64_t> gone{ids.begin(), ids.end()};
    for (auto& user : users) {
        gone.erase(user.id);
        const auto at = due_at.at(user.id);
        moves[{at, wants_mails(user) ? std::optional{next_due(kind, user, now)} : std::nullopt}].push_back(user.id);
        const bool stale = rules::is_stale(kind, zone_of(user), user.reminder_time.minute_of_day, at, now);
        if (wants_mails(user) && user.is_verified && !stale) by_day[zone_of(user).day_of(at)].push_back(std::move(user));
    }
    for (const auto id : gone) moves[{due_at.at(id), std::nullopt}].push_back(id);

    std::vector<mail::Message> mails;
    for (auto& [day, group] : by_day) {
        const auto active = co_await activities_.active_since(db_, ids_of(group), day.plus(-rules::k_inactive_days));
        const std::set<std::int64_t> is_active{active.begin(), active.end()};
        std::erase_if(group, [&](const users::User& user) { return !is_active.contains(user.id); });
        auto composed = kind == Kind::daily_reminder ? co_await compose_reminders(std::move(group), day)
                                                     : co_await compose_summaries(std::move(group), day);
        std::ranges::move(composed, std::back_inserter(mails));
    }
    co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
        outbox_.add_all(tx, mails);
        for (const auto& [move, whom] : moves) repository::reschedule(tx, kind, move.first, move.second, whom);
        co_return;
    });
}

db::Task<std::optional<users::User>> Service::owner_of(std::string token) {
    const auto user_id = outbox_.options().links.user_of(token);
    if (!user_id) co_return std::nullopt;
    co_return co_await users_.find(db_, *user_id);
}

db::Task<bool> Service::unsubscribe(std::string token, Origin origin) {
    const auto user_id = outbox_.options().links.user_of(token);
    if (!user_id) co_return false;
    co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
        auto user = co_await users_.find_for_update(tx, *user_id);
        if (!user || !user->email_reminders) co_return; // nothing is sent anyway
        user->email_reminders = false;
        co_await users_.save(tx, *user);
        audit::record(tx, origin,
                      {.action = "user_updated",
                       .message = "Optional mails turned off by a mailed link",
                       .user_id = *user_id,
                       .resource_type = "user",
                       .resource_id = *user_id},
                      clock_.now_ms());
    });
    co_return true;
}

} // namespace focus::reminders
