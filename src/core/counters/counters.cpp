#include "core/counters/counters.hpp"

namespace focus::counters {

namespace {

constexpr db::Statement k_add{
    "counters.add",
    db::Sql{"INSERT INTO counters (name, day, shard, value) VALUES (?, ?, ?, ?) ON CONFLICT (name, day, shard) DO UPDATE SET "
            "value = value + excluded.value",
            "INSERT INTO counters (name, day, shard, value) VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE value = value + VALUES(value)"}};
constexpr auto k_total = db::select<std::int64_t>("counters.total", "SELECT COALESCE(SUM(value), 0) FROM counters WHERE name = ?");
constexpr auto k_since =
    db::select<std::int64_t>("counters.since", "SELECT COALESCE(SUM(value), 0) FROM counters WHERE name = ? AND day >= ?");

struct DaySum {
    Day day;
    std::int64_t sum = 0;
};
constexpr auto k_days =
    db::select<DaySum>("counters.days", "SELECT day, SUM(value) AS sum FROM counters WHERE name = ? AND day >= ? GROUP BY day");

} // namespace

void add(db::Transaction& tx, std::string_view name, std::int64_t about, std::int64_t change, EpochMs now) {
    tx.defer(k_add, name, day_of(now).to_string(), shard_of(about), change);
}

db::Query<std::int64_t> total(std::string_view name) { return k_total.one(name); }
db::Query<std::int64_t> since(std::string_view name, Day first) { return k_since.one(name, first.to_string()); }

db::Query<std::map<Day, std::int64_t>> days(std::string_view name, Day first) {
    return k_days.all(name, first.to_string()).map([](const std::vector<DaySum>& rows) {
        std::map<Day, std::int64_t> days;
        for (const auto& row : rows) days.emplace(row.day, row.sum);
        return days;
    });
}

} // namespace focus::counters
