#include "features/challenges/rules.hpp"

#include "features/challenges/errors.hpp"

#include "core/base/error.hpp"
#include "core/base/fold.hpp"

#include <algorithm>

namespace focus::challenges::rules {

namespace {

constexpr int k_week = 7;

/// Weeks that the end shortens have a proportional target.
std::int64_t target_of(const Terms& terms, int period) {
    if (terms.type != Type::weekly_goal) return terms.target_ms;
    const int days = std::min(k_week, terms.end.since(terms.start) + 1 - period * k_week);
    return (terms.target_ms * days * 2 + k_week) / (2 * k_week); // to the nearest
}

bool is_missed(const Terms& terms, int number, const Period& period) {
    return period.sessions > 0 && period.used_ms > target_of(terms, number);
}

std::int64_t points(const Terms& terms, int number, const Period& period) {
    if (period.sessions == 0) return 0;
    const auto left = target_of(terms, number) - period.used_ms;
    if (terms.type == Type::minimize_time) return std::max<std::int64_t>(0, left);
    return left >= 0 ? k_point_ms : 0;
}

void add(Standing& standing, const Terms& terms, int number, const Period& period, int sign) {
    standing.score_ms += sign * points(terms, number, period);
    standing.total_ms += sign * period.used_ms;
    standing.scored += period.sessions > 0 ? sign : 0;
    standing.missed += is_missed(terms, number, period) ? sign : 0;
}

} // namespace

std::vector<std::string> keys_of(const std::vector<std::string>& names) {
    std::vector<std::string> keys;
    keys.reserve(names.size());
    for (const auto& name : names) keys.push_back(fold_case(name));
    return keys;
}

bool is_target(const Terms& terms, std::string_view app_key, std::string_view app_package) {
    if (std::ranges::contains(terms.target_keys, app_key)) return true;
    return !app_package.empty() && std::ranges::contains(terms.target_keys, fold_case(app_package));
}

std::optional<int> period_of(const Terms& terms, Day day) {
    if (day < terms.start || day > terms.end) return std::nullopt;
    const int number = day.since(terms.start);
    return terms.type == Type::weekly_goal ? number / k_week : number;
}

Periods changes_of(const Terms& terms, const Signed& records) {
    Periods changes;
    for (const auto& [record, sign] : records) {
        const auto number = period_of(terms, record->activity_date);
        if (!number) continue;
        auto& change = changes[*number];
        change.sessions += sign;
        if (is_target(terms, record->app_key, record->app_package)) change.used_ms += sign * record->duration_minutes.ms;
    }
    std::erase_if(changes, [](const auto& change) { return change.second == Period{}; });
    return changes;
}

Periods periods_of(const Terms& terms, const std::vector<activities::TargetDay>& days) {
    Periods periods;
    for (const auto& day : days) {
        const auto number = period_of(terms, day.day);
        if (!number) continue;
        auto& period = periods[*number];
        period.sessions += day.sessions;
        period.used_ms += day.target_ms;
    }
    return periods;
}

void replace(Standing& standing, const Terms& terms, int period, const Period& was, const Period& is) {
    add(standing, terms, period, was, -1);
    add(standing, terms, period, is, +1);
}

Standing standing_of(const Terms& terms, const Periods& periods) {
    Standing standing;
    for (const auto& [number, period] : periods) add(standing, terms, number, period, +1);
    return standing;
}

bool goal_achieved(const Standing& standing) { return standing.scored > 0 && standing.missed == 0; }

Times times_of(Day start, Day end, Zone zone) {
    const auto ends_at = zone.start_of(end.plus(1));
    return {.starts_at_ms = zone.start_of(start), .ends_at_ms = ends_at, .freezes_at_ms = ends_at + k_grace_ms};
}

void require_dates(Day start, Day end, Day today) {
    const auto refuse = [](Text message) { throw Error{k_invalid_dates.saying(message)}; };
    if (end < start) refuse({"The end lies before the start.", "La fin précède le début."});
    if (end < today) refuse({"The end lies in the past.", "La fin est déjà passée."});
    if (end.since(start) + 1 > k_longest_days) {
        refuse({"A challenge lasts at most 366 days.", "Un défi dure au plus 366 jours."});
    }
}

Status status_at(const Course& course, EpochMs now) {
    if (course.cancelled_at_ms) return Status::cancelled;
    if (course.frozen_at_ms) return Status::completed;
    return now < course.times.starts_at_ms ? Status::upcoming : Status::active;
}

bool may_tell(const Times& times, EpochMs now) {
    const auto shortly_before = [now](EpochMs at) { return now < at && now >= at - k_news_pause_ms; };
    return !shortly_before(times.starts_at_ms) && !shortly_before(times.freezes_at_ms);
}

int days_so_far(Day start, Day end, Day today) { return std::clamp(today.since(start) + 1, 1, end.since(start) + 1); }

std::string tidy_code(std::string_view typed) {
    std::string code;
    for (const char c : typed) {
        if (c == ' ' || c == '-') continue;
        code += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return code;
}

} // namespace focus::challenges::rules
