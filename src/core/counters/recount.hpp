// The sums of core/counters counted again.
// Always holds: the server may keep running. One statement compares the rows with their sum; a repair first writes the
// sum's row of today, so that a second recount waits and then finds it right.
#pragma once

#include "core/counters/counters.hpp"
#include "core/recount/part.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace focus::counters {

/// Compares a sum with what `rows` gives: a SELECT of one number out of constant pieces. Names have static storage.
[[nodiscard]] recount::Part total_part(std::string_view name, std::string_view rows, EpochMs now);

/// What a sum that is kept by the day counts: rows by an instant of theirs.
struct Source {
    std::string_view name;
    std::string_view instant; // a column
    std::string_view rows;    // what follows FROM
};
struct DayCount {
    std::int64_t stored = 0;
    std::int64_t counted = 0;
};
using DayCounts = std::map<Day, DayCount>;
using Corrections = std::map<Day, std::int64_t>;
/// What to add to each day of each sum (of `sources`, in their order).
using Judge = std::function<std::vector<Corrections>(const std::vector<DayCounts>&)>;

/// Compares sums day by day; `judge` decides which of them are wrong.
[[nodiscard]] recount::Part days_part(std::vector<Source> sources, Judge judge, EpochMs now);
/// Days that hold less than there are rows: rows may be deleted since, but none can be added uncounted.
[[nodiscard]] Corrections at_least(const DayCounts& days);

} // namespace focus::counters
