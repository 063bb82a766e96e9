#include "features/activities/rules.hpp"

#include <algorithm>
#include <cmath>

namespace focus::activities::rules {

namespace {

double round2(double value) { return std::round(value * 100.0) / 100.0; }

using Times = std::map<std::string_view, std::int64_t>; // ms

/// The entry with most of the time; among equals the first by name.
std::string_view most(const Times& times) {
    return std::ranges::max_element(times, {}, [](const auto& entry) { return entry.second; })->first;
}

/// More time first, then by name.
template <class T>
void sort_usage(std::vector<T>& usage, std::string T::* name) {
    std::ranges::sort(usage, [name](const T& a, const T& b) {
        return a.total_time.ms != b.total_time.ms ? a.total_time.ms > b.total_time.ms : a.*name < b.*name;
    });
}

} // namespace

Delta::AppKey Delta::key_of(const Record& record) {
    return {record.activity_date, record.app_key, record.app_package, record.app_category, record.device_type.value_or("")};
}

std::set<Day> Delta::grown_days() const {
    std::set<Day> days;
    for (const auto& [key, change] : apps_) {
        if (change.sessions > 0) days.insert(key.day);
    }
    return days;
}

void Delta::add(const Record& record, int sign) {
    auto& app = apps_[key_of(record)];
    if (sign > 0 || app.app_name.empty()) app.app_name = record.app_name;
    app.ms += sign * record.duration_minutes.ms;
    app.sessions += sign;
    auto& day = days_[record.activity_date];
    day.ms += sign * record.duration_minutes.ms;
    day.sessions += sign;
    if (!record.start_ms || !record.end_ms) return;
    for (const auto& share : spread(record.duration_minutes.ms, *record.start_ms, *record.end_ms, record.timezone)) {
        hours_[{share.day, share.hour}] += sign * share.ms;
    }
}

std::map<Delta::AppKey, Delta::AppChange> Delta::totals() const {
    std::map<AppKey, AppChange> totals;
    for (const auto& [key, change] : apps_) {
        auto& total = totals[{Day{}, key.app_key, key.app_package, key.app_category, key.device_type}];
        if (change.sessions >= 0 || total.app_name.empty()) total.app_name = change.app_name;
        total.ms += change.ms;
        total.sessions += change.sessions;
    }
    return totals;
}

std::vector<HourShare> spread(std::int64_t duration_ms, EpochMs start, EpochMs end, Zone zone) {
    if (end <= start) {
        return {{zone.day_of(start), zone.minute_of_day(start) / 60, duration_ms}};
    }
    std::vector<HourShare> shares;
    const auto length = end - start; // a week and a day at most: the products below fit
    std::int64_t given = 0;
    for (const auto& slice : zone.split_by_hour(start, end)) {
        // Rounding the running sum instead of each part makes the parts add up.
        const auto until = (duration_ms * (slice.to_ms - start) * 2 + length) / (length * 2);
        if (until > given) shares.push_back({slice.day, slice.hour, until - given});
        given = until;
    }
    return shares;
}

double percent(std::int64_t part, std::int64_t whole) {
    return whole == 0 ? 0.0 : round2(static_cast<double>(part) * 100.0 / static_cast<double>(whole));
}

std::optional<double> change_percent(std::int64_t now, std::int64_t before) {
    if (before == 0) return std::nullopt;
    return round2(static_cast<double>(now - before) * 100.0 / static_cast<double>(before));
}

double average_minutes(std::int64_t ms, std::int64_t parts) {
    return parts == 0 ? 0.0 : round2(static_cast<double>(ms) / static_cast<double>(k_minute_ms) / static_cast<double>(parts));
}

void customise(std::vector<UsageRow>& rows, const AppSettings& settings) {
    if (settings.empty()) return;
    for (auto& row : rows) {
        const auto found = settings.find(row.app_key);
        if (found == settings.end()) continue;
        if (found->second.display_name) row.app_name = *found->second.display_name;
        if (found->second.app_category) row.app_category = *found->second.app_category;
    }
}

std::vector<AppUsage> by_app(const std::vector<UsageRow>& rows, std::optional<std::int64_t> whole_ms) {
    struct Sum {
        AppUsage usage;
        Times names;
        Times packages;
        Times categories;
    };
    std::map<std::string_view, Sum> sums;
    std::int64_t total = 0;
    for (const auto& row : rows) {
        auto& sum = sums[row.app_key];
        sum.usage.total_time.ms += row.total_ms;
        sum.usage.sessions += row.sessions;
        total += row.total_ms;
        sum.names[row.app_name] += row.total_ms;
        sum.categories[row.app_category] += row.total_ms;
        if (!row.app_package.empty()) sum.packages[row.app_package] += row.total_ms;
    }
    std::vector<AppUsage> apps;
    apps.reserve(sums.size());
    for (auto& [key, sum] : sums) {
        sum.usage.app_name = most(sum.names);
        sum.usage.app_category = most(sum.categories);
        if (!sum.packages.empty()) sum.usage.app_package = most(sum.packages);
        sum.usage.percentage = percent(sum.usage.total_time.ms, whole_ms.value_or(total));
        apps.push_back(std::move(sum.usage));
    }
    sort_usage(apps, &AppUsage::app_name);
    return apps;
}

std::vector<CategoryUsage> by_category(const std::vector<UsageRow>& rows, std::optional<std::int64_t> whole_ms) {
    std::map<std::string_view, std::int64_t> sums;
    std::int64_t total = 0;
    for (const auto& row : rows) {
        sums[row.app_category] += row.total_ms;
        total += row.total_ms;
    }
    std::vector<CategoryUsage> categories;
    categories.reserve(sums.size());
    for (const auto& [name, ms] : sums) {
        categories.push_back({.app_category = std::string{name}, .total_time = {ms}, .percentage = percent(ms, whole_ms.value_or(total))});
    }
    sort_usage(categories, &CategoryUsage::app_category);
    return categories;
}

std::vector<DayTotal> breakdown(const std::vector<DayUsage>& days, Day first, Day last) {
    std::vector<DayTotal> totals;
    totals.reserve(static_cast<std::size_t>(last.since(first)) + 1);
    auto next = days.begin();
    for (auto day = first; day <= last; day = day.plus(1)) {
        while (next != days.end() && next->day < day) ++next;
        totals.push_back({.date = {day}, .total_time = {next != days.end() && next->day == day ? next->total_ms : 0}});
    }
    return totals;
}

} // namespace focus::activities::rules
