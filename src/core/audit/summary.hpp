// The audit trail in numbers: entries by day, level and action, and how many users were active. A job counts what is
// new; what it has not counted yet is counted by the query that reads the numbers.
// Owns `audit_days`, `audit_users`, `audit_last_days` and `audit_counted`. Always holds: an entry is counted once, and
// subtracted when it is deleted. Days are UTC.
#pragma once

#include "core/audit/audit.hpp"
#include "core/recount/part.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace focus::audit::summary {

/// Entries of a day with the same level and action.
struct Group {
    Day day;
    std::string level;
    std::string action;
    std::int64_t entries = 0;
};
[[nodiscard]] db::Query<std::vector<Group>> since(Day first);
/// How many users did something since that day.
[[nodiscard]] db::Query<std::int64_t> users_since(Day first);
/// All entries of these levels (empty: all) and this action (nothing: all).
[[nodiscard]] db::Query<std::int64_t> count(const std::vector<Level>& levels, const std::optional<std::string>& action);

/// Counts new entries in steps until none are left or `may_go_on` is false. An entry is counted once it has existed for
/// `settle`: until then a transaction may still add one before it.
db::Task<void> update(db::Database& database, std::function<bool()> may_go_on, std::chrono::milliseconds settle = std::chrono::seconds{30});

// For code that deletes entries:

/// Locks: no other transaction counts or deletes until this one ends.
db::Task<void> hold(db::Transaction& tx);
/// What is counted of an entry.
struct Counted {
    std::int64_t id = 0;
    EpochMs created_at_ms = 0;
    std::string level;
    std::string action;
};
/// Subtracts entries.
db::Task<void> count_out(db::Transaction& tx, std::vector<Counted> entries);
/// Users whose last entry is from before that day are not counted any more.
void forget_users_before(db::Transaction& tx, EpochMs before);

/// `audit_days`, `audit_users` and `audit_last_days` counted again. A last day later than what the trail has is right: entries
/// may have been deleted since.
[[nodiscard]] recount::Part recount_part();

} // namespace focus::audit::summary
