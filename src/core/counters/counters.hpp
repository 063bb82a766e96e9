// Counters: sums over all users (accounts, limits, mails sent), kept by the code that changes what they count, in
// the same transaction and without a round trip of their own.
// Owns the table `counters`. Always holds: a sum has k_shards rows per day, so that few transactions wait for each other.
#pragma once

#include "core/base/days.hpp"
#include "core/db/query.hpp"

#include <cstdint>
#include <map>
#include <string_view>

namespace focus::counters {

inline constexpr std::int64_t k_shards = 16;

/// The UTC day that contains an instant: changes are kept by the day on which they were made.
[[nodiscard]] inline Day day_of(EpochMs now) { return Zone{}.day_of(now); }
/// Where the changes about something are kept.
[[nodiscard]] inline std::int64_t shard_of(std::int64_t id) { return (id % k_shards + k_shards) % k_shards; }

/// Adds `change` to today's part of the sum. `name` has static storage; `about` is the id of what is counted.
void add(db::Transaction& tx, std::string_view name, std::int64_t about, std::int64_t change, EpochMs now);

/// The sum.
[[nodiscard]] db::Query<std::int64_t> total(std::string_view name);
/// The changes since a day.
[[nodiscard]] db::Query<std::int64_t> since(std::string_view name, Day first);
/// The changes by day since `first`; days without any are not in it.
[[nodiscard]] db::Query<std::map<Day, std::int64_t>> days(std::string_view name, Day first);

} // namespace focus::counters
