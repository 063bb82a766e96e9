// ScoreKeeper: updates the scores of challenges inside the transactions that change activities, and sends news of a new
// leader.
// Always holds: a participant's row is locked while its periods change, and a join waits for the user's activities that
// are being written (and they for it): nothing is counted twice or missed. A user in no challenge costs one read.
#pragma once

#include "core/core.hpp"
#include "features/activities/service.hpp"
#include "features/challenges/member_repository.hpp"
#include "features/notifications/service.hpp"

#include <vector>

namespace focus::challenges {

class ScoreKeeper {
  public:
    ScoreKeeper(const Core& core, users::Service& users, notifications::Service& notifications);

    /// Activities have changed: reads the challenges that they count for; the reaction updates the scores.
    [[nodiscard]] activities::Reaction prepare(const activities::Recorded& recorded, db::Batch& batch);

    /// Counts everything that the members have recorded on the days of the challenge. Their rows (or their accounts) are
    /// locked. Sets their standing; new members get only periods.
    db::Task<void> recount(db::Transaction& tx, rules::Terms terms, std::vector<Member*> members);

    /// Of `user_ids`, those who may get optional news of the challenge now; they count as notified.
    db::Task<std::vector<std::int64_t>> take_news(db::Transaction& tx, std::int64_t challenge_id, rules::Times times,
                                                  std::vector<std::int64_t> user_ids);

  private:
    struct Affected;
    db::Task<void> react(db::Transaction& tx, const activities::Recorded& recorded, std::vector<OpenChallenge> open);
    db::Task<std::vector<Affected>> lock_affected(db::Transaction& tx, std::vector<OpenChallenge> open,
                                                  const activities::Recorded& recorded);
    db::Task<void> refresh_leaders(db::Transaction& tx, std::vector<OpenChallenge> moved);
    db::Task<void> announce_leader(db::Transaction& tx, const OpenChallenge& challenge, std::int64_t former_id, std::int64_t leader_id);

    const Clock& clock_;
    users::Service& users_;
    notifications::Service& notifications_;
};

} // namespace focus::challenges
