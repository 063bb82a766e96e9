#include "features/blocking/rules.hpp"

#include <algorithm>
#include <cmath>

namespace focus::blocking::rules {

namespace {

constexpr int k_days_ahead = 8; // a week and a day: what has no gap within them never has one

struct Span {
    EpochMs from;
    EpochMs to;
};

bool is_on(const Schedule& schedule, int weekday) {
    return std::ranges::any_of(schedule.days.items, [weekday](Weekday day) { return static_cast<int>(day) == weekday; });
}

/// The windows around `at`, from yesterday's on, merged where they touch, ascending.
std::vector<Span> windows_around(std::span<const Schedule> schedules, Zone zone, EpochMs at) {
    std::vector<Span> windows;
    const auto today = zone.day_of(at);
    for (int offset = -1; offset <= k_days_ahead; ++offset) {
        const auto day = today.plus(offset);
        for (const auto& schedule : schedules) {
            if (!is_on(schedule, day.weekday())) continue;
            const int start = schedule.start_time.minute_of_day;
            const int end = schedule.end_time.minute_of_day;
            const Span window{zone.at(day, start), zone.at(end > start ? day : day.plus(1), end)};
            if (window.from < window.to) windows.push_back(window); // else it lies in a gap of the clock
        }
    }
    std::ranges::sort(windows, {}, &Span::from);
    std::vector<Span> merged;
    for (const auto& window : windows) {
        if (!merged.empty() && window.from <= merged.back().to)
            merged.back().to = std::max(merged.back().to, window.to);
        else
            merged.push_back(window);
    }
    return merged;
}

/// Windows are computed up to k_days_ahead: one that lasts nearly as long has no end.
bool is_endless(const Span& window, EpochMs at) { return window.to - at >= 7 * k_day_ms; }

} // namespace

bool matches(const Entry& entry, std::string_view app_key, std::string_view app_package) {
    if (!entry.app_package.empty() && !app_package.empty()) return entry.app_package == app_package;
    return entry.app_key == app_key;
}

DayUsage::DayUsage(const std::vector<activities::AppTotal>& usage) {
    for (const auto& app : usage) {
        by_name_[app.app_key] += app.total_ms;
        (app.app_package.empty() ? without_package_[app.app_key] : by_package_[app.app_package]) += app.total_ms;
    }
}

std::int64_t DayUsage::of(const Entry& entry) const {
    const auto sum = [](const Sums& sums, std::string_view name) {
        const auto found = sums.find(name);
        return found == sums.end() ? 0 : found->second;
    };
    if (entry.app_package.empty()) return sum(by_name_, entry.app_key);
    return sum(by_package_, entry.app_package) + sum(without_package_, entry.app_key);
}

std::int64_t counter_ms(const Entry& entry, std::int64_t usage_ms, Day today) {
    if (entry.reset_day != today) return usage_ms;
    return std::max<std::int64_t>(0, usage_ms - entry.reset_base_ms);
}

double percent(std::int64_t part, std::int64_t whole) {
    return whole == 0 ? 100.0 : std::round(static_cast<double>(part) * 10000.0 / static_cast<double>(whole)) / 100.0;
}

Reached reached(std::int64_t limit_ms, int notify_at, std::int64_t counter_ms) {
    return {.warning = limit_ms > 0 && counter_ms * 100 >= limit_ms * notify_at, .limit = counter_ms >= limit_ms};
}

std::optional<Window> window_at(std::span<const Schedule> schedules, Zone zone, EpochMs at) {
    if (schedules.empty()) return std::nullopt;
    for (const auto& window : windows_around(schedules, zone, at)) {
        if (window.from > at) break;
        if (at < window.to) return Window{is_endless(window, at) ? std::nullopt : std::optional{window.to}};
    }
    return std::nullopt;
}

std::optional<EpochMs> next_edge(std::span<const Schedule> schedules, Zone zone, EpochMs at) {
    if (schedules.empty()) return std::nullopt;
    for (const auto& window : windows_around(schedules, zone, at)) {
        if (window.from > at) return window.from;
        if (at < window.to) return is_endless(window, at) ? std::nullopt : std::optional{window.to};
    }
    return std::nullopt;
}

EpochMs next_change(const Entry& entry, Zone zone, EpochMs at) {
    const auto midnight = zone.start_of(zone.day_of(at).plus(1));
    const auto edge = next_edge(entry.schedules, zone, at);
    return edge ? std::min(*edge, midnight) : midnight;
}

State state_of(const Entry& entry, std::int64_t usage_ms, Zone zone, EpochMs at) {
    const auto today = zone.day_of(at);
    State state;
    state.used_ms = counter_ms(entry, usage_ms, today);
    state.remaining_ms = std::max<std::int64_t>(0, entry.limit_ms - state.used_ms);
    state.usage_percentage = percent(state.used_ms, entry.limit_ms);
    if (!entry.is_active) return state;
    const auto window = window_at(entry.schedules, zone, at);
    const bool by_limit = reached(entry.limit_ms, entry.notify_at, state.used_ms).limit;
    state.is_blocked = by_limit || window;
    if (by_limit) {
        state.reason = Reason::limit;
        state.blocked_until_ms = zone.start_of(today.plus(1));
    }
    if (window) {
        if (!by_limit) state.reason = Reason::schedule;
        if (!window->ends_at_ms)
            state.blocked_until_ms.reset();
        else
            state.blocked_until_ms = std::max(state.blocked_until_ms.value_or(0), *window->ends_at_ms);
    }
    return state;
}

std::int64_t base_change(const Entry& entry, Day today, const std::optional<activities::Record>& before,
                         const std::optional<activities::Record>& after) {
    if (entry.reset_day != today) return 0;
    const auto share = [&](const std::optional<activities::Record>& record) {
        const bool counts = record && record->activity_date == today &&
                            record->created_at <= entry.last_reset_at.value_or(json::Timestamp{}) &&
                            matches(entry, record->app_key, record->app_package);
        return counts ? record->duration_minutes.ms : 0;
    };
    return share(after) - share(before);
}

} // namespace focus::blocking::rules
