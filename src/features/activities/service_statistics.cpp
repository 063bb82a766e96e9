#include "core/base/fold.hpp"
#include "core/cache/versions.hpp"
#include "features/activities/rules.hpp"
#include "features/activities/service.hpp"
#include "features/activities/usage_repository.hpp"

#include <algorithm>

namespace focus::activities {

namespace {

constexpr int k_max_range_days = 366;
constexpr int k_app_days = 30;
constexpr std::size_t k_top_apps = 10;

std::optional<json::Date> date_of(std::optional<Day> day) { return day ? std::optional{json::Date{*day}} : std::nullopt; }

Period period_of(repository::PeriodParts parts, Day first, Day last) {
    rules::customise(parts.apps, parts.settings);
    auto apps = rules::by_app(parts.apps);
    Period period{.start_date = {first},
                  .end_date = {last},
                  .apps_used = static_cast<std::int64_t>(apps.size()),
                  .daily_breakdown = rules::breakdown(parts.days, first, last),
                  .categories = rules::by_category(parts.apps)};
    for (const auto& day : parts.days) {
        (day.day < first ? period.previous_total : period.total_time).ms += day.ms;
        if (day.day >= first) period.sessions += day.sessions;
    }
    apps.resize(std::min(apps.size(), k_top_apps));
    period.top_apps = std::move(apps);
    period.daily_average = rules::average_minutes(period.total_time.ms, last.since(first) + 1);
    period.change_percent = rules::change_percent(period.total_time.ms, period.previous_total.ms);
    return period;
}

/// The apps of a user, as recorded but with the categories that he has set.
std::vector<KnownApp> known_apps(const repository::AppsParts& parts) {
    auto rows = parts.rows;
    rules::AppSettings categories = parts.settings;
    for (auto& [key, setting] : categories) setting.display_name.reset();
    rules::customise(rows, categories);
    std::vector<KnownApp> apps;
    for (const auto& usage : rules::by_app(rows)) {
        apps.push_back({.app_name = usage.app_name,
                        .display_name = {},
                        .app_package = usage.app_package,
                        .app_category = usage.app_category,
                        .total_time = usage.total_time,
                        .sessions = usage.sessions,
                        .percentage = usage.percentage});
    }
    for (auto& app : apps) {
        const auto key = fold_case(app.app_name);
        if (const auto found = parts.settings.find(key); found != parts.settings.end()) app.display_name = found->second.display_name;
        const auto row = std::ranges::find(parts.rows, key, &rules::UsageRow::app_key);
        if (row == parts.rows.end()) continue;
        const auto& [first, last] = parts.used[static_cast<std::size_t>(row - parts.rows.begin())];
        app.first_used = json::Date{first};
        app.last_used = json::Date{last};
    }
    return apps;
}

} // namespace

db::Task<Daily> Service::daily(Caller caller, std::optional<Day> day) {
    const auto date = day.value_or(today_of(caller));
    auto parts = co_await repository::day_parts(db_, caller.user_id, date);
    const auto user = co_await users_.get(caller.user_id);
    rules::customise(parts.apps, parts.settings);
    Daily daily;
    daily.date = {date};
    daily.apps = rules::by_app(parts.apps);
    daily.categories = rules::by_category(parts.apps);
    daily.apps_used = static_cast<std::int64_t>(daily.apps.size());
    for (const auto& app : daily.apps) {
        daily.total_time.ms += app.total_time.ms;
        daily.sessions += app.sessions;
    }
    if (!daily.apps.empty()) daily.most_used_app = daily.apps.front().app_name;
    daily.hourly.resize(24);
    for (const auto& [hour, ms] : parts.hours) daily.hourly.at(static_cast<std::size_t>(hour)).ms = ms;
    daily.previous_day_total = {parts.previous_ms};
    daily.change_percent = rules::change_percent(daily.total_time.ms, parts.previous_ms);
    daily.daily_limit_minutes = user.daily_limit_minutes;
    if (const auto limit = user.daily_limit_minutes) // one of no time at all is used up from the start
        daily.limit_used_percent = limit->ms == 0 ? 100.0 : rules::percent(daily.total_time.ms, limit->ms);
    co_return daily;
}

db::Task<Period> Service::last_days(Caller caller, int days, std::optional<Day> last) {
    const auto end = last.value_or(today_of(caller));
    const auto first = end.plus(1 - days);
    co_return period_of(co_await repository::period_parts(db_, caller.user_id, first, end), first, end);
}

db::Task<Period> Service::range(Caller caller, Day first, Day last) {
    if (last < first) {
        throw invalid_field({"query", "end_date"}, "value_error", {"Must not be before start_date", "Ne doit pas précéder start_date"});
    }
    if (last.since(first) >= k_max_range_days) {
        throw invalid_field({"query", "end_date"}, "value_error",
                            {"the range may have at most 366 days", "la période peut compter au plus 366 jours"});
    }
    co_return period_of(co_await repository::period_parts(db_, caller.user_id, first, last), first, last);
}

db::Task<AppStats> Service::app(Caller caller, std::string name) {
    const auto today = today_of(caller);
    const auto first = today.plus(1 - k_app_days);
    auto parts = co_await repository::app_parts(db_, caller.user_id, fold_case(name), first);
    if (parts.rows.empty()) { // perhaps it is what he calls it
        const auto key = co_await repository::app_called(db_, caller.user_id, fold_case(name));
        if (!key) throw not_found();
        parts = co_await repository::app_parts(db_, caller.user_id, *key, first);
        if (parts.rows.empty()) throw not_found();
    }
    rules::customise(parts.rows, parts.settings);
    const auto usage = rules::by_app(parts.rows).at(0);
    co_return AppStats{.app_name = usage.app_name,
                       .app_package = usage.app_package,
                       .app_category = usage.app_category,
                       .total_time = usage.total_time,
                       .sessions = usage.sessions,
                       .average_session = rules::average_minutes(usage.total_time.ms, usage.sessions),
                       .first_used = date_of(parts.first_used),
                       .last_used = date_of(parts.last_used),
                       .daily_breakdown = rules::breakdown(parts.days, first, today)};
}

db::Task<std::vector<KnownApp>> Service::apps(Caller caller) { co_return known_apps(co_await repository::apps_parts(db_, caller.user_id)); }

db::Task<KnownApp> Service::set_app(Caller caller, Origin origin, std::string name, UpdateApp change) {
    const auto now = clock_.now_ms();
    co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<KnownApp> {
        auto key = fold_case(name);
        auto parts = co_await repository::apps_parts(tx, caller.user_id);
        if (!std::ranges::contains(parts.rows, key, &rules::UsageRow::app_key)) {
            key = (co_await repository::app_called(tx, caller.user_id, key)).value_or("");
            if (!std::ranges::contains(parts.rows, key, &rules::UsageRow::app_key)) throw not_found();
        }
        auto& setting = parts.settings[key];
        const auto text = [](const auto& patch) { return patch.value ? std::optional<std::string>{patch.value->value} : std::nullopt; };
        if (change.display_name.present) setting.display_name = text(change.display_name);
        if (change.app_category.present) setting.app_category = text(change.app_category);
        repository::save_setting(tx, caller.user_id, key, setting, now);
        audit::record(tx, origin,
                      {.action = "app_updated", .message = "App named or categorised", .user_id = caller.user_id, .resource_type = "app"},
                      now);
        cache::changed(tx, topic_of(caller.user_id));
        const auto apps = known_apps(parts);
        co_return *std::ranges::find_if(apps, [&](const KnownApp& app) { return fold_case(app.app_name) == key; });
    });
}

db::Task<Totals> Service::totals(Caller caller) {
    auto parts = co_await repository::apps_parts(db_, caller.user_id);
    rules::customise(parts.rows, parts.settings);
    Totals totals;
    for (const auto& app : rules::by_app(parts.rows)) {
        if (!totals.most_used_app) totals.most_used_app = app.app_name;
        totals.total_time.ms += app.total_time.ms;
        totals.activities += app.sessions;
        ++totals.apps_used;
    }
    co_return totals;
}

db::Task<std::vector<DayTotal>> Service::days_with_data(Caller caller) {
    std::vector<DayTotal> days;
    for (const auto& day : co_await repository::all_days(db_, caller.user_id)) days.push_back({.date = {day.day}, .total_time = {day.ms}});
    co_return days;
}

void Service::forget_user(db::Transaction& tx, std::int64_t user_id) {
    repository::forget_settings(tx, user_id);
    repository::merge_devices(tx, user_id);
}

db::Task<std::optional<Place>> Service::forget_devices(db::Transaction& tx, std::int64_t user_id, Place after, int limit) {
    return repository::forget_devices(tx, user_id, after, limit);
}

} // namespace focus::activities
