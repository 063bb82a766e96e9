// From a client's input to a row: defaults, the day it belongs to, what is accepted. Without I/O.
#pragma once

#include "core/base/caller.hpp"
#include "core/base/error.hpp"
#include "features/activities/types.hpp"

#include <string>
#include <vector>

namespace focus::activities {

/// The row for `input`. Its day is the given one, else that of its start, else today.
[[nodiscard]] Record to_record(const Caller& caller, const NewActivity& input, EpochMs now);
/// Changes the given fields. Hours stay those of the zone of the recording, unless its time is set again.
void apply_change(Record& record, const UpdateActivity& change, const Caller& caller, EpochMs now);
/// Throws 422 for contradictory times; `where` is the path of the item.
void require_times(const Record& record, std::vector<Fault::Step> where);
/// Throws 400 `date_in_future`.
void require_past(const Record& record, const Caller& caller, EpochMs now);
/// Both checks.
void require_valid(const Record& record, const Caller& caller, EpochMs now, std::vector<Fault::Step> where);

/// 422 `too_many_apps`: changes, by their places, that would exceed k_max_apps_a_day apps of a day.
struct TooManyApps : Error {
    explicit TooManyApps(std::vector<std::size_t> at = {});
    std::vector<std::size_t> places;
};

} // namespace focus::activities
