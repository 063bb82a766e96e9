// Cache: what was read before, in this process and, for all instances, in Redis.
// Always holds: what get_or_load() gives is what the database held at a moment after the call (topics name what it
// depends on, see core/cache/versions.hpp); without Redis, or when it is lost, hung or emptied, answers are the same
// and only cost more. Values live for their TTL ± a tenth, so that they do not all expire at once.
#pragma once

#include "core/async/task.hpp"
#include "core/base/error.hpp"
#include "core/bus/bus.hpp"
#include "core/cache/memory.hpp"
#include "core/cache/versions.hpp"
#include "core/cache/written.hpp"
#include "core/metrics/metrics.hpp"

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace focus::redis {
class Client;
}

namespace focus::cache {

using async::Task;

struct Options {
    bool enabled = true;
    std::chrono::milliseconds ttl{300'000};
    std::size_t memory_bytes = std::size_t{64} << 20; // of this process
};

/// The state of the cache, for health reports.
struct Status {
    std::string status;  // "ok", "unavailable" (Redis does not answer) or "disabled"
    std::string backend; // "memory" or "redis"
    std::optional<std::string> version;
    std::optional<std::int64_t> used_memory; // bytes
    std::optional<std::int64_t> clients;
    std::optional<double> hit_ratio; // of this process, since its start; 0 to 1
};

class Cache {
  public:
    using Topics = std::vector<std::string>;
    /// Gives a text, or nothing, which is cached as well.
    using Loader = std::function<Task<std::optional<std::string>>()>;

    /// `redis` may be null; everything given must outlive the cache.
    Cache(Options options, db::Database& database, redis::Client* redis, bus::Bus& bus, metrics::Registry& metrics);
    ~Cache();

    /// The text of `key`, loaded when it is not cached; of concurrent callers with the same key, one loads. Null: there is
    /// nothing. Without topics a text is valid until its TTL is over. Throws as `load` and the database do.
    Task<Text> get_or_load(std::string key, Topics topics, Loader load, std::optional<std::chrono::milliseconds> ttl = std::nullopt);

    /// The JSON of what `load` gives. Its 404 is cached as well.
    template <class F, class T = typename std::invoke_result_t<F&>::value_type>
    Task<Written<T>> json(std::string key, Topics topics, F load, std::optional<std::chrono::milliseconds> ttl = std::nullopt) {
        auto text = co_await get_or_load(
            std::move(key), std::move(topics),
            [&load]() -> Task<std::optional<std::string>> {
                try {
                    const auto value = co_await load();
                    co_return json::write(value);
                } catch (const Error& error) {
                    if (error.kind() != ErrorKind::not_found) throw;
                }
                co_return std::nullopt;
            },
            ttl);
        if (!text) throw not_found();
        co_return Written<T>{std::move(text)};
    }

    /// What is cached under `key`, of any version.
    Task<std::optional<Entry>> get(std::string key);
    Task<void> set(std::string key, Entry entry, std::optional<std::chrono::milliseconds> ttl = std::nullopt);
    Task<bool> exists(std::string key);
    /// Removes the key on every instance.
    Task<void> remove(std::string key);
    /// The same for all keys that fit a pattern with * and ?. Scans all keys: for rare use.
    Task<void> remove_matching(std::string pattern);
    /// The same, in the background; from any thread.
    void forget(std::vector<std::string> patterns);

    Task<Status> status();
    /// The short form of status(), without a round trip.
    [[nodiscard]] std::string_view health() const noexcept;

  private:
    struct Flight;
    using Flights = std::unordered_map<std::string, std::shared_ptr<Flight>>;

    Task<std::optional<Entry>> find(const std::string& key, std::int64_t version);
    Task<std::optional<Entry>> fetch(std::string key);
    Task<Text> load_once(std::string key, std::int64_t version, Loader load, std::chrono::milliseconds ttl);
    Task<std::optional<Text>> join(std::string key, std::shared_ptr<Flight> mine);

    Options options_;
    Versions versions_;
    redis::Client* redis_;
    bus::Bus& bus_;
    Memory memory_;
    std::mutex flights_mutex_;
    Flights flights_; // what is being loaded
    metrics::Counter hits_;
    metrics::Counter misses_;
    metrics::Histogram get_seconds_;
    metrics::Histogram set_seconds_;
    metrics::Histogram delete_seconds_;
    metrics::Histogram load_seconds_;
    std::atomic<std::uint64_t> hit_count_{0};
    std::atomic<std::uint64_t> miss_count_{0};
};

} // namespace focus::cache
