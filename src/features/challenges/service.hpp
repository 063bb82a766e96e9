// Challenges: create, find, join and leave them, and their ranking.
// Always holds: the number of participants never exceeds the maximum, also with concurrent joins; after the results were
// frozen no score and no rank changes any more.
#pragma once

#include "core/audit/audit.hpp"
#include "core/core.hpp"
#include "core/db/database.hpp"
#include "core/metrics/metrics.hpp"
#include "core/personal/personal.hpp"
#include "features/activities/service.hpp"
#include "features/challenges/course_keeper.hpp"
#include "features/challenges/member_repository.hpp"
#include "features/challenges/score_keeper.hpp"
#include "features/challenges/types.hpp"
#include "features/notifications/service.hpp"
#include "features/users/service.hpp"

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace focus::challenges {

/// The cache topics of answers with a user's record in challenges: the user's memberships, and changes of
/// challenges.
[[nodiscard]] inline std::vector<std::string> topics_of(std::int64_t user_id) {
    return {repository::member_topic(user_id), std::string{repository::k_topic}};
}

class Service {
  public:
    Service(const Core& core, users::Service& users, notifications::Service& notifications);

    /// The caller takes part at once. Throws 400 `invalid_dates`, 400 `too_many_challenges`.
    db::Task<Challenge> create(Caller caller, Origin origin, NewChallenge input);
    /// Throws 404, 403 `not_a_participant` for a private one that the caller neither joined nor created.
    db::Task<Challenge> get(Caller caller, std::int64_t id);
    /// Public ones.
    db::Task<Listed> list(Caller caller, ListQuery query);
    /// Also private ones, for administrators.
    db::Task<Listed> list_all(Caller caller, ListQuery query);
    /// Those that the caller takes or took part in.
    db::Task<Listed> list_mine(Caller caller, MineQuery query);
    /// Throws as get does, 403 `not_the_creator`, 400 `invalid_dates`, `already_started`.
    db::Task<Challenge> update(Caller caller, Origin origin, std::int64_t id, UpdateChallenge change);
    /// Throws as get does, 403 `not_the_creator`, 400 `challenge_ended`.
    db::Task<Challenge> cancel(Caller caller, Origin origin, std::int64_t id);
    /// Throws 404, 403 `not_the_creator`; administrators may delete any.
    db::Task<void> remove(Caller caller, Origin origin, std::int64_t id, bool as_admin = false);

    /// Throws 404, 403 `invalid_invitation_code`, 400 `already_member`, `challenge_full`, `challenge_ended`,
    /// `too_many_challenges`.
    db::Task<Joined> join(Caller caller, Origin origin, std::int64_t id, std::string invitation_code);
    /// Throws as join does.
    db::Task<Joined> join_by_code(Caller caller, Origin origin, std::string invitation_code);
    /// Throws 404, 400 `not_a_member`.
    db::Task<void> leave(Caller caller, Origin origin, std::int64_t id);
    /// Throws as get does, and 400 `not_a_member` when the lines around a caller who takes no part are requested.
    db::Task<Ranking> leaderboard(Caller caller, std::int64_t id, LeaderboardQuery query);

    /// A user's record in challenges.
    [[nodiscard]] static db::Query<Record> record(std::int64_t user_id) { return repository::record(user_id); }
    /// How many challenges there are.
    [[nodiscard]] static db::Query<Counts> counts(EpochMs now) { return repository::counts(now); }
    /// The ranks of these users in running challenges.
    db::Task<std::vector<Place>> places(db::Session& session, std::vector<std::int64_t> user_ids);

    /// How many there are in each status, by Status.
    db::Task<std::array<std::int64_t, 4>> count_by_status();

    /// Starts and ends challenges.
    [[nodiscard]] CourseKeeper& course() noexcept { return course_; }

    /// Updates scores in the challenges that changed activities count for.
    [[nodiscard]] activities::Follower follower();
    /// The account is deleted: takes the user out of running challenges; the user's challenges without participants end.
    db::Task<void> erase_user(db::Transaction& tx, std::int64_t user_id);
    /// For the user's own export.
    [[nodiscard]] std::vector<personal::Section> personal_data();

    /// Before all rows of a user are deleted: removes the user from final results; the ranks behind move up.
    static void forget_results(db::Transaction& tx, std::int64_t user_id);
    /// Deletes the challenges of such an account that have no other participant.
    static void remove_lonely(db::Transaction& tx, std::int64_t user_id);

  private:
    db::Task<std::vector<Challenge>> to_wire(db::Session& session, Caller caller, std::vector<ViewedRow> rows);
    db::Task<Challenge> find_wire(db::Session& session, Caller caller, std::int64_t id);
    db::Task<ViewedRow> find_visible(db::Session& session, Caller caller, std::int64_t id);
    db::Task<Row> find_own_for_update(db::Transaction& tx, Caller caller, std::int64_t id);
    db::Task<Listed> list_some(Caller caller, ListQuery query, bool public_only);
    db::Task<void> move_dates(db::Transaction& tx, Row& row, Day start, Day end);
    db::Task<Joined> enter(db::Transaction& tx, const users::User& user, const Origin& origin, const Row& row);
    db::Task<Member> add_member(db::Transaction& tx, std::int64_t user_id, const Row& row);
    db::Task<void> announce_joined(db::Transaction& tx, const users::User& user, const Row& row);
    db::Task<void> drop_member(db::Transaction& tx, Row row, Member member);
    void audit(db::Transaction& tx, const Origin& origin, const Caller& caller, std::string_view action, std::string message,
               std::int64_t id) const;

    db::Database& db_;
    const Clock& clock_;
    users::Service& users_;
    notifications::Service& notifications_;
    ScoreKeeper scores_;
    CourseKeeper course_;
    metrics::Counter created_;
};

} // namespace focus::challenges
