#include "core/jobs/schedule.hpp"

#include <array>
#include <charconv>
#include <stdexcept>
#include <string>

namespace focus::jobs {

namespace {

constexpr int k_search_days = 366 * 8 + 2; // a 29 February comes within 8 years

[[noreturn]] void refuse(std::string_view text) { throw std::invalid_argument{"not a cron expression: " + std::string{text}}; }

/// Removes and returns the part before the separator.
std::string_view take(std::string_view& text, char separator) {
    const auto end = text.find(separator);
    const auto part = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return part;
}

int number(std::string_view text, int min, int max) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < min || value > max) refuse(text);
    return value;
}

/// One field: "*", "5", "1-5", "*/15", "1-10/2", or several of them with commas.
template <std::size_t N>
void parse_field(std::string_view field, int min, int max, std::bitset<N>& out) {
    if (field.empty() || field.ends_with(',')) refuse(field);
    while (!field.empty()) {
        auto steps = take(field, ',');
        const bool has_step = steps.contains('/');
        auto range = take(steps, '/');
        const int step = has_step ? number(steps, 1, max) : 1;
        int from = min;
        int to = max;
        if (range != "*") {
            const bool is_range = range.contains('-');
            from = number(take(range, '-'), min, max);
            if (is_range)
                to = number(range, from, max);
            else if (!has_step)
                to = from;
        }
        for (int value = from; value <= to; value += step) out.set(static_cast<std::size_t>(value));
    }
}

} // namespace

Schedule Schedule::every(std::chrono::milliseconds interval) {
    if (interval.count() <= 0) throw std::invalid_argument{"a job's interval must be positive"};
    return Schedule{Interval{interval.count()}};
}

Schedule Schedule::cron(std::string_view expression) {
    std::array<std::string_view, 5> fields;
    auto rest = expression;
    for (auto& field : fields) field = take(rest, ' ');
    if (!rest.empty()) refuse(expression);
    Cron cron;
    parse_field(fields[0], 0, 59, cron.minutes);
    parse_field(fields[1], 0, 23, cron.hours);
    parse_field(fields[2], 1, 31, cron.days);
    parse_field(fields[3], 1, 12, cron.months);
    std::bitset<8> weekdays;
    parse_field(fields[4], 0, 7, weekdays);
    for (std::size_t day = 0; day < 8; ++day) cron.weekdays[day % 7] = cron.weekdays[day % 7] || weekdays[day];
    cron.any_day = fields[2] == "*";
    cron.any_weekday = fields[4] == "*";
    if (cron.next_after(0) == 0) refuse(expression);
    return Schedule{cron};
}

bool Schedule::Cron::matches(std::chrono::sys_days at) const {
    const std::chrono::year_month_day date{at};
    if (!months[static_cast<unsigned>(date.month())]) return false;
    const bool day = days[static_cast<unsigned>(date.day())];
    const bool weekday = weekdays[std::chrono::weekday{at}.c_encoding()];
    if (any_day) return weekday;
    if (any_weekday) return day;
    return day || weekday;
}

EpochMs Schedule::Cron::next_after(EpochMs at) const {
    namespace chrono = std::chrono;
    const auto first =
        chrono::floor<chrono::minutes>(chrono::sys_time<chrono::milliseconds>{chrono::milliseconds{at}}) + chrono::minutes{1};
    auto day = chrono::floor<chrono::days>(first);
    auto minute = static_cast<std::size_t>((first - day).count());
    for (int searched = 0; searched < k_search_days; ++searched, day += chrono::days{1}, minute = 0) {
        if (!matches(day)) continue;
        for (; minute < 24 * 60; ++minute) {
            if (!hours[minute / 60] || !minutes[minute % 60]) continue;
            const chrono::milliseconds found = day.time_since_epoch() + chrono::minutes{minute};
            return found.count();
        }
    }
    return 0;
}

EpochMs Schedule::next_after(EpochMs at) const {
    if (const auto* interval = std::get_if<Interval>(&rule_)) return (at / interval->length_ms + 1) * interval->length_ms;
    return std::get<Cron>(rule_).next_after(at);
}

} // namespace focus::jobs
