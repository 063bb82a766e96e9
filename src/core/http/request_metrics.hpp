// The HTTP metrics: requests, durations, requests in progress and errors by method, route pattern and status.
// The handles of a route are looked up once, those of its other results once per thread: a request takes no lock here.
#pragma once

#include "core/http/message.hpp"
#include "core/http/routes.hpp"
#include "core/metrics/metrics.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace focus::http {

class RequestMetrics {
  public:
    RequestMetrics(metrics::Registry& registry, const std::vector<Endpoint>& endpoints);

    static constexpr std::size_t k_no_route = SIZE_MAX;
    void began(std::size_t route) const;
    /// `method` as sent is only used without a route, and bounded then. `error_code` has static storage.
    void ended(std::size_t route, std::string_view method, int status, std::string_view error_code, double seconds) const;

  private:
    struct Names {
        std::string method;
        std::string endpoint;
    };
    struct Series {
        int success_status;
        metrics::Counter success;
        metrics::Histogram duration;
        metrics::Gauge in_progress;
    };
    struct Outcome;
    [[nodiscard]] Series make_series(const Names& names, int success) const;
    [[nodiscard]] metrics::Counter requests(const Names& names, int status) const;
    [[nodiscard]] const Outcome& outcome(std::size_t index, int status, std::string_view error_code) const;

    metrics::Registry& registry_;
    std::vector<Series> series_; // of the routes
    std::vector<Names> names_;   // of the routes, then of each method without one
    std::uint64_t id_;           // distinguishes the servers of one process
};

} // namespace focus::http
