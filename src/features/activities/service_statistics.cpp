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
constexpr std::int64_t k_export_apps = 500; // per page

std::vector<AppUsage> named(repository::Usage usage, std::int64_t whole_ms) {
    rules::customise(usage.rows, usage.settings);
    return rules::by_app(usage.rows, whole_ms);
}

Period period_of(repository::PeriodParts parts, Day first, Day last) {
    Period period{.start_date = {first},
                  .end_date = {last},
                  .apps_used = parts.apps_used,
                  .daily_breakdown = rules::breakdown(parts.days, first, last)};
    for (const auto& day : parts.days) {
        (day.day < first ? period.previous_total : period.total_time).ms += day.total_ms;
        if (day.day >= first) period.sessions += day.sessions;
    }
    period.top_apps = named(std::move(parts.apps), period.total_time.ms);
    period.categories = rules::by_category(parts.categories, period.total_time.ms);
    period.daily_average = rules::average_minutes(period.total_time.ms, last.since(first) + 1);
    period.change_percent = rules::change_percent(period.total_time.ms, period.previous_total.ms);
    return period;
}

/// The apps as recorded, with the categories that the user has set.
std::vector<KnownApp> known_apps(const repository::AppsPage& page) {
    auto rows = page.usage.rows;
    rules::AppSettings categories = page.usage.settings;
    for (auto& [key, setting] : categories) setting.display_name.reset();
    rules::customise(rows, categories);
    std::vector<KnownApp> apps;
    for (const auto& usage : rules::by_app(rows, page.whole_ms)) {
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
        const auto& settings = page.usage.settings;
        if (const auto found = settings.find(key); found != settings.end()) app.display_name = found->second.display_name;
        const auto used = page.used.find(key);
        if (used == page.used.end()) continue;
        app.first_used = json::Date{used->second.first};
        app.last_used = json::Date{used->second.second};
    }
    return apps;
}

/// The app that is recorded under this name or has it from the user, with its folded name. Throws 404.
db::Task<std::pair<std::string, repository::AppsPage>> find_app(db::Session& session, std::int64_t user_id, std::string name) {
    auto key = fold_case(name);
    auto page = co_await repository::app(session, user_id, key);
    if (page.usage.rows.empty()) {
        key = (co_await repository::app_called(session, user_id, key)).value_or("");
        page = co_await repository::app(session, user_id, key);
        if (page.usage.rows.empty()) throw not_found();
    }
    co_return std::pair{std::move(key), std::move(page)};
}

} // namespace

db::Task<Daily> Service::daily(Caller caller, std::optional<Day> day) {
    const auto date = day.value_or(today_of(caller));
    auto parts = co_await repository::day_parts(db_, caller.user_id, date);
    const auto user = co_await users_.get(caller.user_id);
    Daily daily;
    daily.date = {date};
    daily.total_time = {parts.sums.total_ms};
    daily.sessions = parts.sums.sessions;
    daily.apps_used = parts.sums.apps;
    daily.apps = named(std::move(parts.apps), parts.sums.total_ms);
    daily.categories = rules::by_category(parts.categories, parts.sums.total_ms);
    if (!daily.apps.empty()) daily.most_used_app = daily.apps.front().app_name;
    daily.hourly.resize(24);
    for (const auto& [hour, ms] : parts.hours) daily.hourly.at(static_cast<std::size_t>(hour)).ms = ms;
    daily.previous_day_total = {parts.previous_ms};
    daily.change_percent = rules::change_percent(daily.total_time.ms, parts.previous_ms);
    daily.daily_limit_minutes = user.daily_limit_minutes;
    if (const auto limit = user.daily_limit_minutes) // a limit of zero is reached from the start
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
    auto [key, page] = co_await find_app(db_, caller.user_id, std::move(name));
    const auto days = co_await repository::app_days(db_, caller.user_id, key, first);
    const auto usage = named(std::move(page.usage), page.whole_ms).at(0);
    AppStats stats{.app_name = usage.app_name,
                   .app_package = usage.app_package,
                   .app_category = usage.app_category,
                   .total_time = usage.total_time,
                   .sessions = usage.sessions,
                   .average_session = rules::average_minutes(usage.total_time.ms, usage.sessions),
                   .first_used = {},
                   .last_used = {},
                   .daily_breakdown = rules::breakdown(days, first, today)};
    if (const auto used = page.used.find(key); used != page.used.end()) {
        stats.first_used = json::Date{used->second.first};
        stats.last_used = json::Date{used->second.second};
    }
    co_return stats;
}

db::Task<AppList> Service::apps(Caller caller, std::int64_t skip, std::int64_t limit) {
    const auto page = co_await repository::top_apps(db_, caller.user_id, skip, limit);
    co_return AppList{.items = known_apps(page), .total = page.sums.apps};
}

db::Task<KnownApp> Service::set_app(Caller caller, Origin origin, std::string name, UpdateApp change) {
    const auto now = clock_.now_ms();
    co_return co_await db_.transaction([&](db::Transaction& tx) -> db::Task<KnownApp> {
        auto [key, page] = co_await find_app(tx, caller.user_id, name);
        auto& setting = page.usage.settings[key];
        const auto text = [](const auto& patch) { return patch.value ? std::optional<std::string>{patch.value->value} : std::nullopt; };
        if (change.display_name.present) setting.display_name = text(change.display_name);
        if (change.app_category.present) setting.app_category = text(change.app_category);
        repository::save_setting(tx, caller.user_id, key, setting, now);
        audit::record(tx, origin,
                      {.action = "app_updated", .message = "App named or categorised", .user_id = caller.user_id, .resource_type = "app"},
                      now);
        cache::changed(tx, topic_of(caller.user_id));
        co_return known_apps(page).at(0);
    });
}

db::Task<Totals> Service::totals(Caller caller) {
    auto page = co_await repository::top_apps(db_, caller.user_id, 0, 1);
    Totals totals{.total_time = {page.sums.total_ms}, .activities = page.sums.sessions, .apps_used = page.sums.apps, .most_used_app = {}};
    if (const auto apps = named(std::move(page.usage), page.sums.total_ms); !apps.empty()) totals.most_used_app = apps.front().app_name;
    co_return totals;
}

db::Task<std::vector<DayTotal>> Service::days_with_data(Caller caller) {
    std::vector<DayTotal> days;
    for (const auto& day : co_await repository::latest_days(db_, caller.user_id))
        days.push_back({.date = {day.day}, .total_time = {day.total_ms}});
    co_return days;
}

db::Task<personal::Page> Service::personal_apps(std::int64_t user_id, std::string after) {
    auto page = co_await repository::apps_after(db_, user_id, after, k_export_apps);
    auto list = json::write(known_apps(page));
    co_return personal::Page{list.substr(1, list.size() - 2), std::move(page.next)};
}

void Service::forget_user(db::Transaction& tx, std::int64_t user_id) {
    repository::forget_settings(tx, user_id);
    repository::merge_devices(tx, user_id);
}

db::Task<std::optional<Place>> Service::forget_devices(db::Transaction& tx, std::int64_t user_id, Place after, int limit) {
    return repository::forget_devices(tx, user_id, after, limit);
}

} // namespace focus::activities
