#include "app/fastapi/target.hpp"

#include "core/base/fold.hpp"
#include "core/db/query.hpp"
#include "core/json/json.hpp"
#include "features/blocking/repository.hpp"
#include "features/blocking/rules.hpp"

#include <algorithm>

namespace focus::app::fastapi::target {

namespace {

constexpr db::Statement k_user{
    "fastapi.insert_user",
    "INSERT INTO users (id, email, email_key, username, username_key, password_hash, full_name, full_name_key, avatar_url, role, "
    "is_active, is_verified, language, timezone, daily_limit_ms, notifications_enabled, email_reminders, reminder_minute, "
    "created_at_ms, updated_at_ms, last_login_ms, was_verified) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
// Due long ago: the first run of the job only computes the real due times.
constexpr db::Statement k_reminder{"fastapi.insert_reminder",
                                   "INSERT INTO reminders (user_id, next_reminder_ms, next_summary_ms) VALUES (?, 0, 0)"};
constexpr db::Statement k_activity{
    "fastapi.insert_activity",
    "INSERT INTO activities (id, user_id, app_name, app_key, app_package, app_category, duration_ms, activity_date, start_ms, end_ms, "
    "device_type, session_id, timezone, created_at_ms, updated_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
constexpr db::Statement k_limit{
    "fastapi.insert_limit",
    "INSERT INTO blocked_apps (id, user_id, app_name, app_key, app_package, identity, app_category, limit_ms, is_active, notify_at, "
    "schedules, schedule_announced, reset_day, reset_base_ms, last_blocked_at_ms, last_reset_at_ms, created_at_ms, updated_at_ms) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};
constexpr db::Statement k_limit_state{"fastapi.insert_limit_state",
                                      "INSERT INTO limit_states (user_id, version, timezone, next_change_ms) VALUES (?, 1, ?, ?)"};
constexpr db::Statement k_challenge{
    "fastapi.insert_challenge",
    "INSERT INTO challenges (id, name, name_key, description, creator_id, type, target_apps, target_ms, start_date, end_date, timezone, "
    "starts_at_ms, ends_at_ms, freezes_at_ms, is_public, max_participants, participants_count, winner_id, frozen_at_ms, is_start_told, "
    "created_at_ms, updated_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)"};
constexpr db::Statement k_member{
    "fastapi.insert_member", "INSERT INTO challenge_members (challenge_id, user_id, start_date, end_date, is_open, is_ranked, score_ms, "
                             "total_ms, scored, missed, joined_at_ms, left_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"};

template <class T>
std::vector<db::Value> params_of(const T& values) {
    std::vector<db::Value> params;
    for (const auto& value : values) params.push_back(db::to_value(value));
    return params;
}

db::Task<std::set<std::string>> found(db::Session& session, const char* name, std::string sql, std::vector<std::string> values) {
    if (values.empty()) co_return std::set<std::string>{};
    sql += " IN (" + db::places(values.size()) + ")";
    const auto rows = co_await session.get(db::composed<std::string>(name, std::move(sql), params_of(values)));
    co_return std::set<std::string>{rows.begin(), rows.end()};
}

void defer_all(db::Transaction& tx, const db::Statement& statement, std::vector<db::Values> rows) {
    if (rows.empty()) return;
    for (auto& command : db::for_rows(tx.dialect(), statement, std::move(rows))) tx.defer(std::move(command));
}

} // namespace

db::Task<Taken> taken(db::Session& session, std::vector<std::string> emails, std::vector<std::string> usernames) {
    Taken all;
    all.emails = co_await found(session, "fastapi.emails", "SELECT email_key FROM users WHERE email_key", std::move(emails));
    all.usernames = co_await found(session, "fastapi.usernames", "SELECT username_key FROM users WHERE username_key", std::move(usernames));
    co_return all;
}

db::Task<std::set<std::int64_t>> existing_users(db::Session& session, std::set<std::int64_t> ids) {
    if (ids.empty()) co_return std::set<std::int64_t>{};
    auto sql = "SELECT id FROM users WHERE id IN (" + db::places(ids.size()) + ")";
    const auto rows = co_await session.get(db::composed<std::int64_t>("fastapi.user_ids", std::move(sql), params_of(ids)));
    co_return std::set<std::int64_t>{rows.begin(), rows.end()};
}

void insert(db::Transaction& tx, const std::vector<Account>& accounts, int reminder_minute) {
    std::vector<db::Values> rows;
    std::vector<db::Values> reminders;
    for (const auto& [old, account] : accounts) {
        const auto& user = account.user;
        const auto full_name_key = user.full_name ? std::optional{fold_case(*user.full_name)} : std::nullopt;
        rows.push_back(db::values_of(old.id, user.email, fold_case(user.email), user.username, fold_case(user.username), user.password_hash,
                                     user.full_name, full_name_key, user.avatar_url, to_string(user.role), user.is_active, user.is_verified,
                                     to_string(user.language), user.timezone, account.daily_limit_ms, account.notifications_enabled,
                                     account.email_reminders, reminder_minute, old.created_at_ms, old.updated_at_ms, old.last_login_ms,
                                     user.is_verified)); // no other time is known
        reminders.push_back(db::values_of(old.id));
    }
    defer_all(tx, k_user, std::move(rows));
    defer_all(tx, k_reminder, std::move(reminders));
}

void insert(db::Transaction& tx, const std::vector<activities::Record>& records) {
    std::vector<db::Values> rows;
    for (const auto& record : records) {
        rows.push_back(db::values_of(record.id, record.user_id, record.app_name, record.app_key, record.app_package, record.app_category,
                                     record.duration_minutes.ms, record.activity_date.to_string(), record.start_ms, record.end_ms,
                                     record.device_type, record.session_id, record.timezone.name(), record.created_at.ms,
                                     record.updated_at.ms));
    }
    defer_all(tx, k_activity, std::move(rows));
}

void insert(db::Transaction& tx, const std::vector<blocking::Entry>& entries, EpochMs now) {
    if (entries.empty()) return;
    std::vector<db::Values> rows;
    std::optional<EpochMs> next_change;
    const auto ms = [](const std::optional<json::Timestamp>& time) { return time ? std::optional{time->ms} : std::nullopt; };
    for (const auto& entry : entries) {
        const auto reset_day = entry.reset_day ? std::optional{entry.reset_day->to_string()} : std::nullopt;
        rows.push_back(db::values_of(entry.id, entry.user_id, entry.app_name, entry.app_key, entry.app_package,
                                     blocking::repository::identity_of(entry.app_key, entry.app_package), entry.app_category,
                                     entry.limit_ms, entry.is_active, entry.notify_at, json::write(entry.schedules),
                                     entry.schedule_announced, reset_day, entry.reset_base_ms, ms(entry.last_blocked_at),
                                     ms(entry.last_reset_at), entry.created_at.ms, entry.updated_at.ms));
        const auto edge = blocking::rules::next_edge(entry.schedules, Zone{}, now);
        if (edge) next_change = std::min(next_change.value_or(*edge), *edge);
    }
    defer_all(tx, k_limit, std::move(rows));
    tx.defer(k_limit_state, entries.front().user_id, Zone{}.name(), next_change);
}

void insert(db::Transaction& tx, const challenges::Row& row, const std::vector<challenges::Member>& members) {
    const auto ranked = std::ranges::count_if(members, &challenges::Member::is_ranked);
    const auto& times = row.course.times;
    tx.defer(k_challenge, row.id, row.name, fold_case(row.name), row.description, row.creator_id, challenges::to_string(row.type), "[]",
             row.target_ms, row.start_date.to_string(), row.end_date.to_string(), row.timezone.name(), times.starts_at_ms, times.ends_at_ms,
             times.freezes_at_ms, row.is_public, row.max_participants, ranked, row.winner_id, row.course.frozen_at_ms, row.created_at_ms,
             row.updated_at_ms);
    std::vector<db::Values> rows;
    for (const auto& member : members) {
        const auto& standing = member.standing;
        rows.push_back(db::values_of(member.challenge_id, member.user_id, member.start_date.to_string(), member.end_date.to_string(),
                                     member.is_open, member.is_ranked, standing.score_ms, standing.total_ms, standing.scored,
                                     standing.missed, member.joined_at_ms, member.left_at_ms));
    }
    defer_all(tx, k_member, std::move(rows));
}

} // namespace focus::app::fastapi::target
