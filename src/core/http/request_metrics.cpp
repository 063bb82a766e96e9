#include "core/http/request_metrics.hpp"

#include <algorithm>
#include <array>

namespace focus::http {
namespace {

constexpr std::string_view k_no_endpoint = "unmatched";

std::string bounded_method(std::string_view method) {
    constexpr std::array<std::string_view, 7> k_known{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    return std::string{std::ranges::contains(k_known, method) ? method : std::string_view{"OTHER"}};
}

} // namespace

RequestMetrics::RequestMetrics(metrics::Registry& registry, const std::vector<Endpoint>& endpoints) : registry_{registry} {
    series_.reserve(endpoints.size());
    for (const auto& endpoint : endpoints)
        series_.push_back(make_series(std::string{to_string(endpoint.method)}, endpoint.pattern, endpoint.meta.success));
}

RequestMetrics::Series RequestMetrics::make_series(std::string method, std::string endpoint, int success) const {
    const metrics::Labels labels{{"method", method}, {"endpoint", endpoint}};
    auto counter = requests(method, endpoint, success);
    return {std::move(method),
            std::move(endpoint),
            success,
            counter,
            registry_.histogram("focus_api_http_request_duration_seconds", "Time from the request's head to its answer.", labels),
            registry_.gauge("focus_api_http_requests_in_progress", "Requests that are being answered.", labels)};
}

metrics::Counter RequestMetrics::requests(const std::string& method, const std::string& endpoint, int status) const {
    return registry_.counter("focus_api_http_requests_total", "Answered requests.",
                             {{"method", method}, {"endpoint", endpoint}, {"status", std::to_string(status)}});
}

void RequestMetrics::began(std::size_t route) const {
    if (route != k_no_route) series_[route].in_progress.add(1);
}

void RequestMetrics::ended(std::size_t route, std::string_view method, int status, std::string_view error_code, double seconds) const {
    if (!registry_.is_on()) return;
    const auto* series = route != k_no_route ? &series_[route] : nullptr;
    const std::string name = series != nullptr ? std::string{} : bounded_method(method);
    const std::string nowhere = series != nullptr ? std::string{} : std::string{k_no_endpoint};
    const auto& by_method = series != nullptr ? series->method : name;
    const auto& endpoint = series != nullptr ? series->endpoint : nowhere;
    if (series != nullptr) {
        series->in_progress.add(-1);
        series->duration.observe(seconds);
    }
    if (series != nullptr && status == series->success_status)
        series->success.add();
    else
        requests(by_method, endpoint, status).add();
    if (status >= 400)
        registry_
            .counter(
                "focus_api_http_errors_total", "Answers with an error, by its code.",
                {{"method", by_method}, {"endpoint", endpoint}, {"error_type", std::string{error_code.empty() ? "unknown" : error_code}}})
            .add();
}

} // namespace focus::http
