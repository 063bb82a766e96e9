// The types of the challenges module: challenges, participants, and the ranking.
// Durations and points are minutes on the wire and milliseconds in code.
#pragma once

#include "core/base/days.hpp"
#include "core/json/lines.hpp"
#include "features/users/types.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace focus::challenges {

inline constexpr std::size_t k_max_target_apps = 50;
inline constexpr std::size_t k_longest_target_app = 255; // characters; a package may be as long

enum class Type { minimize_time, daily_goal, weekly_goal };
enum class Status { upcoming, active, completed, cancelled };

[[nodiscard]] std::string_view to_string(Type type) noexcept;
/// minimize_time for a name that this version doesn't know.
[[nodiscard]] Type type_of(std::string_view name) noexcept;

/// The target apps of a challenge, by name or package. On the wire an array, or one text with commas; no two differ
/// only in case.
struct TargetApps {
    std::vector<std::string> names;
};

/// A challenge as the caller sees it.
struct Challenge {
    std::int64_t id = 0;
    std::string name;
    std::optional<std::string> description;
    users::PublicUser creator;
    std::int64_t creator_id = 0;
    Type challenge_type = Type::minimize_time;
    std::vector<std::string> target_apps;
    json::Minutes target_minutes;
    json::Date start_date;
    json::Date end_date;
    std::string timezone;
    bool is_public = true;
    std::optional<std::string> invitation_code;
    std::int64_t max_participants = 0;
    std::int64_t participants_count = 0;
    Status status = Status::upcoming;
    bool is_member = false;
    std::optional<std::int64_t> my_rank;
    std::optional<users::PublicUser> winner;
    json::Timestamp results_at;
    json::Timestamp created_at;
    json::Timestamp updated_at;

    static constexpr json::FieldDoc k_docs[] = {
        {"target_minutes", "Per day, of a weekly_goal per week"},
        {"timezone", "The creator's when the challenge was made: its midnights start and end the challenge"},
        {"invitation_code", "Of a private challenge, for its participants and its creator; null for all others"},
        {"status", "`active` until the results stand (`results_at`); joining ends with `end_date`"},
        {"my_rank", "The caller's place; those with the same score share one. null: the caller does not take part"},
        {"winner", "Who was first when the results were frozen; null before, and when no participant has a point"},
        {"results_at", "When the ranking is frozen: 12 hours after the end, for late uploads"},
    };
};

struct NewChallenge {
    json::Text<3, 100> name;
    std::optional<json::Lines<0, 2000>> description;
    TargetApps target_apps;
    json::Date start_date;
    json::Date end_date;
    json::Or<bool, true> is_public;
    json::Or<Type, Type::minimize_time> challenge_type;
    json::Or<json::MinutesIn<1, 10080>, 60> target_minutes;
    json::Or<json::Integer<2, 10000>, 50> max_participants;

    static constexpr json::FieldDoc k_docs[] = {
        {"name", "", "\"No-scroll November\""},
        {"target_apps", "Names or packages, in any case", R"(["Instagram", "com.zhiliaoapp.musically"])"},
        {"end_date", "The last day, at most 366 days in all"},
        {"target_minutes", "Per day, of a weekly_goal per week"},
    };
};

/// What the creator may change.
struct UpdateChallenge {
    json::Change<json::Text<3, 100>> name;
    json::Patch<json::Lines<0, 2000>> description;
    json::Change<json::Date> start_date;
    json::Change<json::Date> end_date;

    static constexpr json::FieldDoc k_docs[] = {{"start_date", "The dates move only before the start"}};
};

struct Invitation {
    std::optional<json::Text<0, 40>> invitation_code;
};
struct RequiredInvitation {
    json::Text<1, 40> invitation_code;
};

/// A participant, as of the join.
struct Participant {
    std::int64_t challenge_id = 0;
    std::int64_t user_id = 0;
    std::string username;
    json::Timestamp joined_at;
    std::int64_t rank = 0;
    json::Minutes score;
    json::Minutes total_time_minutes;
};

struct Joined {
    std::string message;
    Participant participant;
};

/// One line of the ranking.
struct LeaderboardEntry {
    std::int64_t rank = 0;
    std::int64_t user_id = 0;
    std::string username;
    std::optional<std::string> full_name;
    std::optional<std::string> avatar_url;
    json::Minutes score;
    json::Minutes total_time_minutes;
    double daily_average = 0;
    bool goal_achieved = false;
    bool is_me = false;

    static constexpr json::FieldDoc k_docs[] = {
        {"rank", "1-1-3: those with the same score share a place, ordered by less total time, then by who joined first"},
        {"score", "Points: for minimize_time the minutes saved, else the days or weeks within the target"},
        {"total_time_minutes", "In the target apps, since the start"},
        {"daily_average", "total_time_minutes over the challenge's days so far"},
        {"goal_achieved", "There is data, and every day (week) with data is within the target so far"},
    };
};

/// The order of public challenges; a leading - is descending.
enum class SortField { created_at, start_date, end_date, participants_count };
struct Sort {
    SortField field = SortField::created_at;
    bool descending = true;
};

struct ListQuery {
    std::optional<Status> status;
    std::optional<json::Text<1, 100>> q;
    std::optional<Sort> sort;
    json::Or<json::Integer<0, INT64_MAX>, 0> skip;
    json::Or<json::Integer<1, 100>, 50> limit;

    static constexpr json::FieldDoc k_docs[] = {{"q", "A part of the name, in any case"}};
};

struct MineQuery {
    std::optional<Status> status;
    json::Or<json::Integer<0, INT64_MAX>, 0> skip;
    json::Or<json::Integer<1, 100>, 50> limit;
};

enum class Around { me };
struct LeaderboardQuery {
    std::optional<Around> around;
    json::Or<json::Integer<0, INT64_MAX>, 0> skip;
    json::Or<json::Integer<1, 100>, 50> limit;

    static constexpr json::FieldDoc k_docs[] = {{"around", "`me`: the `limit` lines around the caller; `skip` is ignored"}};
};

struct Listed {
    std::vector<Challenge> items;
    std::int64_t total = 0;
};
struct Ranking {
    std::vector<LeaderboardEntry> items;
    std::int64_t total = 0;
    std::int64_t skip = 0;
};

/// How many there are, also private ones, without deleted ones.
struct Counts {
    std::int64_t total = 0;
    std::int64_t active = 0;
    std::int64_t completed = 0;
};

/// A user's record in challenges.
struct Record {
    std::int64_t participated = 0;
    std::int64_t won = 0;
};

/// A user's running challenge, for the weekly summary.
struct Place {
    std::int64_t user_id = 0;
    std::string challenge_name;
    std::int64_t rank = 0;
    std::int64_t participants = 0;
};

/// The name that is shown for a deleted account.
using users::k_deleted_user;

} // namespace focus::challenges

template <>
struct focus::json::Codec<focus::challenges::TargetApps> {
    static void read(const Reader& in, challenges::TargetApps& out);
    static void write(std::string& out, const challenges::TargetApps& value);
    static Schema schema(Schemas& all);
};

template <>
struct focus::json::Codec<focus::challenges::Sort> {
    static void read(const Reader& in, challenges::Sort& out);
    static void write(std::string& out, const challenges::Sort& value);
    static Schema schema(Schemas& all);
};
