// CourseKeeper: what happens to challenges by the clock: they start, their results are frozen, everybody is told, deleted
// ones go. Works in small transactions, each of which leaves a state that any instance can go on from.
// Always holds: each step happens exactly once, however often and wherever it is tried.
#pragma once

#include "core/core.hpp"
#include "core/jobs/scheduler.hpp"
#include "core/mail/outbox.hpp"
#include "features/challenges/member_repository.hpp"
#include "features/challenges/messages.hpp"
#include "features/notifications/service.hpp"
#include "features/users/service.hpp"

#include <string>
#include <vector>

namespace focus::challenges {

class CourseKeeper {
  public:
    CourseKeeper(const Core& core, users::Service& users, notifications::Service& notifications);

    /// Does everything that is due.
    db::Task<void> run(const jobs::Run& run);

    /// Begins telling the participants; the next steps do it.
    void begin_news(Row& row, News news) const;

  private:
    db::Task<void> step(db::Transaction& tx, Row row);
    db::Task<void> freeze(db::Transaction& tx, Row& row);
    db::Task<void> tell_some(db::Transaction& tx, Row& row);
    db::Task<void> tell_results(db::Transaction& tx, const Row& row, const std::vector<Member>& members);
    db::Task<void> remove_some(db::Transaction& tx, const Row& row);

    db::Database& db_;
    const Clock& clock_;
    users::Service& users_;
    notifications::Service& notifications_;
    mail::Outbox& outbox_;
    std::string frontend_url_;
};

} // namespace focus::challenges
