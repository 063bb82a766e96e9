// The Service's mails: what stands in them.
#include "core/base/duration.hpp"
#include "features/reminders/service.hpp"

#include <algorithm>
#include <format>
#include <map>

namespace focus::reminders {

namespace {

constexpr std::int64_t k_apps_shown = 5;
constexpr std::size_t k_limits_shown = 10;
constexpr std::size_t k_challenges_shown = 10;
constexpr int k_streak_step = 30; // days read at once

using Row = std::map<std::string, std::string>;
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

std::vector<std::int64_t> ids_of(const std::vector<users::User>& users) {
    std::vector<std::int64_t> ids;
    for (const auto& user : users) ids.push_back(user.id);
    return ids;
}

} // namespace

mail::Message Service::message(Kind kind, const users::User& user, Day day) const {
    const std::string type = kind == Kind::daily_reminder ? "daily_reminder" : "weekly_summary";
    mail::Message mail{.type = type,
                       .recipient = user.email,
                       .recipient_name = users::display_name(user),
                       .language = user.language,
                       .user_id = user.id,
                       .is_optional = true,
                       .dedup_key = std::format("{}:{}:{}", type, user.id, day.to_string()),
                       .bulk = true};
    mail.values.texts = {{"name", users::display_name(user)}, {"action_url", frontend_url_ + "/"}};
    return mail;
}

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
        auto mail = message(Kind::daily_reminder, user, today);
        const auto& apps = used[user.id];
        const auto total = totals[user.id];
        auto& texts = mail.values.texts;
        texts["total"] = format_duration(total);
        texts["change"] = rules::format_change(total, before[user.id]);
        texts["daily_limit"] = user.daily_limit_minutes ? format_duration(user.daily_limit_minutes->ms) : "";
        auto& app_rows = mail.values.lists["apps"];
        for (std::size_t i = 0; i < apps.size(); ++i)
            app_rows.push_back({{"app_name", apps[i].app_name}, {"time", format_duration(apps[i].total_ms)}});
        auto& limit_rows = mail.values.lists["limits"];
        const auto& own_limits = limits[user.id];
        for (std::size_t i = 0; i < std::min(own_limits.size(), k_limits_shown); ++i)
            limit_rows.push_back({{"app_name", own_limits[i].app_name}, {"limit", format_duration(own_limits[i].limit_ms)}});
        mails.push_back(std::move(mail));
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
        auto mail = message(Kind::weekly_summary, user, monday);
        const auto& apps = used[user.id];
        const auto& apps_before = before[user.id];
        const auto total = totals[user.id];
        const auto total_before = totals_before[user.id];
        const auto streak = in_a_row.at(user.id);
        mail.values.texts["action_url"] =
            std::format("{}/trends?end={}", frontend_url_, monday.plus(-1).to_string()); // the week it tells of
        mail.values.texts.insert({{"period", rules::format_period(monday.plus(-7), monday.plus(-1), user.language)},
                                  {"total", format_duration(total)},
                                  {"average", format_duration(total / 7)},
                                  {"previous_total", format_duration(total_before)},
                                  {"change", rules::format_change(total, total_before)},
                                  {"less", total < total_before ? "yes" : ""},
                                  {"streak", streak == 0 ? "" : std::to_string(streak)}});
        auto& app_rows = mail.values.lists["apps"];
        for (std::size_t i = 0; i < apps.size(); ++i) {
            app_rows.push_back({{"app_name", apps[i].app_name},
                                {"time", format_duration(apps[i].total_ms)},
                                {"change", rules::format_change(apps[i].total_ms, time_of(apps_before, apps[i].app_key))}});
        }
        auto& challenge_rows = mail.values.lists["challenges"];
        const auto& own_places = places[user.id];
        for (std::size_t i = 0; i < std::min(own_places.size(), k_challenges_shown); ++i) {
            challenge_rows.push_back({{"challenge_name", own_places[i].challenge_name},
                                      {"rank", std::to_string(own_places[i].rank)},
                                      {"participants", std::to_string(own_places[i].participants)}});
        }
        mails.push_back(std::move(mail));
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
    while (!open.empty()) { // only those whose row goes on are read further back
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
