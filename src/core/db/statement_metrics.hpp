// The Prometheus metrics of the database, per statement name.
// Handles are looked up once per thread and name; after that a measurement takes no lock of ours.
#pragma once

#include "core/metrics/metrics.hpp"

#include <chrono>
#include <cstdint>
#include <string_view>

namespace focus::db {

class StatementMetrics {
  public:
    explicit StatementMetrics(metrics::Registry& registry);

    /// One statement ended. `name` has static storage. `took` is what its caller waited for, queueing included;
    /// statements of one round trip share its duration.
    void count(std::string_view name, std::chrono::steady_clock::duration took, bool failed) const;

    /// A connection began (+1) or ended (-1) to work.
    void active(int change) const { active_.add(change); }

  private:
    struct Handles;
    Handles& handles(std::string_view name) const;

    metrics::Registry& registry_;
    metrics::Gauge active_;
    std::uint64_t id_; // distinguishes the databases of one process
};

} // namespace focus::db
