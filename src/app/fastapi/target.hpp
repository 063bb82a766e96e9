// The SQL that writes moved rows with their old ids.
#pragma once

#include "app/fastapi/convert.hpp"
#include "core/db/database.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace focus::app::fastapi::target {

/// Those of the folded addresses and usernames that are taken.
struct Taken {
    std::set<std::string> emails;
    std::set<std::string> usernames;
};
db::Task<Taken> taken(db::Session& session, std::vector<std::string> emails, std::vector<std::string> usernames);
/// Those of the users that exist.
db::Task<std::set<std::int64_t>> existing_users(db::Session& session, std::set<std::int64_t> ids);

/// An account; the old row has its id and instants.
using Account = std::pair<OldUser, NewAccount>;
void insert(db::Transaction& tx, const std::vector<Account>& accounts, int reminder_minute);
void insert(db::Transaction& tx, const std::vector<activities::Record>& records);
/// The limits of one user, and when one of their schedules begins or ends next.
void insert(db::Transaction& tx, const std::vector<blocking::Entry>& entries, EpochMs now);
void insert(db::Transaction& tx, const challenges::Row& row, const std::vector<challenges::Member>& members);

} // namespace focus::app::fastapi::target
