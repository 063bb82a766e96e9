// The automatic mails: the daily reminder and the weekly summary, each at the user's own time.
// Owns the table `reminders`. Always holds: each mail is queued exactly once per user and day (week), by any one
// instance; users who are not due are not read; work is done in small transactions with pauses between them.
#pragma once

#include "core/core.hpp"
#include "core/db/database.hpp"
#include "core/jobs/scheduler.hpp"
#include "core/mail/outbox.hpp"
#include "features/activities/service.hpp"
#include "features/blocking/service.hpp"
#include "features/challenges/service.hpp"
#include "features/reminders/repository.hpp"
#include "features/users/service.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace focus::reminders {

class Service {
  public:
    Service(const Core& core, users::Service& users, activities::Service& activities, blocking::Service& blocking,
            challenges::Service& challenges);

    /// Queues the mails that are due.
    db::Task<void> run(Kind kind, const jobs::Run& run);

    /// An account was saved: its next mails are due at its own time, or never.
    void follow(db::Transaction& tx, const users::User& user) const;
    /// Plans no more mails when the account is deleted.
    static void erase_user(db::Transaction& tx, std::int64_t user_id) { repository::remove(tx, user_id); }

    /// The owner of the link; nothing when the token is not valid. Deleted accounts have no valid link.
    db::Task<std::optional<users::User>> owner_of(std::string token);
    /// Turns the optional mails of the link's owner off; false when the token is not valid.
    db::Task<bool> unsubscribe(std::string token, Origin origin);

  private:
    db::Task<void> work_off(Kind kind, std::vector<repository::Due> due);
    db::Task<std::vector<mail::Message>> compose_reminders(std::vector<users::User> users, Day today);
    db::Task<std::vector<mail::Message>> compose_summaries(std::vector<users::User> users, Day monday);
    db::Task<std::map<std::int64_t, int>> streaks(const std::vector<users::User>& users, Day last);

    db::Database& db_;
    const Clock& clock_;
    users::Service& users_;
    activities::Service& activities_;
    blocking::Service& blocking_;
    challenges::Service& challenges_;
    mail::Outbox& outbox_;
    std::string frontend_url_;
};

} // namespace focus::reminders
