#include "core/db/statement_metrics.hpp"

#include <atomic>
#include <unordered_map>

namespace focus::db {

struct StatementMetrics::Handles {
    metrics::Counter queries;
    metrics::Counter errors;
    metrics::Histogram duration;
};

namespace {

std::uint64_t next_id() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
}

struct Key {
    std::uint64_t id;
    const char* name;
    bool operator==(const Key&) const = default;
};
struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept { return std::hash<const char*>{}(key.name) ^ (key.id * 0x9e3779b97f4a7c15U); }
};

} // namespace

StatementMetrics::StatementMetrics(metrics::Registry& registry)
    : registry_{registry}, active_{registry.gauge("focus_api_db_connections_active", "Database connections at work.")}, id_{next_id()} {}

StatementMetrics::Handles& StatementMetrics::handles(std::string_view name) const {
    thread_local std::unordered_map<Key, Handles, KeyHash> cache;
    const Key key{id_, name.data()};
    if (const auto found = cache.find(key); found != cache.end()) return found->second;
    const metrics::Labels labels{{"operation", std::string{name}}};
    return cache
        .emplace(key, Handles{registry_.counter("focus_api_db_queries_total", "Database statements run.", labels),
                              registry_.counter("focus_api_db_errors_total", "Database statements that failed.", labels),
                              registry_.histogram(
                                  "focus_api_db_query_duration_seconds",
                                  "Time until a statement's answer, queueing included; statements of one round trip share it.", labels)})
        .first->second;
}

void StatementMetrics::count(std::string_view name, std::chrono::steady_clock::duration took, bool failed) const {
    Handles& of = handles(name);
    of.queries.add();
    of.duration.observe(std::chrono::duration<double>(took).count());
    if (failed) of.errors.add();
}

} // namespace focus::db
