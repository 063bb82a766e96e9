// Notifications: each is stored in the transaction of its cause and pushed to the user's sockets after the commit.
// Always holds: the ids of one user grow in the order of the commits, so that "everything after id N" has neither gaps
// nor repeats; texts are in the user's language; users with notifications off still find them in the list.
#pragma once

#include "core/audit/audit.hpp"
#include "core/bus/bus.hpp"
#include "core/core.hpp"
#include "core/db/database.hpp"
#include "core/personal/personal.hpp"
#include "features/notifications/types.hpp"
#include "features/users/service.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace focus::notifications {

class Service {
  public:
    Service(const Core& core, users::Service& users) : db_{core.database}, bus_{core.bus}, clock_{core.clock}, users_{users} {}

    /// Stores a notification for the user. False when there is one with the same dedup_key, or no such user.
    db::Task<bool> add(db::Transaction& tx, std::int64_t user_id, Draft draft);
    /// The same for a user whose account was read already.
    db::Task<bool> add(db::Transaction& tx, users::Addressee to, Draft draft);
    /// The same for many, step by step; returns for how many it is new.
    db::Task<std::int64_t> add_many(db::Transaction& tx, std::vector<std::int64_t> user_ids, Draft draft);

    /// Pushes a message that matters only now: it is not stored. Safe from any thread.
    void push(users::Addressee to, const Draft& draft) const;

    db::Task<Listed> list(Caller caller, ListQuery query);
    /// Throws 404.
    db::Task<Notification> mark_read(std::int64_t user_id, std::int64_t id);
    db::Task<std::int64_t> mark_all_read(std::int64_t user_id);

    /// Sends a text to some users or to all. What does not fit into the request goes on in
    /// continue_announcements(), also after a restart.
    /// With an Idempotency-Key the answer for all users is the one kept before the first was notified.
    db::Task<Announced> announce(Caller caller, Origin origin, Language language, Announcement announcement);
    /// Continues to deliver announcements to all users until none is left or `may_go_on` returns false.
    db::Task<void> continue_announcements(std::function<bool()> may_go_on);

    /// The user's newest id; 0 without any.
    db::Task<std::int64_t> last_id(std::int64_t user_id);
    /// The notifications for sockets after `after_id`, oldest first.
    db::Task<std::vector<Notification>> pushed_after(std::int64_t user_id, std::int64_t after_id, int limit);

    /// Deletes what is older than 30 days in small steps; returns how many rows were deleted.
    db::Task<std::uint64_t> delete_old();

    /// Deletes the user's notifications when the account is deleted.
    static void erase_user(db::Transaction& tx, std::int64_t user_id);
    /// For the user's own export.
    [[nodiscard]] personal::Section personal_data();

  private:
    struct Progress {
        std::int64_t told = 0;
        bool is_done = true;
    };
    static Announced answer_of(const Progress& progress, Language language);
    db::Task<Announced> announce_to(Caller caller, Origin origin, Language language, Announcement announcement);
    db::Task<Progress> tell_next(std::int64_t announcement_id);
    void audit(db::Transaction& tx, const Origin& origin, const Caller& caller, std::string message, std::int64_t id) const;
    /// Replaces the marks of other users by their current names.
    db::Task<void> name_all(std::int64_t user_id, std::vector<Notification>& notifications);
    db::Task<std::pair<std::map<std::int64_t, std::string>, Language>> known_names(std::int64_t user_id, std::set<std::int64_t> ids);
    db::Task<std::string> named(std::int64_t user_id, std::string text);
    db::Task<std::int64_t> store(db::Transaction& tx, std::vector<users::Addressee> to, const Draft& draft);

    db::Database& db_;
    bus::Bus& bus_;
    const Clock& clock_;
    users::Service& users_;
};

} // namespace focus::notifications
