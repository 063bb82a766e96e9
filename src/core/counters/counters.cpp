#include "core/counters/counters.hpp"

namespace focus::counters {

namespace {

constexpr db::Statement k_add{
    "counters.add",
    db::Sql{"INSERT INTO counters (name, day, shard, value) VALUES (?, ?, ?, ?) ON CONFLICT (name, day, shard) DO UPDATE SET "
            "value = value + excluded.value",
            "INSERT INTO counters (name, day, shard, value) VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE value = value + VALUES(value)"}};
constexpr db::Statement k_total{"counters.total", "SELECT COALESCE(SUM(value), 0) FROM counters WHERE name = ?"};
constexpr db::Statement k_since{"counters.since", "SELECT COALESCE(SUM(value), 0) FROM counters WHERE name = ? AND day >= ?"};
constexpr db::Statement k_days{"counters.days", "SELECT day, SUM(value) FROM counters WHERE name = ? AND day >= ? GROUP BY day"};

} // namespace

void add(db::Transaction& tx, std::string_view name, std::int64_t about, std::int64_t change, EpochMs now) {
    tx.defer(k_add, name, day_of(now).to_string(), shard_of(about), change);
}

db::Command total_command(std::string_view name) { return db::Command::of(k_total, name); }
db::Command since_command(std::string_view name, Day first) { return db::Command::of(k_since, name, first.to_string()); }
std::int64_t sum_of(const db::Result& result) { return result.rows.at(0).get<std::int64_t>(0); }

db::Command days_command(std::string_view name, Day first) { return db::Command::of(k_days, name, first.to_string()); }

std::map<Day, std::int64_t> days_of(const db::Result& result) {
    std::map<Day, std::int64_t> days;
    for (const auto& row : result.rows) days.emplace(Day::parse(row.get<std::string_view>(0)).value_or(Day{}), row.get<std::int64_t>(1));
    return days;
}

} // namespace focus::counters
