// What the kernel says about this process, under Prometheus' standard process_* names. Read from /proc when asked.
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

/// Those that could be read; none without /proc.
[[nodiscard]] std::vector<ProcessMetric> process_metrics();

} // namespace focus::metrics
