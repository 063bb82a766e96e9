#include "app/fastapi/convert.hpp"

#include "core/base/error.hpp"
#include "core/base/fold.hpp"
#include "core/json/json.hpp"
#include "features/activities/recording.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <format>

namespace focus::app::fastapi {

namespace {

constexpr std::int64_t k_most_minutes = 1440; // per day
constexpr std::size_t k_shortest_name = 3;
constexpr std::size_t k_longest_name = 50;
constexpr std::size_t k_hash_length = 60;

/// The text as a T, by the rules for what clients send; nothing when it is invalid.
template <class T>
std::optional<T> accepted(const std::string& text) {
    try {
        return json::parse<T>(json::write(text));
    } catch (const Error&) {
        return std::nullopt;
    }
}

template <class T>
std::optional<T> accepted(const std::optional<std::string>& text) {
    return text ? accepted<T>(*text) : std::nullopt;
}

/// An optional text; a text that is given but invalid is reported.
template <class T>
std::optional<std::string> optional_text(std::string_view name, const std::optional<std::string>& text, const Tell& tell) {
    if (!text || text->empty()) return std::nullopt;
    const auto read = accepted<T>(*text);
    if (!read) {
        tell(std::format("{} is left out: it is not valid", name));
        return std::nullopt;
    }
    return read->value.empty() ? std::nullopt : std::optional{read->value};
}

/// Whether the text is a bcrypt hash in the common format.
bool is_bcrypt(std::string_view hash) { return hash.size() == k_hash_length && hash.starts_with("$2") && hash[3] == '$' && hash[6] == '$'; }

/// A valid username, made from one that may contain any characters.
std::string tidy_username(const std::string& name) {
    std::string tidy;
    for (const char c : name) {
        const bool is_continuation = (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
        const bool is_good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (!is_continuation) tidy += is_good ? c : '_';
    }
    tidy.resize(std::clamp(tidy.size(), k_shortest_name, k_longest_name), '_');
    return tidy;
}

std::int64_t limit_ms(std::int64_t minutes, const Tell& tell) {
    const auto kept = std::clamp<std::int64_t>(minutes, 0, k_most_minutes);
    if (kept != minutes) tell(std::format("daily_limit_minutes is {} instead of {}", kept, minutes));
    return kept * k_minute_ms;
}

std::vector<blocking::Schedule> schedules_of(const OldLimit& old, const Tell& tell) {
    using enum blocking::Weekday;
    if (!old.block_start && !old.block_end) return {};
    if (!old.block_start || !old.block_end || *old.block_start == *old.block_end) {
        tell("its window is left out: it has no start, no end, or both are the same");
        return {};
    }
    blocking::Schedule schedule{.days = {{mon, tue, wed, thu, fri}}, .start_time = {*old.block_start}, .end_time = {*old.block_end}};
    if (old.block_on_weekends) schedule.days.items.insert(schedule.days.items.end(), {sat, sun});
    return {schedule};
}

} // namespace

std::int64_t exact_ms(double float_minutes) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), static_cast<float>(float_minutes)).ptr;
    double minutes = 0;
    std::from_chars(text.data(), end, minutes);
    return static_cast<std::int64_t>(std::llround(minutes * static_cast<double>(k_minute_ms)));
}

NewAccount convert(const OldUser& old, const Tell& tell) {
    NewAccount account;
    auto& user = account.user;
    const auto email = accepted<json::EmailAddress>(old.email);
    if (!email) throw NotMovable{"the e-mail address is not valid"};
    user.email = email->value;
    user.username = old.username;
    if (!accepted<users::Username>(old.username)) {
        user.username = tidy_username(old.username);
        tell("the username is " + user.username + " now: it had characters or a length that usernames don't have");
    }
    if (is_bcrypt(old.hashed_password))
        user.password_hash = old.hashed_password;
    else
        tell("the password is not bcrypt: a new one has to be asked for by mail");
    user.full_name = optional_text<json::Text<0, 100>>("full_name", old.full_name, tell);
    user.avatar_url = optional_text<json::HttpUrl>("avatar_url", old.avatar_url, tell);
    user.role = old.is_admin ? Role::admin : Role::user;
    user.is_active = old.is_active;
    user.is_verified = old.is_verified;
    if (old.daily_limit_minutes > 0) account.daily_limit_ms = limit_ms(old.daily_limit_minutes, tell);
    account.notifications_enabled = old.notifications_enabled;
    account.email_reminders = old.email_reminders;
    return account;
}

activities::Record convert(const OldActivity& old, const Tell& tell) {
    activities::NewActivity input;
    const auto name = accepted<json::Text<1, 100>>(old.app_name);
    if (!name) throw NotMovable{"app_name is empty or has control characters"};
    const auto day = Day::parse(old.activity_date);
    if (!day) throw NotMovable{"activity_date is no date"};
    if (old.duration_minutes < 0) throw NotMovable{"duration_minutes is negative"};
    if (old.duration_minutes > static_cast<double>(k_most_minutes)) throw NotMovable{"duration_minutes is more than a day"};
    input.app_name = *name;
    input.app_package = accepted<json::Text<0, 255>>(old.app_package);
    input.app_category = accepted<json::Text<0, 50>>(old.app_category);
    input.duration_minutes.value.ms = exact_ms(old.duration_minutes);
    input.activity_date = json::Date{*day};
    if (old.start_ms) input.start_time = json::Timestamp{*old.start_ms};
    if (old.end_ms) input.end_time = json::Timestamp{*old.end_ms};
    input.device_type = accepted<json::Text<0, 50>>(old.device_type);
    input.session_id = accepted<json::Text<0, 100>>(old.session_id);
    Caller owner;
    owner.user_id = old.user_id;
    auto record = activities::to_record(owner, input, old.created_at_ms);
    record.id = old.id;
    record.updated_at = {old.updated_at_ms};
    try {
        activities::require_times(record, {});
    } catch (const Error&) {
        tell("start_time and end_time are left out: they contradict each other");
        record.start_ms.reset();
        record.end_ms.reset();
    }
    return record;
}

blocking::Entry convert(const OldLimit& old, const Tell& tell) {
    const auto name = accepted<json::Text<1, 100>>(old.app_name);
    if (!name) throw NotMovable{"app_name is empty or has control characters"};
    blocking::Entry entry;
    entry.id = old.id;
    entry.user_id = old.user_id;
    entry.app_name = name->value;
    entry.app_key = fold_case(name->value);
    if (const auto package = accepted<json::Text<0, 255>>(old.app_package)) entry.app_package = package->value;
    if (const auto category = accepted<json::Text<1, 50>>(old.app_category)) entry.app_category = category->value;
    entry.limit_ms = limit_ms(old.daily_limit_minutes, tell);
    entry.notify_at = static_cast<int>(std::clamp<std::int64_t>(old.notify_at_percentage, 1, 100));
    entry.schedules = schedules_of(old, tell);
    if (old.last_blocked_at_ms) entry.last_blocked_at = json::Timestamp{*old.last_blocked_at_ms};
    if (old.last_reset_at_ms) entry.last_reset_at = json::Timestamp{*old.last_reset_at_ms};
    entry.created_at = {old.created_at_ms};
    entry.updated_at = {old.updated_at_ms};
    return entry;
}

challenges::Row convert(const OldChallenge& old, const Tell& tell) {
    if (old.status == "cancelled") throw NotMovable{"it was cancelled"};
    if (old.status != "completed") throw NotMovable{"it is not over (" + old.status + "): let it end, or make it again"};
    const auto name = accepted<json::Text<1, 100>>(old.title);
    if (!name) throw NotMovable{"title is empty or has control characters"};
    challenges::Row row;
    row.id = old.id;
    row.name = name->value;
    row.description = optional_text<json::Text<0, 2000>>("description", old.description, tell);
    row.creator_id = old.creator_id;
    row.type = challenges::type_of(old.type);
    row.target_ms = std::max<std::int64_t>(0, old.target_minutes) * k_minute_ms;
    row.start_date = row.timezone.day_of(old.starts_at_ms);
    row.end_date = std::max(row.start_date, row.timezone.day_of(old.ends_at_ms));
    row.course.times = challenges::rules::times_of(row.start_date, row.end_date, row.timezone);
    row.course.frozen_at_ms = std::max(old.updated_at_ms, old.ends_at_ms);
    row.is_public = !old.is_private;
    row.max_participants = old.max_participants;
    row.is_start_told = true;
    row.winner_id = old.winner_id;
    row.created_at_ms = old.created_at_ms;
    row.updated_at_ms = old.updated_at_ms;
    return row;
}

challenges::Member convert(const OldParticipant& old, const challenges::Row& challenge) {
    challenges::Member member{.challenge_id = challenge.id,
                              .user_id = old.user_id,
                              .start_date = challenge.start_date,
                              .end_date = challenge.end_date,
                              .is_open = false,
                              .is_ranked = old.is_active,
                              .joined_at_ms = old.joined_at_ms};
    auto& standing = member.standing;
    standing.score_ms = exact_ms(std::max(0.0, old.score)); // in both services a point is a minute saved
    standing.total_ms = exact_ms(std::max(0.0, old.total_time_minutes));
    standing.scored = challenge.end_date.since(challenge.start_date) + 1;
    standing.missed = old.goal_achieved ? 0 : 1;
    if (!old.is_active) member.left_at_ms = old.updated_at_ms;
    return member;
}

} // namespace focus::app::fastapi
