#include "app/fastapi/source.hpp"

#include "core/base/error.hpp"

#include <format>
#include <stdexcept>

namespace focus::app::fastapi {

namespace {

/// An instant of the source in milliseconds.
template <std::size_t A, std::size_t B>
consteval auto ms(const char (&column)[A], const char (&field)[B]) {
    return ", CAST(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', " + db::SqlText{column} + ") DIV 1000 AS SIGNED) AS " + field;
}
/// A time of day in minutes.
template <std::size_t A, std::size_t B>
consteval auto minute(const char (&column)[A], const char (&field)[B]) {
    return ", CAST(TIME_TO_SEC(" + db::SqlText{column} + ") DIV 60 AS SIGNED) AS " + field;
}
constexpr auto k_written = ms("created_at", "created_at_ms") + ms("updated_at", "updated_at_ms");

constexpr auto k_user_columns = "SELECT id, username, email, hashed_password, full_name, avatar_url, is_active, is_verified, "
                                "`role` = 'ADMIN' AS is_admin, daily_limit_minutes, notifications_enabled, email_reminders" +
                                k_written + ms("last_login", "last_login_ms");
// Multiplied by a double: MySQL sends a plain FLOAT with six digits only.
constexpr auto k_activity_columns = "SELECT id, user_id, app_name, app_package, app_category, duration_minutes * 1e0 AS duration_minutes, "
                                    "DATE_FORMAT(activity_date, '%Y-%m-%d') AS activity_date" +
                                    ms("start_time", "start_ms") + ms("end_time", "end_ms") + ", device_type, session_id" + k_written;
constexpr auto k_limit_columns =
    "SELECT id, user_id, app_name, app_package, app_category, is_blocked, daily_limit_minutes, current_usage_today" +
    minute("block_start_time", "block_start") + minute("block_end_time", "block_end") + ", block_on_weekends, notify_at_percentage" +
    k_written + ms("last_blocked_at", "last_blocked_at_ms") + ms("last_reset_at", "last_reset_at_ms");
constexpr auto k_challenge_columns =
    "SELECT id, creator_id, title, description, LOWER(challenge_type) AS type, LOWER(status) AS status, target_minutes" +
    ms("start_date", "starts_at_ms") + ms("end_date", "ends_at_ms") + ", max_participants, is_private, winner_id" + k_written;
constexpr auto k_participant_columns =
    "SELECT id, user_id, total_time_minutes * 1e0 AS total_time_minutes, goal_achieved, score * 1e0 AS score, `rank`" +
    ms("joined_at", "joined_at_ms") + ", is_active" + ms("updated_at", "updated_at_ms");

constexpr auto k_users = db::select<OldUser>("fastapi.users", k_user_columns + " FROM users WHERE id > ? ORDER BY id LIMIT ?");
constexpr auto k_activities =
    db::select<OldActivity>("fastapi.activities", k_activity_columns + " FROM activities WHERE id > ? ORDER BY id LIMIT ?");
constexpr auto k_limits =
    db::select<OldLimit>("fastapi.limits", k_limit_columns + " FROM blocked_apps WHERE user_id = (SELECT MIN(l.user_id) "
                                                             "FROM blocked_apps l WHERE l.user_id > ?) ORDER BY id");
constexpr auto k_challenges =
    db::select<OldChallenge>("fastapi.challenges", k_challenge_columns + " FROM challenges WHERE id > ? ORDER BY id LIMIT ?");
constexpr auto k_participants = db::select<OldParticipant>(
    "fastapi.participants",
    k_participant_columns + " FROM challenge_participants WHERE challenge_id = ? ORDER BY `rank` IS NULL, `rank`, id");
constexpr auto k_count =
    db::select<std::int64_t>("fastapi.count", "SELECT (SELECT COUNT(*) FROM users) + (SELECT COUNT(*) FROM activities) + (SELECT "
                                              "COUNT(*) FROM blocked_apps) + (SELECT COUNT(*) FROM challenges)");

constexpr auto k_probe_users = k_user_columns + " FROM users LIMIT 0";
constexpr auto k_probe_activities = k_activity_columns + " FROM activities LIMIT 0";
constexpr auto k_probe_limits = k_limit_columns + " FROM blocked_apps LIMIT 0";
constexpr auto k_probe_challenges = k_challenge_columns + " FROM challenges LIMIT 0";
constexpr auto k_probe_participants = k_participant_columns + " FROM challenge_participants LIMIT 0";
struct Probe {
    const char* table;
    db::Statement statement;
};
constexpr Probe k_probes[] = {{"users", {"fastapi.probe", k_probe_users}},
                              {"activities", {"fastapi.probe", k_probe_activities}},
                              {"blocked_apps", {"fastapi.probe", k_probe_limits}},
                              {"challenges", {"fastapi.probe", k_probe_challenges}},
                              {"challenge_participants", {"fastapi.probe", k_probe_participants}}};

} // namespace

db::Task<void> require_source(db::Session& source) {
    if (source.dialect() != db::Dialect::mysql)
        throw std::invalid_argument{"--source is the MySQL database of the FastAPI service: mysql://…"};
    for (const auto& probe : k_probes) {
        try {
            co_await source.execute(probe.statement);
        } catch (const Error&) { // the database cannot be reached
            throw;
        } catch (const std::exception& error) {
            throw std::runtime_error{
                std::format("--source is not the FastAPI service's database: table {}: {}", probe.table, error.what())};
        }
    }
}

db::Query<std::int64_t> count_rows() { return k_count.one(); }
db::Query<std::vector<OldUser>> users_after(std::int64_t after) { return k_users.all(after, k_page_rows); }
db::Query<std::vector<OldActivity>> activities_after(std::int64_t after) { return k_activities.all(after, k_page_rows); }
db::Query<std::vector<OldLimit>> limits_of_next_user(std::int64_t after_user_id) { return k_limits.all(after_user_id); }
db::Query<std::vector<OldChallenge>> challenges_after(std::int64_t after) { return k_challenges.all(after, k_page_rows); }
db::Query<std::vector<OldParticipant>> participants_of(std::int64_t challenge_id) { return k_participants.all(challenge_id); }

} // namespace focus::app::fastapi
