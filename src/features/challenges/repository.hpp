// The SQL of `challenges`. Deleted ones are found by the job's functions only.
#pragma once

#include "core/db/database.hpp"
#include "features/challenges/rules.hpp"
#include "features/challenges/types.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace focus::challenges {

/// What the participants are being told, step by step.
enum class News { started, ended, cancelled, deleted };

/// A row as it is stored.
struct Row {
    std::int64_t id = 0;
    std::string name;
    std::optional<std::string> description;
    std::int64_t creator_id = 0;
    Type type = Type::minimize_time;
    std::vector<std::string> target_apps;
    std::int64_t target_ms = 0;
    Day start;
    Day end;
    Zone zone;
    rules::Course course;
    bool is_public = true;
    std::optional<std::string> invitation_code;
    std::int64_t max_participants = 0;
    std::int64_t participants_count = 0;
    std::int64_t leader_id = 0; // 0: nobody
    std::int64_t winner_id = 0; // 0: nobody
    std::optional<EpochMs> deleted_at_ms;
    bool is_start_told = false;
    std::optional<News> news;
    std::int64_t news_after_user_id = 0;
    EpochMs created_at_ms = 0;
    EpochMs updated_at_ms = 0;
    // of whoever looks
    bool is_member = false;
    std::optional<std::int64_t> my_rank;
};

[[nodiscard]] rules::Terms terms_of(const Row& row);
/// When the job has something to do next; nothing: never.
[[nodiscard]] std::optional<EpochMs> next_step_at(const Row& row);

namespace repository {

/// Changes with every change of a challenge itself; scores and the number of participants are not part of it.
inline constexpr std::string_view k_topic = "challenges";
/// Changes when the user joins a challenge.
[[nodiscard]] inline std::string member_topic(std::int64_t user_id) { return "challenges:" + std::to_string(user_id); }

/// Gives the new row's id.
db::Task<std::int64_t> insert(db::Transaction& tx, const Row& row);
/// Writes all that may change but the number of participants and the leader.
void update(db::Transaction& tx, const Row& row);
void remove(db::Transaction& tx, std::int64_t id);
void add_participants(db::Transaction& tx, std::int64_t id, int change);
/// Counts a user out of every challenge that he has a rank in.
void uncount_ranked(db::Transaction& tx, std::int64_t user_id);
/// Deletes those that the user made, or in which he took part and whose creator is gone, when nobody else is ranked.
void remove_lonely(db::Transaction& tx, std::int64_t user_id);
/// Whether the leader was `before` until now.
db::Task<bool> replace_leader(db::Transaction& tx, std::int64_t id, std::int64_t before, std::int64_t after);

db::Task<std::optional<Row>> find(db::Session& session, std::int64_t id, std::int64_t viewer_id);
/// Locked until the transaction ends.
db::Task<std::optional<Row>> find_for_update(db::Transaction& tx, std::int64_t id);
db::Task<std::optional<Row>> find_by_code_for_update(db::Transaction& tx, std::string code);
/// The same for the job: deleted ones too.
db::Task<std::optional<Row>> find_any_for_update(db::Transaction& tx, std::int64_t id);

struct Filter {
    bool public_only = true;
    std::optional<Status> status;
    std::optional<std::string> name; // a part of it
};
db::Task<std::vector<Row>> list(db::Session& session, Filter filter, Sort sort, std::int64_t viewer_id, EpochMs now, std::int64_t skip,
                                std::int64_t limit);
db::Task<std::int64_t> count(db::Session& session, Filter filter, EpochMs now);
/// All of them, private ones too, by Status.
db::Task<std::array<std::int64_t, 4>> count_by_status(db::Session& session, EpochMs now);
/// What the user takes or took part in: running ones first, then those to come, the completed, the cancelled.
db::Task<std::vector<Row>> list_of_user(db::Session& session, std::int64_t user_id, std::optional<Status> status, EpochMs now,
                                        std::int64_t skip, std::int64_t limit);
db::Task<std::int64_t> count_of_user(db::Session& session, std::int64_t user_id, std::optional<Status> status, EpochMs now);

[[nodiscard]] db::Command record_command(std::int64_t user_id);
[[nodiscard]] Record record_of(const db::Result& result);

[[nodiscard]] db::Command counts_command(EpochMs now);
[[nodiscard]] Counts counts_of(const db::Result& result);
/// Challenges with a step that is due, the longest overdue first.
db::Task<std::vector<std::int64_t>> due(db::Session& session, EpochMs now, int limit);
/// Challenges with ids above `after_id`, ascending.
db::Task<std::vector<std::int64_t>> ids_after(db::Session& session, std::int64_t after_id, int limit);
/// Of the challenges that somebody made, those that are neither over nor cancelled.
db::Task<std::vector<std::int64_t>> open_by_creator(db::Session& session, std::int64_t creator_id);

} // namespace repository
} // namespace focus::challenges
