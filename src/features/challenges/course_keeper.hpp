// CourseKeeper: changes challenges by the clock: they start, their results are frozen, participants are notified, deleted
// challenges are removed. Works in small transactions; after each, any instance can continue.
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

    /// Starts to notify the participants; the next steps continue.
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
