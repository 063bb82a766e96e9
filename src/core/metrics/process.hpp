// The kernel's figures of this process, under Prometheus' standard process_* names. Read from /proc on each call.
#pragma once

#include <string>
#include <vector>

namespace focus::metrics {

struct ProcessMetric {
    std::string name;
    std::string help;
    double value;
    bool is_counter = false;
};

/// The figures that could be read; none without /proc.
[[nodiscard]] std::vector<ProcessMetric> process_metrics();

} // namespace focus::metrics
