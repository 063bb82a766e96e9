// The SQL of the table `users`. Rows without an e-mail are deleted accounts: no query here finds them.
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

db::Query<std::int64_t> insert(const NewUser& user, const Defaults& defaults, EpochMs now);
db::Query<std::optional<User>> find(std::int64_t id);
/// The same, locked until the transaction ends.
db::Query<std::optional<User>> find_for_update(std::int64_t id);
db::Query<std::optional<User>> find_by_email(std::string_view email_key);
db::Query<std::optional<Credentials>> credentials_by_email(std::string_view email_key);
db::Query<std::optional<Credentials>> credentials(std::int64_t id);
/// The ids of the accounts with this e-mail and with this username (0: none).
struct Holders {
    std::int64_t email = 0;
    std::int64_t username = 0;
};
db::Query<Holders> holders(std::string_view email_key, std::string_view username_key);
/// Writes every changeable field of the account.
db::Query<std::uint64_t> update(User user, EpochMs now);
void set_password(db::Transaction& tx, std::int64_t id, std::string_view hash, EpochMs now);
void set_verified(db::Transaction& tx, std::int64_t id, EpochMs now);
void set_last_login(db::Transaction& tx, std::int64_t id, EpochMs now);
/// Removes all personal data from the row.
void anonymise(db::Transaction& tx, std::int64_t id, EpochMs now);
/// Adds the account's state to the sums over all accounts, times `factor` (-1 subtracts it before a change).
void count(db::Transaction& tx, std::int64_t id, int factor, EpochMs now);
/// Ids of accounts made before `before` whose address was never verified, except administrators.
db::Query<std::vector<std::int64_t>> never_verified(EpochMs before, std::int64_t after_id, int limit);
db::Query<bool> is_never_verified(std::int64_t id);
db::Query<bool> is_removed(std::int64_t id);
/// Deletes the row of an anonymised account and the rows that refer to it.
void erase(db::Transaction& tx, std::int64_t id);
/// Active administrators except this one; their rows are locked until the transaction ends.
db::Query<std::vector<std::int64_t>> other_active_admins(std::int64_t id);
/// Those of `ids` that exist, ascending.
db::Task<std::vector<Addressee>> addressees(db::Session& session, std::vector<std::int64_t> ids);
/// Active accounts with ids above `after_id`, ascending.
db::Query<std::vector<Addressee>> addressees_after(std::int64_t after_id, int limit);
db::Query<AlertSettings> alert_settings(std::int64_t id);
/// Those of `ids` that exist.
db::Task<std::vector<User>> find_many(db::Session& session, std::vector<std::int64_t> ids);
/// Prevents others from locking the account for update until the transaction ends.
db::Query<bool> hold(std::int64_t id);
db::Query<StatusCounts> count_by_status();
/// Verified, active users whose name begins with (first) or contains `text`.
db::Query<std::vector<PublicUser>> search(std::string_view folded_text, int limit);

} // namespace focus::users::repository
