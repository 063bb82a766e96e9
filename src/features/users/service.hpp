// The rules of accounts: unique names, profiles, deletion. Other modules find, make and change accounts through it.
// Always holds: the change of an account is announced after the commit (on_changed), and its version is raised in the
// same transaction (topic_of), so that no cached answer stays outdated.
#pragma once

#include "core/audit/audit.hpp"
#include "core/core.hpp"
#include "core/db/database.hpp"
#include "core/personal/personal.hpp"
#include "features/users/repository.hpp"
#include "features/users/types.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace focus::db {
class Batch;
}

namespace focus::users {

using repository::Defaults;

/// The topic of cached answers that show an account.
[[nodiscard]] inline std::string topic_of(std::int64_t user_id) { return "user:" + std::to_string(user_id); }

class Service {
  public:
    Service(const Core& core, Defaults defaults) : db_{core.database}, clock_{core.clock}, defaults_{defaults} {}

    /// Throws 404.
    db::Task<User> get(std::int64_t id);
    db::Task<std::optional<User>> find_by_email(db::Session& session, std::string email);
    db::Task<std::optional<Credentials>> credentials_by_email(std::string email);
    db::Task<std::optional<Credentials>> credentials(db::Session& session, std::int64_t id);
    db::Task<std::optional<User>> find(db::Session& session, std::int64_t id);
    /// The row is locked until the transaction ends.
    db::Task<std::optional<User>> find_for_update(db::Transaction& tx, std::int64_t id);
    /// Throws 404 for deleted and inactive accounts.
    db::Task<PublicUser> public_profile(std::int64_t id);
    db::Task<std::vector<PublicUser>> search(std::string text);

    /// Those of `ids` that exist, ascending.
    db::Task<std::vector<Addressee>> addressees(db::Session& session, std::vector<std::int64_t> ids);
    /// The next active accounts by id: to process all users in steps.
    db::Task<std::vector<Addressee>> addressees_after(db::Session& session, std::int64_t after_id, int limit);

    [[nodiscard]] static db::Query<AlertSettings> alert_settings(std::int64_t id) { return repository::alert_settings(id); }
    /// The public profiles of those of `ids` that exist, by id.
    db::Task<std::map<std::int64_t, PublicUser>> public_users(db::Session& session, std::vector<std::int64_t> ids);
    /// Those of `ids` that exist, in any order.
    db::Task<std::vector<User>> find_many(db::Session& session, std::vector<std::int64_t> ids);
    /// Makes find_for_update() wait until this transaction ends; does not block another hold().
    [[nodiscard]] static db::Query<bool> hold(std::int64_t id) { return repository::hold(id); }

    db::Task<StatusCounts> count_by_status() { return db_.get(repository::count_by_status()); }

    /// Throws 400 `email_taken`, 400 `username_taken`.
    db::Task<void> require_free(db::Session& session, std::string email, std::string username, std::int64_t except_id = 0);
    /// Throws as require_free does, also for a name taken by a concurrent request (then as ConstraintError).
    db::Task<User> create(db::Transaction& tx, NewUser user);
    /// Writes all fields of the account. Throws as require_free does.
    db::Task<void> save(db::Transaction& tx, User user);
    db::Task<User> update_profile(Caller caller, Origin origin, UpdateProfile change);

    /// Changes the fields that are given; an empty text clears an optional field, as null does.
    static void apply(User& user, const UpdateProfile& change);

    /// A page of accounts for administrators.
    db::Task<AccountPage> list(AccountFilter filter, AccountSort sort, std::int64_t skip, std::int64_t limit);
    /// Adds the sums over all accounts to the batch; the result may be called after the batch has run.
    [[nodiscard]] static std::function<AccountCounts()> add_counts(db::Batch& batch);
    /// Days on which accounts were made or deleted, since `first`, ascending.
    db::Task<std::vector<AccountDay>> days(db::Session& session, Day first);

    void set_password(db::Transaction& tx, std::int64_t id, std::string_view hash);
    void mark_verified(db::Transaction& tx, std::int64_t id);
    void touch_last_login(db::Transaction& tx, std::int64_t id);

    /// Throws 403 `last_admin` when this account is the last active administrator.
    db::Task<void> require_other_admin(db::Transaction& tx, std::int64_t id);
    /// Soft delete and anonymisation in one transaction, which runs `also` too. Throws 404, 403 `last_admin`.
    db::Task<void> remove(std::int64_t id, Origin origin, std::int64_t by_user_id, std::function<void(db::Transaction&)> also = {});
    /// The next accounts by id that were made before `before` and never verified, without administrators.
    db::Task<std::vector<std::int64_t>> never_verified(EpochMs before, std::int64_t after_id, int limit) {
        return db_.get(repository::never_verified(before, after_id, limit));
    }
    /// Removes an account as remove() does, if it is still unverified.
    db::Task<bool> remove_never_verified(std::int64_t id, Origin origin, std::function<void(db::Transaction&)> also);
    /// Removes an account that the transaction has found and locked; also the last administrator.
    db::Task<void> remove_in(db::Transaction& tx, std::int64_t id, Origin origin, std::int64_t by_user_id, std::string message);
    /// Whether this is an account that was removed.
    db::Task<bool> is_removed(db::Session& session, std::int64_t id);
    /// Deletes the row of a removed account, and the rows that refer to it.
    static void erase(db::Transaction& tx, std::int64_t id);

    // Hooks, which app binds before the server starts.

    /// Runs inside the deleting transaction: modules delete what they hold on the user.
    using RemovalHook = std::function<db::Task<void>(db::Transaction&, std::int64_t user_id)>;
    void on_removed(RemovalHook hook) { removal_hooks_.push_back(std::move(hook)); }
    /// Runs inside each transaction that makes or changes an account, with the account after the change.
    using SaveHook = std::function<db::Task<void>(db::Transaction&, User)>;
    void on_saved(SaveHook hook) { save_hooks_.push_back(std::move(hook)); }
    /// Runs after every commit that changed an account.
    void on_changed(std::function<void(std::int64_t user_id)> hook) { change_hooks_.push_back(std::move(hook)); }
    /// The profile, for the user's own export.
    [[nodiscard]] personal::Section personal_data();
    /// Announces a change of the account after the commit of `tx`.
    void announce(db::Transaction& tx, std::int64_t id);

  private:
    db::Database& db_;
    const Clock& clock_;
    Defaults defaults_;
    std::vector<RemovalHook> removal_hooks_;
    std::vector<SaveHook> save_hooks_;
    std::vector<std::function<void(std::int64_t)>> change_hooks_;
};

} // namespace focus::users
