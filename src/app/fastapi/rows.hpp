// The rows of the older service (FastAPI, SQLAlchemy, MySQL), as `focus migrate-from-fastapi` reads them. Instants are
// epoch milliseconds: that service stores UTC without a zone.
#pragma once

#include "core/base/clock.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace focus::app::fastapi {

struct OldUser {
    std::int64_t id = 0;
    std::string username;
    std::string email;
    std::string hashed_password;
    std::optional<std::string> full_name;
    std::optional<std::string> avatar_url;
    bool is_active = true;
    bool is_verified = false;
    bool is_admin = false;
    std::int64_t daily_limit_minutes = 0;
    bool notifications_enabled = true;
    bool email_reminders = true;
    EpochMs created_at_ms = 0;
    EpochMs updated_at_ms = 0;
    std::optional<EpochMs> last_login_ms;
};

struct OldActivity {
    std::int64_t id = 0;
    std::int64_t user_id = 0;
    std::string app_name;
    std::optional<std::string> app_package;
    std::string app_category;
    double duration_minutes = 0;
    std::string activity_date; // YYYY-MM-DD
    std::optional<EpochMs> start_ms;
    std::optional<EpochMs> end_ms;
    std::optional<std::string> device_type;
    std::optional<std::string> session_id;
    EpochMs created_at_ms = 0;
    EpochMs updated_at_ms = 0;
};

struct OldLimit {
    std::int64_t id = 0;
    std::int64_t user_id = 0;
    std::string app_name;
    std::optional<std::string> app_package;
    std::string app_category;
    bool is_blocked = false; // at this moment; says nothing about the limit itself
    std::int64_t daily_limit_minutes = 0;
    std::int64_t current_usage_today = 0;
    std::optional<int> block_start; // minute of the day
    std::optional<int> block_end;
    bool block_on_weekends = false;
    std::int64_t notify_at_percentage = 80;
    EpochMs created_at_ms = 0;
    EpochMs updated_at_ms = 0;
    std::optional<EpochMs> last_blocked_at_ms;
    std::optional<EpochMs> last_reset_at_ms;
};

struct OldChallenge {
    std::int64_t id = 0;
    std::int64_t creator_id = 0;
    std::string title;
    std::optional<std::string> description;
    std::string type;   // minimize_time, daily_goal, weekly_goal
    std::string status; // pending, active, completed, cancelled
    std::int64_t target_minutes = 0;
    EpochMs starts_at_ms = 0;
    EpochMs ends_at_ms = 0;
    std::int64_t max_participants = 0;
    bool is_private = false;
    std::optional<std::int64_t> winner_id;
    EpochMs created_at_ms = 0;
    EpochMs updated_at_ms = 0;
};

struct OldParticipant {
    std::int64_t id = 0;
    std::int64_t user_id = 0;
    double total_time_minutes = 0;
    bool goal_achieved = false;
    double score = 0;
    std::optional<std::int64_t> rank;
    EpochMs joined_at_ms = 0;
    bool is_active = true;
    EpochMs updated_at_ms = 0;
};

} // namespace focus::app::fastapi
