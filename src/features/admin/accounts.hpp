// Accounts as administrators manage them: search, create, change, deactivate, delete, purge.
// Owns `purges`: deleted accounts with rows, or traces in rows, to delete. Always holds: administrators cannot remove their own rights;
// there is always an active administrator (403 `last_admin`); the audit trail has the author of each change.
#pragma once

#include "core/core.hpp"
#include "core/db/database.hpp"
#include "features/activities/service.hpp"
#include "features/admin/types.hpp"
#include "features/admin/usage_keeper.hpp"
#include "features/auth/service.hpp"
#include "features/users/service.hpp"

#include <functional>
#include <optional>

namespace focus::admin {

class Accounts {
  public:
    Accounts(const Core& core, users::Service& users, auth::Service& auth, activities::Service& activities, UsageKeeper& keeper)
        : db_{core.database}, clock_{core.clock}, users_{users}, auth_{auth}, activities_{activities}, keeper_{keeper} {}

    db::Task<users::AccountPage> list(UsersQuery query);
    /// Throws 404.
    db::Task<users::User> get(std::int64_t id) { return users_.get(id); }
    /// Throws 400 `email_taken`, `username_taken`.
    db::Task<users::User> create(Caller caller, Origin origin, Language language, NewUser input);
    /// Throws 404, 403 `last_admin`, and as create does.
    db::Task<users::User> update(Caller caller, Origin origin, std::int64_t id, UpdateUser change);
    db::Task<users::User> set_active(Caller caller, Origin origin, std::int64_t id, bool is_active);
    /// Throws 404, 403 `last_admin`.
    db::Task<void> remove(Caller caller, Origin origin, std::int64_t id, bool purge);

    /// Removes a deleted account's devices and addresses from the rows that are kept: of most accounts all of them, of
    /// large ones the first part; continue_purges() does the rest.
    db::Task<void> begin_forgetting(db::Transaction& tx, std::int64_t user_id);
    /// Continues with accounts to purge or to forget until none is left or `may_go_on` returns false.
    db::Task<void> continue_purges(std::function<bool()> may_go_on);
    /// Removes the accounts created before `before` that were never verified and recorded nothing, with all their rows;
    /// returns how many.
    db::Task<int> remove_unverified(EpochMs before, std::function<bool()> may_go_on);

  private:
    db::Task<users::User> change(Caller caller, Origin origin, std::int64_t id, std::function<void(users::User&)> apply);
    /// Where forgetting continues; nothing: that part is done.
    struct Traces {
        std::optional<activities::Place> activity = activities::Place{};
        std::optional<std::int64_t> entry = 0;
        [[nodiscard]] bool are_gone() const noexcept { return !activity && !entry; }
    };
    static db::Task<Traces> forget_some(db::Transaction& tx, std::int64_t user_id, Traces from);
    db::Task<bool> forget(std::int64_t user_id, std::function<bool()> may_go_on);
    db::Task<bool> purge(std::int64_t user_id, std::function<bool()> may_go_on);

    db::Database& db_;
    const Clock& clock_;
    users::Service& users_;
    auth::Service& auth_;
    activities::Service& activities_;
    UsageKeeper& keeper_;
};

} // namespace focus::admin
