#include "core/cache/cache.hpp"

#include "core/async/completion.hpp"
#include "core/async/run.hpp"
#include "core/redis/client.hpp"

#include <charconv>
#include <cmath>
#include <random>

namespace focus::cache {

using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

namespace {

constexpr std::string_view k_removed = "cache.removed"; // topic of the bus; the payload is a pattern

constexpr std::size_t k_longest_key = 250; // no client repeats a request with a longer one

constexpr std::string_view k_operations = "focus_api_cache_operations_duration_seconds";
constexpr std::string_view k_operations_help = "Duration of cache operations in seconds.";

/// Deletes the matching keys of one step of SCAN and gives the cursor of the next one.
constexpr std::string_view k_remove_some = "local step = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', 1000) "
                                           "if #step[2] > 0 then redis.call('UNLINK', unpack(step[2])) end "
                                           "return step[1]";

/// Observes the time from its construction to its destruction.
class Stopwatch {
  public:
    explicit Stopwatch(const metrics::Histogram& histogram) : histogram_{histogram} {}
    Stopwatch(const Stopwatch&) = delete;
    Stopwatch& operator=(const Stopwatch&) = delete;
    ~Stopwatch() { histogram_.observe(std::chrono::duration<double>(Steady::now() - since_).count()); }

  private:
    const metrics::Histogram& histogram_;
    Steady::time_point since_ = Steady::now();
};

/// An entry in Redis: its version, then + and the text, or - for nothing.
std::string encode(const Entry& entry) {
    auto text = std::to_string(entry.version) + (entry.text ? '+' : '-');
    if (entry.text) text += *entry.text;
    return text;
}

std::optional<Entry> decode(const std::string& stored) {
    Entry entry;
    const auto* end = stored.data() + stored.size();
    const auto [at, error] = std::from_chars(stored.data(), end, entry.version);
    if (error != std::errc{} || at == end) return std::nullopt;
    if (*at == '+') entry.text = std::make_shared<const std::string>(at + 1, end);
    return entry;
}

milliseconds jittered(milliseconds ttl) {
    thread_local std::minstd_rand random{std::random_device{}()};
    const auto tenth = ttl.count() / 10;
    return ttl + milliseconds{std::uniform_int_distribution<milliseconds::rep>{-tenth, tenth}(random)};
}

/// The value of "name:value" in the answer of INFO.
std::optional<std::string> field_of(std::string_view info, std::string_view name) {
    const auto line = "\n" + std::string{name} + ":";
    const auto at = info.find(line);
    if (at == std::string_view::npos) return std::nullopt;
    const auto value = info.substr(at + line.size());
    return std::string{value.substr(0, value.find('\r'))};
}

std::optional<std::int64_t> number_of(const std::optional<std::string>& text) {
    std::int64_t number = 0;
    if (!text || std::from_chars(text->data(), text->data() + text->size(), number).ec != std::errc{}) return std::nullopt;
    return number;
}

} // namespace

/// A load in progress, and the callers that wait for it.
struct Cache::Flight {
    std::int64_t version = 0;
    std::vector<async::Completion<std::optional<Text>>> waiting;

    void land(const std::exception_ptr& failure, const Text& text) {
        for (auto& done : waiting) {
            if (failure)
                done.fail(failure);
            else
                done.complete(text);
        }
    }
};

Cache::Cache(Options options, db::Database& database, redis::Client* redis, bus::Bus& bus, metrics::Registry& metrics)
    : options_{options}, versions_{database}, redis_{redis}, bus_{bus}, memory_{options.memory_bytes},
      hits_{metrics.counter("focus_api_cache_hits_total", "Reads that the cache answered.")},
      misses_{metrics.counter("focus_api_cache_misses_total", "Reads that the cache could not answer.")},
      get_seconds_{metrics.histogram(k_operations, k_operations_help, {{"operation", "get"}})},
      set_seconds_{metrics.histogram(k_operations, k_operations_help, {{"operation", "set"}})},
      delete_seconds_{metrics.histogram(k_operations, k_operations_help, {{"operation", "delete"}})},
      load_seconds_{metrics.histogram(k_operations, k_operations_help, {{"operation", "load"}})} {
    bus_.subscribe(std::string{k_removed}, [this](std::string_view pattern) { memory_.remove_matching(pattern); });
    bus_.on_gap([this] { memory_.clear(); }); // the lost messages may have removed entries of it
}

Cache::~Cache() = default;

Task<Text> Cache::get_or_load(std::string key, Topics topics, Loader load, std::optional<milliseconds> ttl) {
    if (!options_.enabled || key.size() > k_longest_key) {
        const auto text = co_await load();
        co_return text ? std::make_shared<const std::string>(*text) : nullptr;
    }
    // First the version, then the cached text, then the database: each is at least as new as the one before.
    std::int64_t version = 0;
    if (!topics.empty()) version = co_await versions_.current(std::move(topics));
    if (const auto entry = co_await find(key, version)) {
        hits_.add();
        ++hit_count_;
        co_return entry->text;
    }
    misses_.add();
    ++miss_count_;
    co_return co_await load_once(std::move(key), version, std::move(load), ttl.value_or(options_.ttl));
}

Task<std::optional<Entry>> Cache::find(const std::string& key, std::int64_t version) {
    const Stopwatch stopwatch{get_seconds_};
    auto entry = memory_.get(key, Steady::now());
    if (entry && entry->version == version) co_return entry;
    if (redis_ == nullptr) co_return std::nullopt;
    entry = co_await fetch(key);
    if (!entry || entry->version != version) co_return std::nullopt;
    co_return entry;
}

Task<std::optional<Entry>> Cache::fetch(std::string key) {
    std::vector<redis::Command> commands{{"GET", key}, {"PTTL", key}};
    const auto replies = co_await redis_->run(std::move(commands));
    if (!replies || !replies->front()) co_return std::nullopt;
    auto entry = decode(*replies->front());
    const auto left = number_of(replies->back()).value_or(0);
    if (entry && left > 0) memory_.set(key, *entry, Steady::now() + milliseconds{left});
    co_return entry;
}

/// The text that another caller is loading for the same version; nothing when this caller is to load it, as `mine`.
Task<std::optional<Text>> Cache::join(std::string key, std::shared_ptr<Flight> mine) {
    co_return co_await async::suspend<std::optional<Text>>([&](async::Completion<std::optional<Text>> done) {
        const std::scoped_lock lock{flights_mutex_};
        auto& flight = flights_[key];
        if (flight && flight->version == mine->version) {
            flight->waiting.push_back(std::move(done));
            return;
        }
        flight = mine;
        done.complete(std::nullopt);
    });
}

Task<Text> Cache::load_once(std::string key, std::int64_t version, Loader load, milliseconds ttl) {
    const auto flight = std::make_shared<Flight>(Flight{.version = version, .waiting = {}});
    auto joined = co_await join(key, flight);
    if (joined) co_return std::move(*joined);
    Text text;
    std::exception_ptr failure;
    try {
        const Stopwatch stopwatch{load_seconds_};
        if (auto loaded = co_await load()) text = std::make_shared<const std::string>(std::move(*loaded));
        Entry entry{version, text};
        co_await set(key, std::move(entry), ttl);
    } catch (...) {
        failure = std::current_exception();
    }
    {
        const std::scoped_lock lock{flights_mutex_};
        const auto at = flights_.find(key);
        if (at != flights_.end() && at->second == flight) flights_.erase(at);
    }
    flight->land(failure, text); // no caller joins it any more
    if (failure) std::rethrow_exception(failure);
    co_return text;
}

Task<std::optional<Entry>> Cache::get(std::string key) {
    if (!options_.enabled) co_return std::nullopt;
    if (auto entry = memory_.get(key, Steady::now())) co_return entry;
    if (redis_ == nullptr) co_return std::nullopt;
    co_return co_await fetch(std::move(key));
}

Task<bool> Cache::exists(std::string key) {
    const auto entry = co_await get(std::move(key));
    co_return entry.has_value();
}

Task<void> Cache::set(std::string key, Entry entry, std::optional<milliseconds> ttl) {
    if (!options_.enabled) co_return;
    const Stopwatch stopwatch{set_seconds_};
    const auto life = jittered(ttl.value_or(options_.ttl));
    memory_.set(key, entry, Steady::now() + life);
    if (redis_ == nullptr) co_return;
    std::vector<redis::Command> commands{{"SET", std::move(key), encode(entry), "PX", std::to_string(life.count())}};
    co_await redis_->run(std::move(commands));
}

Task<void> Cache::remove(std::string key) {
    const Stopwatch stopwatch{delete_seconds_};
    if (redis_ != nullptr) {
        std::vector<redis::Command> commands{{"UNLINK", key}};
        co_await redis_->run(std::move(commands));
    }
    bus_.publish(k_removed, std::move(key)); // reaches this instance, too
}

Task<void> Cache::remove_matching(std::string pattern) {
    const Stopwatch stopwatch{delete_seconds_};
    std::string cursor = "0";
    while (redis_ != nullptr) {
        std::vector<redis::Command> commands{{"EVAL", std::string{k_remove_some}, "0", cursor, pattern}};
        const auto replies = co_await redis_->run(std::move(commands));
        if (!replies || !replies->front()) break;
        cursor = *replies->front();
        if (cursor == "0") break;
    }
    bus_.publish(k_removed, std::move(pattern));
}

void Cache::forget(std::vector<std::string> patterns) {
    for (auto& pattern : patterns) {
        if (redis_ == nullptr) {
            bus_.publish(k_removed, std::move(pattern));
            continue;
        }
        async::spawn(redis_->executor(), "removal from the cache", remove_matching(std::move(pattern)));
    }
}

Task<Status> Cache::status() {
    Status status{.status = std::string{health()}, .backend = redis_ == nullptr ? "memory" : "redis"};
    if (const auto reads = hit_count_ + miss_count_; reads > 0)
        status.hit_ratio = std::round(1e4 * static_cast<double>(hit_count_) / static_cast<double>(reads)) / 1e4;
    if (redis_ == nullptr) {
        status.used_memory = static_cast<std::int64_t>(memory_.bytes());
        co_return status;
    }
    std::vector<redis::Command> commands{{"INFO"}};
    const auto replies = co_await redis_->run(std::move(commands));
    if (!replies || !replies->front()) {
        if (options_.enabled) status.status = "unavailable";
        co_return status;
    }
    const auto& info = *replies->front();
    status.version = field_of(info, "redis_version");
    status.used_memory = number_of(field_of(info, "used_memory"));
    status.clients = number_of(field_of(info, "connected_clients"));
    co_return status;
}

std::string_view Cache::health() const noexcept {
    if (!options_.enabled) return "disabled";
    return redis_ == nullptr || (redis_->is_up() && bus_.is_up()) ? "ok" : "unavailable";
}

} // namespace focus::cache
