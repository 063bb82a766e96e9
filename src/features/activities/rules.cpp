#include "features/activities/rules.hpp"

#include <algorithm>
#include <cmath>

namespace focus::activities::rules {

namespace {

double round2(double value) { return std::round(value * 100.0) / 100.0; }

/// More time first, then by name.
template <class T>
void sort_usage(std::vector<T>& usage, std::string T::* name) {
    std::ranges::sort(usage, [name](const T& a, const T& b) {
        return a.total_time.ms != b.total_time.ms ? a.total_time.ms > b.total_time.ms : a.*name < b.*name;
    });
}

} // namespace

void Delta::add(const Record& record, int sign) {
    auto& app = apps_[{record.day, record.app_key, record.app_package, record.app_category}];
    if (sign > 0)
        app.app_name = record.app_name;
    else if (app.app_name.empty())
        app.app_name = record.app_name;
    app.ms += sign * record.duration_ms;
    app.sessions += sign;
    auto& day = days_[record.day];
    day.ms += sign * record.duration_ms;
    day.sessions += sign;
    if (!record.start_ms || !record.end_ms) return;
    for (const auto& share : spread(record.duration_ms, *record.start_ms, *record.end_ms, record.zone)) {
        hours_[{share.day, share.hour}] += sign * share.ms;
    }
}

std::vector<HourShare> spread(std::int64_t duration_ms, EpochMs start, EpochMs end, Zone zone) {
    if (end <= start) {
        return {{zone.day_of(start), zone.minute_of_day(start) / 60, duration_ms}};
    }
    std::vector<HourShare> shares;
    const auto length = end - start; // at most a week, the duration at most a day: the products below fit
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

std::vector<AppUsage> by_app(const std::vector<UsageRow>& rows) {
    struct Sum {
        AppUsage usage;
        std::int64_t largest_ms = -1;
    };
    std::map<std::string_view, Sum> sums;
    std::int64_t total = 0;
    for (const auto& row : rows) {
        auto& sum = sums[row.app_key];
        sum.usage.total_time.ms += row.total_ms;
        sum.usage.sessions += row.sessions;
        total += row.total_ms;
        if (row.total_ms > sum.largest_ms) { // what most of the time was recorded as
            sum.largest_ms = row.total_ms;
            sum.usage.app_name = row.app_name;
            sum.usage.app_category = row.app_category;
        }
        if (!row.app_package.empty() && !sum.usage.app_package) sum.usage.app_package = row.app_package;
    }
    std::vector<AppUsage> apps;
    apps.reserve(sums.size());
    for (auto& [key, sum] : sums) {
        sum.usage.percentage = percent(sum.usage.total_time.ms, total);
        apps.push_back(std::move(sum.usage));
    }
    sort_usage(apps, &AppUsage::app_name);
    return apps;
}

std::vector<CategoryUsage> by_category(const std::vector<UsageRow>& rows) {
    std::map<std::string_view, std::int64_t> sums;
    std::int64_t total = 0;
    for (const auto& row : rows) {
        sums[row.app_category] += row.total_ms;
        total += row.total_ms;
    }
    std::vector<CategoryUsage> categories;
    categories.reserve(sums.size());
    for (const auto& [name, ms] : sums) {
        categories.push_back({.app_category = std::string{name}, .total_time = {ms}, .percentage = percent(ms, total)});
    }
    sort_usage(categories, &CategoryUsage::app_category);
    return categories;
}

} // namespace focus::activities::rules
