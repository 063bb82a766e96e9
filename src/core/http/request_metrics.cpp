#include "core/http/request_metrics.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
#include <unordered_map>

namespace focus::http {

/// The handles of one status and error code of a route.
struct RequestMetrics::Outcome {
    metrics::Counter requests;
    std::optional<metrics::Counter> errors;
};

namespace {

constexpr std::array<std::string_view, 8> k_methods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "OTHER"};

std::size_t number_of(std::string_view method) {
    return static_cast<std::size_t>(std::ranges::find(k_methods.begin(), k_methods.end() - 1, method) - k_methods.begin());
}

std::uint64_t next_id() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
}

struct Key {
    std::uint64_t id;
    std::size_t index;
    int status;
    const char* error_code;
    bool operator==(const Key&) const = default;
};
struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept {
        const auto number = (key.id << 40U) ^ (key.index << 16U) ^ static_cast<std::size_t>(key.status);
        return std::hash<const char*>{}(key.error_code) ^ (number * 0x9e3779b97f4a7c15U);
    }
};

} // namespace

RequestMetrics::RequestMetrics(metrics::Registry& registry, const std::vector<Endpoint>& endpoints) : registry_{registry}, id_{next_id()} {
    series_.reserve(endpoints.size());
    names_.reserve(endpoints.size() + k_methods.size());
    for (const auto& endpoint : endpoints) {
        names_.push_back({std::string{to_string(endpoint.method)}, endpoint.pattern});
        series_.push_back(make_series(names_.back(), endpoint.meta.success));
    }
    for (const auto method : k_methods) names_.push_back({std::string{method}, "unmatched"});
}

RequestMetrics::Series RequestMetrics::make_series(const Names& names, int success) const {
    const metrics::Labels labels{{"method", names.method}, {"endpoint", names.endpoint}};
    return {success, requests(names, success),
            registry_.histogram("focus_api_http_request_duration_seconds", "Time from the request's head to its answer.", labels),
            registry_.gauge("focus_api_http_requests_in_progress", "Requests that are being answered.", labels)};
}

metrics::Counter RequestMetrics::requests(const Names& names, int status) const {
    return registry_.counter("focus_api_http_requests_total", "Answered requests.",
                             {{"method", names.method}, {"endpoint", names.endpoint}, {"status", std::to_string(status)}});
}

const RequestMetrics::Outcome& RequestMetrics::outcome(std::size_t index, int status, std::string_view error_code) const {
    thread_local std::unordered_map<Key, Outcome, KeyHash> cache;
    const Key key{id_, index, status, error_code.data()};
    if (const auto found = cache.find(key); found != cache.end()) return found->second;
    const auto& names = names_[index];
    Outcome made{requests(names, status), std::nullopt};
    if (status >= 400) {
        const metrics::Labels labels{{"method", names.method},
                                     {"endpoint", names.endpoint},
                                     {"error_type", std::string{error_code.empty() ? "unknown" : error_code}}};
        made.errors = registry_.counter("focus_api_http_errors_total", "Answers with an error, by its code.", labels);
    }
    return cache.emplace(key, made).first->second;
}

void RequestMetrics::began(std::size_t route) const {
    if (route != k_no_route) series_[route].in_progress.add(1);
}

void RequestMetrics::ended(std::size_t route, std::string_view method, int status, std::string_view error_code, double seconds) const {
    if (!registry_.is_on()) return;
    if (route != k_no_route) {
        const auto& series = series_[route];
        series.in_progress.add(-1);
        series.duration.observe(seconds);
        if (status == series.success_status) return series.success.add();
    }
    const auto& seen = outcome(route != k_no_route ? route : series_.size() + number_of(method), status, error_code);
    seen.requests.add();
    if (seen.errors) seen.errors->add();
}

} // namespace focus::http
