// The SQL of `challenges`. Only the job's functions find deleted ones.
#pragma once

#include "core/db/column.hpp"
#include "core/db/database.hpp"
#include "features/challenges/rules.hpp"
#include "features/challenges/types.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

template <>
inline constexpr std::optional<focus::challenges::Type> focus::db::k_when_unknown<focus::challenges::Type> =
    focus::challenges::Type::minimize_time;

namespace focus::challenges {

/// The news that is being sent to the participants, step by step.
enum class News { started, ended, cancelled, deleted };

} // namespace focus::challenges

/// A name that this version does not know, because a newer one stored it, is no news.
template <>
struct focus::db::Column<std::optional<focus::challenges::News>> {
    static std::optional<focus::challenges::News> read(const Value& value) {
        using focus::challenges::News;
        const auto* text = std::get_if<std::string>(&value);
        for (std::size_t i = 0; text != nullptr && i < json::k_enum_names<News>.size(); ++i) {
            if (json::k_enum_names<News>[i] == *text) return static_cast<News>(i);
        }
        return std::nullopt;
    }
    static Value write(const std::optional<focus::challenges::News>& news) {
        return news ? Column<focus::challenges::News>::write(*news) : Value{};
    }
};

namespace focus::challenges {

/// A row as it is stored.
struct Row {
    std::int64_t id = 0;
    std::string name;
    std::optional<std::string> description;
    std::int64_t creator_id = 0;
    Type type = Type::minimize_time;
    std::vector<std::string> target_apps;
    std::int64_t target_ms = 0;
    Day start_date;
    Day end_date;
    Zone timezone;
    rules::Course course;
    bool is_public = true;
    std::optional<std::string> invitation_code;
    std::int64_t max_participants = 0;
    std::int64_t participants_count = 0;
    std::optional<std::int64_t> leader_id;
    std::optional<std::int64_t> winner_id;
    std::optional<EpochMs> deleted_at_ms;
    bool is_start_told = false;
    std::optional<News> news;
    std::int64_t news_after_user_id = 0;
    EpochMs created_at_ms = 0;
    EpochMs updated_at_ms = 0;
};

/// A challenge, and its relation to the user who reads it.
struct ViewedRow {
    Row row;
    bool is_member = false;
    std::optional<std::int64_t> my_rank;
};

[[nodiscard]] rules::Terms terms_of(const Row& row);
/// When the job has a next step; nothing: never.
[[nodiscard]] std::optional<EpochMs> next_step_at(const Row& row);

namespace repository {

/// Changes with every change of a challenge itself, but not with scores and the number of participants.
inline constexpr std::string_view k_topic = "challenges";
/// Changes when the user joins a challenge.
[[nodiscard]] inline std::string member_topic(std::int64_t user_id) { return "challenges:" + std::to_string(user_id); }

/// Returns the new row's id.
db::Query<std::int64_t> insert(const Row& row);
/// Writes all columns that may change, except the number of participants and the leader.
void update(db::Transaction& tx, const Row& row);
void remove(db::Transaction& tx, std::int64_t id);
void add_participants(db::Transaction& tx, std::int64_t id, int change);
/// Removes a user from the count of every challenge in which the user has a rank.
void uncount_ranked(db::Transaction& tx, std::int64_t user_id);
/// Deletes those without other ranked users that the user created, or took part in and whose creator is deleted.
void remove_lonely(db::Transaction& tx, std::int64_t user_id);
/// Whether the leader was `before` until now.
db::Query<bool> replace_leader(std::int64_t id, std::optional<std::int64_t> before, std::int64_t after);

db::Query<std::optional<ViewedRow>> find(std::int64_t id, std::int64_t viewer_id);
/// Locked until the transaction ends.
db::Query<std::optional<Row>> find_for_update(std::int64_t id);
db::Query<std::optional<Row>> find_by_code_for_update(std::string_view code);
/// The same for the job: deleted ones too.
db::Query<std::optional<Row>> find_any_for_update(std::int64_t id);

struct Filter {
    bool public_only = true;
    std::optional<Status> status;
    std::optional<std::string> name; // a part of it
};
db::Query<std::vector<ViewedRow>> list(const Filter& filter, Sort sort, std::int64_t viewer_id, EpochMs now, std::int64_t skip,
                                       std::int64_t limit);
db::Query<std::int64_t> count(const Filter& filter, EpochMs now);
/// All of them, also private ones, by Status.
db::Query<std::array<std::int64_t, 4>> count_by_status(EpochMs now);
/// Those that the user takes or took part in: running first, then upcoming, completed, cancelled ones.
db::Query<std::vector<ViewedRow>> list_of_user(std::int64_t user_id, std::optional<Status> status, EpochMs now, std::int64_t skip,
                                               std::int64_t limit);
db::Query<std::int64_t> count_of_user(std::int64_t user_id, std::optional<Status> status, EpochMs now);

db::Query<Record> record(std::int64_t user_id);
db::Query<Counts> counts(EpochMs now);
/// Challenges with a step that is due, the longest overdue first.
db::Query<std::vector<std::int64_t>> due(EpochMs now, int limit);
/// Challenges with ids above `after_id`, ascending.
db::Query<std::vector<std::int64_t>> ids_after(std::int64_t after_id, int limit);
/// The challenges of a creator that are neither over nor cancelled.
db::Query<std::vector<std::int64_t>> open_by_creator(std::int64_t creator_id);

} // namespace repository
} // namespace focus::challenges
