// The contents of the mails that the Service sends.
#include "core/base/duration.hpp"
#include "features/reminders/mails.hpp"
#include "features/reminders/service.hpp"

#include <algorithm>
#include <format>
#include <map>
#include <ranges>

namespace focus::reminders {

namespace {

constexpr std::int64_t k_apps_shown = 5;
constexpr int k_limits_shown = 10;
constexpr int k_challenges_shown = 10;
constexpr int k_streak_step = 30; // days read at once

using Apps = std::vector<activities::AppTime>;

std::map<std::int64_t, Apps> by_user(Apps times) {
    std::map<std::int64_t, Apps> grouped;
    for (auto& time : times) grouped[time.user_id].push_back(std::move(time));
    for (auto& [user_id, apps] : grouped) {
        std::ranges::sort(
            apps, [](const auto& a, const auto& b) { return std::pair{-a.total_ms, a.app_key} < std::pair{-b.total_ms, b.app_key}; });
    }
    return grouped;
}

using Totals = std::map<std::int64_t, std::int64_t>; // ms by user

Totals by_user(const std::vector<activities::UserDay>& days) {
    Totals totals;
    for (const auto& day : days) totals[day.user_id] += day.total_ms;
    return totals;
}

std::int64_t time_of(const Apps& apps, const std::string& app_key) {
    const auto found = std::ranges::find(apps, app_key, &activities::AppTime::app_key);
    return found == apps.end() ? 0 : found->total_ms;
}

/// A user gets each kind of mail once a day.
template <mail::Content M>
std::string dedup_key(const M& /*mail*/, const users::User& user, Day day) {
    return std::format("{}:{}:{}", M::k_kind.name, user.id, day.to_string());
}

std::vector<std::int64_t> ids_of(const std::vector<users::User>& users) {
    std::vector<std::int64_t> ids;
    for (const auto& user : users) ids.push_back(user.id);
    return ids;
}

} // namespace

db::Task<std::vector<mail::Message>> Service::compose_reminders(std::vector<users::User> users, Day today) {
    std::vector<mail::Message> mails;
    const auto yesterday = today.plus(-1);
    auto used = by_user(co_await activities_.app_times_of(db_, ids_of(users), yesterday, yesterday, k_apps_shown));
    auto totals = by_user(co_await activities_.day_totals_of(db_, ids_of(users), yesterday, yesterday));
    auto before = by_user(co_await activities_.day_totals_of(db_, ids_of(users), today.plus(-2), today.plus(-2)));
    std::map<std::int64_t, std::vector<blocking::AppLimit>> limits;
    auto all_limits = co_await blocking_.limits_of(db_, ids_of(users));
    for (auto& limit : all_limits) limits[limit.user_id].push_back(std::move(limit));

    for (const auto& user : users) {
        const auto total = totals[user.id];
        DailyReminder mail{.total = format_duration(total),
                           .change = rules::format_change(total, before[user.id]),
                           .daily_limit = user.daily_limit_minutes ? format_duration(user.daily_limit_minutes->ms) : "",
                           .action_url = frontend_url_ + "/"};
        for (const auto& app : used[user.id]) mail.apps.push_back({app.app_name, format_duration(app.total_ms)});
        for (const auto& limit : limits[user.id] | std::views::take(k_limits_shown))
            mail.limits.push_back({limit.app_name, format_duration(limit.limit_ms)});
        mails.emplace_back(users::recipient_of(user), mail, dedup_key(mail, user, today));
    }
    co_return mails;
}

db::Task<std::vector<mail::Message>> Service::compose_summaries(std::vector<users::User> users, Day monday) {
    std::vector<mail::Message> mails;
    const auto most_used = co_await activities_.app_times_of(db_, ids_of(users), monday.plus(-7), monday.plus(-1), k_apps_shown);
    auto before = by_user(co_await activities_.times_of_apps(db_, most_used, monday.plus(-14), monday.plus(-8)));
    auto used = by_user(most_used);
    auto totals = by_user(co_await activities_.day_totals_of(db_, ids_of(users), monday.plus(-7), monday.plus(-1)));
    auto totals_before = by_user(co_await activities_.day_totals_of(db_, ids_of(users), monday.plus(-14), monday.plus(-8)));
    const auto in_a_row = co_await streaks(users, monday.plus(-1));
    std::map<std::int64_t, std::vector<challenges::Place>> places;
    auto all_places = co_await challenges_.places(db_, ids_of(users));
    for (auto& place : all_places) places[place.user_id].push_back(std::move(place));

    for (const auto& user : users) {
        const auto& apps_before = before[user.id];
        const auto total = totals[user.id];
        const auto total_before = totals_before[user.id];
        const auto streak = in_a_row.at(user.id);
        WeeklySummary mail{.period = rules::format_period(monday.plus(-7), monday.plus(-1), user.language),
                           .total = format_duration(total),
                           .average = format_duration(total / 7),
                           .previous_total = format_duration(total_before),
                           .change = rules::format_change(total, total_before),
                           .less = total < total_before,
                           .streak = streak == 0 ? "" : std::to_string(streak),
                           .action_url = std::format("{}/trends?end={}", frontend_url_, monday.plus(-1).to_string())};
        for (const auto& app : used[user.id]) {
            mail.apps.push_back(
                {app.app_name, format_duration(app.total_ms), rules::format_change(app.total_ms, time_of(apps_before, app.app_key))});
        }
        for (const auto& place : places[user.id] | std::views::take(k_challenges_shown))
            mail.challenges.push_back({place.challenge_name, place.rank, place.participants});
        mails.emplace_back(users::recipient_of(user), mail, dedup_key(mail, user, monday));
    }
    co_return mails;
}

db::Task<std::map<std::int64_t, int>> Service::streaks(const std::vector<users::User>& users, Day last) {
    std::map<std::int64_t, int> lengths;
    std::vector<const users::User*> open;
    for (const auto& user : users) {
        lengths[user.id] = 0;
        open.push_back(&user);
    }
    while (!open.empty()) { // only users whose streak may be longer are read further back
        const auto from = last.plus(1 - k_streak_step);
        std::vector<std::int64_t> ids;
        for (const auto* user : open) ids.push_back(user->id);
        std::map<std::int64_t, std::vector<rules::DayTotal>> days;
        const auto totals = co_await activities_.day_totals_of(db_, std::move(ids), from, last);
        for (const auto& total : totals) days[total.user_id].push_back({total.day, total.total_ms});
        std::erase_if(open, [&](const users::User* user) {
            const auto limit = user->daily_limit_minutes ? std::optional{user->daily_limit_minutes->ms} : std::nullopt;
            const auto streak = rules::streak(days[user->id], from, last, limit);
            lengths[user->id] += streak.days;
            return !streak.is_open;
        });
        last = from.plus(-1);
    }
    co_return lengths;
}

} // namespace focus::reminders
