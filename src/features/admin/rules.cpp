#include "features/admin/rules.hpp"

#include <algorithm>
#include <cmath>

namespace focus::admin::rules {

namespace {

constexpr EpochMs k_late_ms = 10 * k_minute_ms;

} // namespace

std::vector<std::string> changed_fields(const users::User& before, const users::User& after) {
    std::vector<std::string> names;
    const auto compare = [&](const char* name, const auto& a, const auto& b) {
        if (a != b) names.emplace_back(name);
    };
    compare("email", before.email, after.email);
    compare("username", before.username, after.username);
    compare("full_name", before.full_name, after.full_name);
    compare("avatar_url", before.avatar_url, after.avatar_url);
    compare("bio", before.bio, after.bio);
    compare("role", before.role, after.role);
    compare("is_active", before.is_active, after.is_active);
    compare("is_verified", before.is_verified, after.is_verified);
    compare("language", before.language, after.language);
    compare("timezone", before.timezone, after.timezone);
    compare("daily_limit_minutes", before.daily_limit_minutes, after.daily_limit_minutes);
    compare("notifications_enabled", before.notifications_enabled, after.notifications_enabled);
    compare("email_reminders", before.email_reminders, after.email_reminders);
    compare("reminder_time", before.reminder_time.minute_of_day, after.reminder_time.minute_of_day);
    return names;
}

std::vector<GrowthDay> growth(Day today, int days, std::int64_t total, std::span<const users::AccountDay> accounts,
                              std::span<const ServiceDay> usage) {
    std::vector<GrowthDay> series(static_cast<std::size_t>(days));
    const auto first = today.plus(1 - days);
    const auto entry = [&](Day day) -> GrowthDay* {
        return day < first || day > today ? nullptr : &series[static_cast<std::size_t>(day.since(first))];
    };
    for (int i = 0; i < days; ++i) series[static_cast<std::size_t>(i)].date = {first.plus(i)};
    for (const auto& day : usage) {
        if (auto* at = entry(day.day)) at->active_users = day.users;
    }
    std::vector<std::int64_t> change(series.size()); // of the number of accounts
    for (const auto& day : accounts) {
        auto* at = entry(day.day);
        if (at == nullptr) continue;
        at->new_users = day.joined;
        change[static_cast<std::size_t>(at - series.data())] = day.joined - day.gone;
    }
    for (std::size_t i = series.size(); i > 0; --i) { // backwards from the current number
        series[i - 1].total_users = total;
        total -= change[i - 1];
    }
    return series;
}

std::optional<double> change_percent(std::int64_t now, std::int64_t before) {
    if (before == 0) return std::nullopt;
    return std::round(static_cast<double>(now - before) / static_cast<double>(before) * 10000.0) / 100.0;
}

SchedulerHealth scheduler_health(const std::vector<jobs::Status>& jobs, EpochMs now) {
    SchedulerHealth health;
    const auto time = [](std::optional<EpochMs> at) { return at && *at != 0 ? std::optional{json::Timestamp{*at}} : std::nullopt; };
    for (const auto& job : jobs) {
        const bool is_late = !job.running_on && job.next_run_ms != 0 && now - job.next_run_ms > k_late_ms;
        if (is_late || job.last_error) health.status = HealthStatus::degraded;
        if (job.running_on && !health.leader) health.leader = job.running_on;
        health.jobs.push_back({.name = job.name,
                               .last_run = time(job.last_run_ms),
                               .last_duration_ms = job.last_duration_ms,
                               .next_run = time(job.next_run_ms),
                               .last_error = job.last_error,
                               .runs = job.runs,
                               .running_on = job.running_on});
    }
    return health;
}

HealthStatus overall(HealthStatus database, std::span<const HealthStatus> others) {
    if (database == HealthStatus::unhealthy) return HealthStatus::unhealthy;
    const bool all_well =
        database == HealthStatus::healthy && std::ranges::all_of(others, [](auto status) { return status == HealthStatus::healthy; });
    return all_well ? HealthStatus::healthy : HealthStatus::degraded;
}

} // namespace focus::admin::rules
