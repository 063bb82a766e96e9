#include "core/counters/recount.hpp"

#include <algorithm>
#include <format>

namespace focus::counters {

namespace {

constexpr std::string_view k_table = "counters";
constexpr db::Statement k_correct{
    "counters.correct",
    db::Sql{"INSERT INTO counters (name, day, shard, value) VALUES (?, ?, 0, ?) ON CONFLICT (name, day, shard) DO UPDATE SET "
            "value = value + excluded.value",
            "INSERT INTO counters (name, day, shard, value) VALUES (?, ?, 0, ?) ON DUPLICATE KEY UPDATE value = value + VALUES(value)"}};

struct Total {
    std::int64_t counted_sum = 0;
    std::int64_t stored_sum = 0;
};

db::Query<Total> compare_total(std::string_view name, std::string_view rows) {
    return db::composed_one<Total>(
        "counters.recount",
        std::format("SELECT ({}) AS counted_sum, (SELECT COALESCE(SUM(value), 0) FROM counters WHERE name = ?) AS stored_sum", rows),
        {db::to_value(name)});
}

/// Rows of a counter on a day: those that are counted by the number of the day, what is stored (number -1) by the day itself.
struct Part {
    std::string counter;
    std::int64_t number = 0;
    std::string day;
    std::int64_t amount = 0;
};

/// The rows by the number of their day, and what is stored by day, in one statement.
db::Query<std::vector<Part>> compare_days(db::Dialect dialect, const std::vector<Source>& sources) {
    const std::string_view by = dialect == db::Dialect::sqlite ? "/" : "DIV";
    std::string sql;
    std::string marks;
    std::vector<db::Value> params;
    for (const auto& source : sources) {
        sql +=
            std::format("SELECT ? AS counter, {} {} 86400000 AS number, '' AS day, COUNT(*) AS amount FROM {} GROUP BY number UNION ALL ",
                        source.instant, by, source.rows);
        params.push_back(db::to_value(source.name));
    }
    for (const auto& source : sources) {
        marks += marks.empty() ? "?" : ", ?";
        params.push_back(db::to_value(source.name));
    }
    sql += std::format("SELECT name, -1, day, SUM(value) FROM counters WHERE name IN ({}) GROUP BY name, day", marks);
    return db::composed<Part>("counters.recount_days", std::move(sql), std::move(params));
}

std::vector<DayCounts> days_in(const std::vector<Part>& parts, const std::vector<Source>& sources) {
    std::vector<DayCounts> all(sources.size());
    for (const auto& part : parts) {
        const auto source = std::ranges::find(sources, part.counter, &Source::name);
        if (source == sources.end()) continue;
        auto& days = all[static_cast<std::size_t>(source - sources.begin())];
        if (part.number >= 0)
            days[Day{}.plus(static_cast<int>(part.number))].counted += part.amount;
        else
            days[Day::parse(part.day).value_or(Day{})].stored += part.amount;
    }
    return all;
}

db::Query<std::uint64_t> hold(std::string_view name, EpochMs now) { return db::affected(k_correct, name, day_of(now).to_string(), 0); }

} // namespace

recount::Part total_part(std::string_view name, std::string_view rows, EpochMs now) {
    return [name, rows, now](db::Session& session, db::Transaction* repair, recount::Report& report) -> db::Task<void> {
        report.looked_at(k_table);
        db::Batch batch;
        if (repair != nullptr) (void)batch.add(hold(name, now));
        const auto answer = batch.add(compare_total(name, rows));
        co_await batch.run(session);
        const auto [counted, stored] = *answer;
        if (counted == stored) co_return;
        report.differs(k_table, std::string{name}, stored, counted);
        if (repair != nullptr) repair->defer(k_correct, name, day_of(now).to_string(), counted - stored);
    };
}

recount::Part days_part(std::vector<Source> sources, Judge judge, EpochMs now) {
    return [sources = std::move(sources), judge = std::move(judge), now](db::Session& session, db::Transaction* repair,
                                                                         recount::Report& report) -> db::Task<void> {
        report.looked_at(k_table);
        db::Batch batch;
        if (repair != nullptr) {
            for (const auto& source : sources) (void)batch.add(hold(source.name, now));
        }
        const auto answer = batch.add(compare_days(session.dialect(), sources));
        co_await batch.run(session);
        const auto days = days_in(*answer, sources);
        const auto corrections = judge(days);
        for (std::size_t i = 0; i < sources.size(); ++i) {
            for (const auto& [day, change] : corrections.at(i)) {
                const auto found = days[i].find(day);
                const auto stored = found == days[i].end() ? 0 : found->second.stored;
                report.differs(k_table, std::format("{}, {}", sources[i].name, day.to_string()), stored, stored + change);
                if (repair != nullptr) repair->defer(k_correct, sources[i].name, day.to_string(), change);
            }
        }
    };
}

Corrections at_least(const DayCounts& days) {
    Corrections corrections;
    for (const auto& [day, count] : days) {
        if (count.stored < count.counted) corrections[day] = count.counted - count.stored;
    }
    return corrections;
}

} // namespace focus::counters
