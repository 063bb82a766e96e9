// The metrics of limits that were reached and apps that were blocked.
#pragma once

#include "core/metrics/name_counters.hpp"

namespace focus::blocking {

struct Counters {
    explicit Counters(metrics::Registry& registry)
        : limits_reached{registry, "focus_api_limits_reached_total", "Daily limits of apps that were reached.", "app_name"},
          apps_blocked{registry, "focus_api_apps_blocked_total", "Apps that began to be blocked, by a limit or a schedule.", "app_name"},
          days_reached{registry.counter("focus_api_daily_limits_reached_total", "Overall daily limits that were reached.")} {}

    metrics::NameCounters limits_reached;
    metrics::NameCounters apps_blocked;
    metrics::Counter days_reached;
};

} // namespace focus::blocking
