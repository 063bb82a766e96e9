#include "app/fastapi/source.hpp"

#include "core/base/error.hpp"

#include <format>
#include <stdexcept>
#include <tuple>

namespace focus::app::fastapi {

namespace {

/// An instant of the source in milliseconds.
#define FOCUS_MS(COLUMN) "CAST(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', " #COLUMN ") DIV 1000 AS SIGNED)"
#define FOCUS_MINUTE(COLUMN) "CAST(TIME_TO_SEC(" #COLUMN ") DIV 60 AS SIGNED)"
#define FOCUS_WRITTEN ", " FOCUS_MS(created_at) ", " FOCUS_MS(updated_at)

#define FOCUS_OLD_USERS                                                                                                                    \
    "id, username, email, hashed_password, full_name, avatar_url, is_active, is_verified, `role` = 'ADMIN', daily_limit_minutes, "         \
    "notifications_enabled, email_reminders" FOCUS_WRITTEN ", " FOCUS_MS(last_login)
// Times one as a double: a FLOAT by itself is sent with six digits only.
#define FOCUS_OLD_ACTIVITIES                                                                                                               \
    "id, user_id, app_name, app_package, app_category, duration_minutes * 1e0, DATE_FORMAT(activity_date, '%Y-%m-%d'), " FOCUS_MS(         \
        start_time) ", " FOCUS_MS(end_time) ", device_type, session_id" FOCUS_WRITTEN
#define FOCUS_OLD_LIMITS                                                                                                                   \
    "id, user_id, app_name, app_package, app_category, is_blocked, daily_limit_minutes, current_usage_today, " FOCUS_MINUTE(               \
        block_start_time) ", " FOCUS_MINUTE(block_end_time) ", block_on_weekends, notify_at_percentage" FOCUS_WRITTEN                      \
                                                            ", " FOCUS_MS(last_blocked_at) ", " FOCUS_MS(last_reset_at)
#define FOCUS_OLD_CHALLENGES                                                                                                               \
    "id, creator_id, title, description, LOWER(challenge_type), LOWER(status), target_minutes, " FOCUS_MS(start_date) ", " FOCUS_MS(       \
        end_date) ", max_participants, is_private, winner_id" FOCUS_WRITTEN
#define FOCUS_OLD_PARTICIPANTS                                                                                                             \
    "id, user_id, total_time_minutes * 1e0, goal_achieved, score * 1e0, `rank`, " FOCUS_MS(joined_at) ", is_active, " FOCUS_MS(updated_at)

constexpr db::Statement k_users{"fastapi.users", "SELECT " FOCUS_OLD_USERS " FROM users WHERE id > ? ORDER BY id LIMIT ?"};
constexpr db::Statement k_activities{"fastapi.activities",
                                     "SELECT " FOCUS_OLD_ACTIVITIES " FROM activities WHERE id > ? ORDER BY id LIMIT ?"};
constexpr db::Statement k_limits{"fastapi.limits", "SELECT " FOCUS_OLD_LIMITS " FROM blocked_apps WHERE user_id = (SELECT MIN(l.user_id) "
                                                   "FROM blocked_apps l WHERE l.user_id > ?) ORDER BY id"};
constexpr db::Statement k_challenges{"fastapi.challenges",
                                     "SELECT " FOCUS_OLD_CHALLENGES " FROM challenges WHERE id > ? ORDER BY id LIMIT ?"};
constexpr db::Statement k_participants{"fastapi.participants", "SELECT " FOCUS_OLD_PARTICIPANTS " FROM challenge_participants WHERE "
                                                               "challenge_id = ? ORDER BY `rank` IS NULL, `rank`, id"};
constexpr db::Statement k_count{"fastapi.count", "SELECT (SELECT COUNT(*) FROM users) + (SELECT COUNT(*) FROM activities) + (SELECT "
                                                 "COUNT(*) FROM blocked_apps) + (SELECT COUNT(*) FROM challenges)"};

struct Probe {
    const char* table;
    const char* sql;
};
constexpr Probe k_probes[] = {{"users", "SELECT " FOCUS_OLD_USERS " FROM users LIMIT 0"},
                              {"activities", "SELECT " FOCUS_OLD_ACTIVITIES " FROM activities LIMIT 0"},
                              {"blocked_apps", "SELECT " FOCUS_OLD_LIMITS " FROM blocked_apps LIMIT 0"},
                              {"challenges", "SELECT " FOCUS_OLD_CHALLENGES " FROM challenges LIMIT 0"},
                              {"challenge_participants", "SELECT " FOCUS_OLD_PARTICIPANTS " FROM challenge_participants LIMIT 0"}};

/// A row's columns one after the other.
class Columns {
  public:
    explicit Columns(const db::Row& row) : row_{row} {}
    template <class T>
    void operator()(T& field) {
        field = row_.get<T>(at_++);
    }

  private:
    const db::Row& row_;
    std::size_t at_ = 0;
};

template <class T, class F>
std::vector<T> rows_of(const db::Result& result, F fields) {
    std::vector<T> rows;
    rows.reserve(result.rows.size());
    for (const auto& row : result.rows) {
        Columns next{row};
        std::apply([&next](auto&... field) { (next(field), ...); }, fields(rows.emplace_back()));
    }
    return rows;
}

} // namespace

db::Task<void> require_source(db::Session& source) {
    if (source.dialect() != db::Dialect::mysql)
        throw std::invalid_argument{"--source is the MySQL database of the FastAPI service: mysql://…"};
    for (const auto& probe : k_probes) {
        try {
            co_await source.run_one(db::Command::composed("fastapi.probe", probe.sql, {}));
        } catch (const Error&) { // not reachable
            throw;
        } catch (const std::exception& error) {
            throw std::runtime_error{
                std::format("--source is not the FastAPI service's database: table {}: {}", probe.table, error.what())};
        }
    }
}

db::Task<std::int64_t> count_rows(db::Session& source) { co_return (co_await source.execute(k_count)).rows.at(0).get<std::int64_t>(0); }

db::Task<std::vector<OldUser>> users_after(db::Session& source, std::int64_t after) {
    co_return rows_of<OldUser>(co_await source.execute(k_users, after, k_page_rows), [](OldUser& user) {
        return std::tie(user.id, user.username, user.email, user.hashed_password, user.full_name, user.avatar_url, user.is_active,
                        user.is_verified, user.is_admin, user.daily_limit_minutes, user.notifications_enabled, user.email_reminders,
                        user.created_at_ms, user.updated_at_ms, user.last_login_ms);
    });
}

db::Task<std::vector<OldActivity>> activities_after(db::Session& source, std::int64_t after) {
    co_return rows_of<OldActivity>(co_await source.execute(k_activities, after, k_page_rows), [](OldActivity& activity) {
        return std::tie(activity.id, activity.user_id, activity.app_name, activity.app_package, activity.app_category,
                        activity.duration_minutes, activity.activity_date, activity.start_ms, activity.end_ms, activity.device_type,
                        activity.session_id, activity.created_at_ms, activity.updated_at_ms);
    });
}

db::Task<std::vector<OldLimit>> limits_of_next_user(db::Session& source, std::int64_t after_user_id) {
    co_return rows_of<OldLimit>(co_await source.execute(k_limits, after_user_id), [](OldLimit& limit) {
        return std::tie(limit.id, limit.user_id, limit.app_name, limit.app_package, limit.app_category, limit.is_blocked,
                        limit.daily_limit_minutes, limit.current_usage_today, limit.block_start, limit.block_end, limit.block_on_weekends,
                        limit.notify_at_percentage, limit.created_at_ms, limit.updated_at_ms, limit.last_blocked_at_ms,
                        limit.last_reset_at_ms);
    });
}

db::Task<std::vector<OldChallenge>> challenges_after(db::Session& source, std::int64_t after) {
    co_return rows_of<OldChallenge>(co_await source.execute(k_challenges, after, k_page_rows), [](OldChallenge& challenge) {
        return std::tie(challenge.id, challenge.creator_id, challenge.title, challenge.description, challenge.type, challenge.status,
                        challenge.target_minutes, challenge.starts_at_ms, challenge.ends_at_ms, challenge.max_participants,
                        challenge.is_private, challenge.winner_id, challenge.created_at_ms, challenge.updated_at_ms);
    });
}

db::Task<std::vector<OldParticipant>> participants_of(db::Session& source, std::int64_t challenge_id) {
    co_return rows_of<OldParticipant>(co_await source.execute(k_participants, challenge_id), [](OldParticipant& participant) {
        return std::tie(participant.id, participant.user_id, participant.total_time_minutes, participant.goal_achieved, participant.score,
                        participant.rank, participant.joined_at_ms, participant.is_active, participant.updated_at_ms);
    });
}

} // namespace focus::app::fastapi
