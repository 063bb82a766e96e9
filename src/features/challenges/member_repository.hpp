// The SQL of `challenge_members`, `challenge_scores` and `challenge_news`.
#pragma once

#include "core/db/database.hpp"
#include "core/personal/personal.hpp"
#include "features/challenges/repository.hpp"
#include "features/challenges/rules.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace focus::challenges {

/// A user's membership in a challenge, as it is stored.
struct Member {
    std::int64_t challenge_id = 0;
    std::int64_t user_id = 0;
    Day start_date; // of the challenge when the periods were counted
    Day end_date;
    bool is_open = true;   // activities count
    bool is_ranked = true; // takes part, or did until the results were final
    rules::Standing standing;
    EpochMs joined_at_ms = 0;
    std::optional<EpochMs> left_at_ms;
};

/// A challenge in which a user's activities may count.
struct OpenChallenge {
    std::int64_t id = 0;
    std::string name;
    rules::Terms terms;
    rules::Times times;
    std::optional<std::int64_t> leader_id;
};

/// A score, and how many members have it.
struct ScoreCount {
    std::int64_t score_ms = 0;
    std::int64_t count = 0;
};

namespace member_repository {

db::Query<std::optional<Member>> find(std::int64_t challenge_id, std::int64_t user_id);
/// The same, locked until the transaction ends.
db::Query<std::optional<Member>> find_for_update(std::int64_t challenge_id, std::int64_t user_id);
/// All who are counted (or may return), locked.
db::Query<std::vector<Member>> lock_open(std::int64_t challenge_id);
/// The same without the locks.
db::Query<std::vector<Member>> list_open(std::int64_t challenge_id);
/// How many are ranked.
db::Query<std::int64_t> count_ranked(std::int64_t challenge_id);
void insert(db::Transaction& tx, const Member& member);
void update(db::Transaction& tx, const Member& member);
/// From now on nothing counts in this challenge.
void close_all(db::Transaction& tx, std::int64_t challenge_id);
/// Deletes the members up to this user with their periods.
db::Query<std::uint64_t> remove_up_to(std::int64_t challenge_id, std::int64_t user_id);

/// How many challenges the user's activities count in.
db::Query<std::int64_t> count_open(std::int64_t user_id);
db::Query<std::vector<std::int64_t>> open_challenges(std::int64_t user_id);
/// Those that may count activities of the days from `first` to `last`. Until a challenge has started, its dates may be
/// changing at the same time: it is always among them.
db::Query<std::vector<OpenChallenge>> counting(std::int64_t user_id, EpochMs now, Day first, Day last);

db::Query<rules::Periods> periods(std::int64_t challenge_id, std::int64_t user_id, int first, int last);
/// Writes these periods; those without data are deleted.
void put_periods(db::Transaction& tx, std::int64_t challenge_id, std::int64_t user_id, const rules::Periods& periods);
void delete_periods(db::Transaction& tx, std::int64_t challenge_id, std::int64_t user_id);
void delete_all_periods(db::Transaction& tx, std::int64_t challenge_id);

/// Lines of the ranking in its order, with the rank of the first.
struct Page {
    std::vector<Member> members;
    std::int64_t first_rank = 1;
};
db::Task<Page> ranking(db::Session& session, std::int64_t challenge_id, std::int64_t skip, std::int64_t limit);
/// How many are before this one in the ranking's order.
db::Query<std::int64_t> position(const Member& member);
db::Query<std::int64_t> rank(std::int64_t challenge_id, std::int64_t score_ms);
/// The first of the ranking.
db::Query<std::optional<Member>> first(std::int64_t challenge_id);
/// Scores that occur, best first.
db::Query<std::vector<ScoreCount>> scores(std::int64_t challenge_id);
/// All who are ranked (or, with `all`, ever took part), by user, after `after_user_id`.
db::Query<std::vector<Member>> next_by_user(std::int64_t challenge_id, std::int64_t after_user_id, bool all, int limit);
/// The ranked participants except one, by user.
db::Query<std::vector<std::int64_t>> others(std::int64_t challenge_id, std::int64_t except_user_id, int limit);
/// The ranks of these users in running challenges.
db::Task<std::vector<Place>> places(db::Session& session, std::vector<std::int64_t> user_ids, EpochMs now);

/// Makes sure that take_news() finds a row for this user.
void insert_news(db::Transaction& tx, std::int64_t challenge_id, std::int64_t user_id);
/// Those of `user_ids` who were not notified since `since`; they count as notified now.
db::Task<std::vector<std::int64_t>> take_news(db::Transaction& tx, std::int64_t challenge_id, std::vector<std::int64_t> user_ids,
                                              EpochMs since, EpochMs now);

/// For the user's own export: the challenges that the user created, takes part in or took part in.
[[nodiscard]] std::vector<personal::Section> personal_data(db::Database& database);

} // namespace member_repository
} // namespace focus::challenges
