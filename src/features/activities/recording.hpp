// From what a client sends to a row: defaults, the day it belongs to, what is accepted. Without I/O.
#pragma once

#include "core/base/caller.hpp"
#include "core/base/error.hpp"
#include "features/activities/types.hpp"

#include <string>
#include <vector>

namespace focus::activities {

/// The row that `input` asks for. Its day is the given one, else that of its start, else today.
[[nodiscard]] Record to_record(const Caller& caller, const NewActivity& input, EpochMs now);
/// Changes what is named. Hours stay those of the zone that the row was recorded in, unless its time is set anew.
void apply_change(Record& record, const UpdateActivity& change, const Caller& caller, EpochMs now);
/// Throws 422 for times that contradict each other; `where` leads to the item.
void require_times(const Record& record, std::vector<Fault::Step> where);
/// Throws 400 `date_in_future`.
void require_past(const Record& record, const Caller& caller, EpochMs now);
/// Both.
void require_valid(const Record& record, const Caller& caller, EpochMs now, std::vector<Fault::Step> where);

/// 422 `too_many_apps`: changes, by their places, that would give a day more than k_max_apps_a_day apps.
struct TooManyApps : Error {
    explicit TooManyApps(std::vector<std::size_t> at = {});
    std::vector<std::size_t> places;
};

} // namespace focus::activities
