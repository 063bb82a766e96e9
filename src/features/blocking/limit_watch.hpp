// LimitWatch: detects, inside the transaction that changes activities or a limit, that a counter has reached a threshold,
// and notifies the user: notification, mail, audit entry.
// Always holds: each threshold is sent at most once per entry (0: the overall limit), day and reset, also with
// concurrent transactions on several instances; an evaluation locks the entry's row, so that none is missed.
#pragma once

#include "core/core.hpp"
#include "core/mail/outbox.hpp"
#include "features/activities/service.hpp"
#include "features/blocking/counters.hpp"
#include "features/blocking/messages.hpp"
#include "features/blocking/repository.hpp"
#include "features/notifications/service.hpp"

#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace focus::blocking {

class LimitWatch {
  public:
    LimitWatch(const Core& core, users::Service& users, notifications::Service& notifications, Counters& counters);

    /// Activities have changed: the reaction evaluates the limits that they count for and pushes the live counters.
    [[nodiscard]] activities::Reaction prepare(const activities::Recorded& recorded, db::Batch& batch);

    /// What an evaluation depends on.
    struct Scene {
        std::int64_t user_id = 0;
        Zone zone;
        Day today;
        EpochMs now = 0;
        Origin origin;
    };
    /// Notifies the user of each threshold that the entry's counter has reached, once; `tx` has locked the entry. True
    /// when the entry has changed (last_blocked_at): the caller writes it.
    db::Task<bool> evaluate(db::Transaction& tx, const Scene& scene, Entry& entry, std::int64_t usage_ms,
                            const std::vector<repository::Event>& told);

  private:
    /// The thresholds of the overall limit that were sent, for recent users. It saves a query: a sent one stays sent.
    class Memory {
      public:
        rules::Reached told(std::int64_t user_id, Day day);
        void remember(std::int64_t user_id, Day day, rules::Reached reached);

      private:
        struct Known {
            Day day;
            rules::Reached reached;
        };
        std::mutex mutex_;
        std::unordered_map<std::int64_t, Known> known_;
    };

    /// What prepare() queries.
    struct Answers {
        db::Answer<users::AlertSettings> settings;
        db::Answer<std::int64_t> total_ms;
        db::Answer<bool> has_entries; // that may count one of `apps`
    };
    db::Task<void> react(db::Transaction& tx, const activities::Recorded& recorded, repository::Apps apps, Answers answers);
    db::Task<std::vector<LiveCounter>> evaluate_entries(db::Transaction& tx, const Scene& scene, const repository::Apps& apps,
                                                        const std::vector<activities::Change>& changes);
    db::Task<void> evaluate_total(db::Transaction& tx, const Scene& scene, std::int64_t used_ms, std::int64_t limit_ms);
    db::Task<bool> is_first(db::Transaction& tx, const Scene& scene, std::int64_t entry_id, std::int64_t reset_no,
                            std::string_view threshold);
    void send_mail(db::Transaction& tx, const Scene& scene, const users::User& user, const Usage& usage, std::string_view key) const;
    void audit(db::Transaction& tx, const Scene& scene, std::string_view action, std::string message, std::int64_t entry_id) const;

    const Clock& clock_;
    users::Service& users_;
    notifications::Service& notifications_;
    mail::Outbox& outbox_;
    std::string frontend_url_;
    Counters& counters_;
    Memory memory_;
};

} // namespace focus::blocking
