// The SQL of the table `users`. Rows without an e-mail are deleted accounts: nothing here finds them.
#pragma once

#include "core/db/database.hpp"
#include "features/users/types.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace focus::users::repository {

/// The names of the sums over all accounts (core/counters).
inline constexpr std::string_view k_joined = "users.joined";
inline constexpr std::string_view k_gone = "users.gone";
inline constexpr std::string_view k_active = "users.active";
inline constexpr std::string_view k_verified = "users.verified";

/// Preferences that a new account starts with.
struct Defaults {
    std::optional<std::int64_t> daily_limit_ms;
    int reminder_minute = 20 * 60;
};

db::Task<std::int64_t> insert(db::Session& session, const NewUser& user, const Defaults& defaults, EpochMs now);
db::Task<std::optional<User>> find(db::Session& session, std::int64_t id);
/// The same, locked until the transaction ends.
db::Task<std::optional<User>> find_for_update(db::Session& session, std::int64_t id);
db::Task<std::optional<User>> find_by_email(db::Session& session, std::string_view email_key);
db::Task<std::optional<Credentials>> credentials_by_email(db::Session& session, std::string_view email_key);
db::Task<std::optional<Credentials>> credentials(db::Session& session, std::int64_t id);
/// Whose e-mail and username these are (0: nobody's).
struct Holders {
    std::int64_t email = 0;
    std::int64_t username = 0;
};
db::Task<Holders> holders(db::Session& session, std::string_view email_key, std::string_view username_key);
/// Writes every changeable field of the account.
db::Task<void> update(db::Session& session, const User& user, EpochMs now);
void set_password(db::Transaction& tx, std::int64_t id, std::string_view hash, EpochMs now);
void set_verified(db::Transaction& tx, std::int64_t id, EpochMs now);
void set_last_login(db::Transaction& tx, std::int64_t id, EpochMs now);
/// Everything that names the person is gone afterwards.
void anonymise(db::Transaction& tx, std::int64_t id, EpochMs now);
/// Adds what the account is now to the sums over all accounts, times `factor` (-1 takes it out before a change).
void count(db::Transaction& tx, std::int64_t id, int factor, EpochMs now);
/// Ids of accounts made before `before` whose address was never verified, administrators excepted.
db::Task<std::vector<std::int64_t>> never_verified(db::Session& session, EpochMs before, std::int64_t after_id, int limit);
db::Task<bool> is_never_verified(db::Session& session, std::int64_t id);
db::Task<bool> is_removed(db::Session& session, std::int64_t id);
/// Deletes the row of an anonymised account and what belongs to it.
void erase(db::Transaction& tx, std::int64_t id);
/// Active administrators but this one; their rows are locked until the transaction ends.
db::Task<std::int64_t> other_active_admins(db::Session& session, std::int64_t id);
/// Those of `ids` that exist, ascending.
db::Task<std::vector<Addressee>> addressees(db::Session& session, std::vector<std::int64_t> ids);
/// Active accounts with ids above `after_id`, ascending.
db::Task<std::vector<Addressee>> addressees_after(db::Session& session, std::int64_t after_id, int limit);
/// A read for later rooms, which run it together with their own.
[[nodiscard]] db::Command alert_settings_command(std::int64_t id);
[[nodiscard]] AlertSettings alert_settings_of(const db::Result& result);
/// Those of `ids` that exist.
db::Task<std::vector<User>> find_many(db::Session& session, std::vector<std::int64_t> ids);
/// Keeps the account from being locked for update until the transaction ends.
[[nodiscard]] db::Command hold_command(std::int64_t id);
db::Task<StatusCounts> count_by_status(db::Session& session);
/// Verified, active users whose name begins with (first) or contains `text`.
db::Task<std::vector<PublicUser>> search(db::Session& session, std::string_view folded_text, int limit);

} // namespace focus::users::repository
