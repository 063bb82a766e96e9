// The HTTP metrics: requests, durations, requests in progress and errors by method, route pattern and status.
// The handles of each route are looked up once; only unusual statuses cost a search.
#pragma once

#include "core/http/message.hpp"
#include "core/http/routes.hpp"
#include "core/metrics/metrics.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace focus::http {

class RequestMetrics {
  public:
    RequestMetrics(metrics::Registry& registry, const std::vector<Endpoint>& endpoints);

    static constexpr std::size_t k_no_route = SIZE_MAX;
    void began(std::size_t route) const;
    /// `method` as sent is only used without a route, and bounded then.
    void ended(std::size_t route, std::string_view method, int status, std::string_view error_code, double seconds) const;

  private:
    struct Series {
        std::string method;
        std::string endpoint;
        int success_status;
        metrics::Counter success;
        metrics::Histogram duration;
        metrics::Gauge in_progress;
    };
    [[nodiscard]] Series make_series(std::string method, std::string endpoint, int success) const;
    [[nodiscard]] metrics::Counter requests(const std::string& method, const std::string& endpoint, int status) const;

    metrics::Registry& registry_;
    std::vector<Series> series_;
};

} // namespace focus::http
