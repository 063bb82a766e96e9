// Reading the audit trail, and taking old entries out of it.
// Always holds: entries are deleted together with what the statistics (summary.hpp) have counted of them.
#pragma once

#include "core/audit/audit.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace focus::audit {

struct Filter {
    std::vector<Level> levels; // empty: all
    std::optional<std::string> action;
    std::optional<std::int64_t> user_id;
    std::optional<EpochMs> from_ms;
    std::optional<EpochMs> before_ms;
    std::optional<std::string> text; // a part of the message, the details or the address
};

/// Newest first.
[[nodiscard]] db::Query<std::vector<LogEntry>> list(const Filter& filter, std::int64_t skip, std::int64_t limit);
/// How many there are; with a text at most k_most_counted.
[[nodiscard]] db::Query<std::int64_t> count(const Filter& filter);
inline constexpr std::int64_t k_most_counted = 10'000;
/// The next entries by id, for a caller that reads all of them.
[[nodiscard]] db::Query<std::vector<LogEntry>> next(const Filter& filter, std::int64_t after_id, int limit);

/// Deletes entries from before `before`, the oldest first and at most `limit`; gives the number deleted.
db::Task<std::uint64_t> delete_older(db::Database& database, EpochMs before, int limit);
/// Deletes entries about what a user did, at most `limit`; gives the number deleted.
db::Task<std::uint64_t> delete_of_user(db::Database& database, std::int64_t user_id, int limit);

/// Takes addresses and agents (and the addresses in servers' answers) out of a user's entries after `after_id`, at most
/// `limit`; gives the last one that was looked at, nothing when none is left.
db::Task<std::optional<std::int64_t>> forget_origins(db::Transaction& tx, std::int64_t user_id, std::int64_t after_id, int limit);

} // namespace focus::audit
