// What the admin module computes without I/O: the changed fields of an account, series over days, the state of parts.
#pragma once

#include "core/jobs/scheduler.hpp"
#include "features/admin/types.hpp"
#include "features/admin/usage_keeper.hpp"
#include "features/users/types.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace focus::admin::rules {

/// The names of the fields that differ.
[[nodiscard]] std::vector<std::string> changed_fields(const users::User& before, const users::User& after);

/// One entry for each of the `days` days that end with `today`. `accounts` and `usage` ascend and hold no day before the
/// first; `total` is how many accounts there are now.
[[nodiscard]] std::vector<GrowthDay> growth(Day today, int days, std::int64_t total, std::span<const users::AccountDay> accounts,
                                            std::span<const ServiceDay> usage);

/// The change from `before` to `now` in percent, rounded to two decimals; nothing when `before` is 0.
[[nodiscard]] std::optional<double> change_percent(std::int64_t now, std::int64_t before);

/// Late jobs and jobs whose last run failed make it degraded.
[[nodiscard]] SchedulerHealth scheduler_health(const std::vector<jobs::Status>& jobs, EpochMs now);
/// The worst of the parts; without a database the whole is down, any other part only degrades it.
[[nodiscard]] HealthStatus overall(HealthStatus database, std::span<const HealthStatus> others);

} // namespace focus::admin::rules
