#include "core/http/rate_limiter.hpp"

#include "core/http/routes.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace focus::http {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::size_t k_classes = 8; // of Rate, `none` included

int whole_seconds(nanoseconds time) { return static_cast<int>(std::chrono::ceil<seconds>(std::max(time, nanoseconds{0})).count()); }

} // namespace

const RateLimit& RatePolicy::of(Rate rate) const noexcept {
    switch (rate) {
    case Rate::auth:
        return auth;
    case Rate::write:
        return write;
    case Rate::export_:
        return export_;
    case Rate::websocket:
        return websocket;
    case Rate::refresh:
        return refresh;
    case Rate::refresh_session:
        return refresh_session;
    case Rate::none:
    case Rate::read:
        break;
    }
    return read;
}

std::string_view to_string(Rate rate) noexcept {
    static constexpr std::array<std::string_view, k_classes> k_names{"none",   "auth",      "write",   "read",
                                                                     "export", "websocket", "refresh", "refresh_session"};
    return k_names.at(static_cast<std::size_t>(rate));
}

/// The buckets of one class: by key the instant at which the bucket is full again (GCRA's "theoretical arrival time").
/// Two generations: a bucket unused for a whole window is full again, so it may be deleted with its generation.
struct MemoryRateLimiter::Buckets {
    using FullAt = std::unordered_map<std::string, Instant>;

    mutable std::mutex mutex;
    FullAt current;
    FullAt previous;
    Instant turned_at{};

    /// The old generation, for destruction outside the lock.
    FullAt turn(Instant now) {
        turned_at = now;
        return std::exchange(previous, std::exchange(current, {}));
    }
    /// The key's bucket in the current generation; new ones are full.
    Instant& find(const std::string& key) {
        const auto [at, is_new] = current.try_emplace(key);
        if (is_new) {
            if (const auto old = previous.find(key); old != previous.end()) {
                at->second = old->second;
                previous.erase(old);
            }
        }
        return at->second;
    }
};

MemoryRateLimiter::MemoryRateLimiter(RatePolicy policy, std::size_t max_keys)
    : policy_{policy}, max_keys_{max_keys}, buckets_{std::make_unique<Buckets[]>(k_classes)} {}

MemoryRateLimiter::~MemoryRateLimiter() = default;

Task<RateDecision> MemoryRateLimiter::check(Rate rate, std::string key, int factor, int count) {
    co_return take(rate, key, std::chrono::steady_clock::now(), factor, count);
}

RateDecision MemoryRateLimiter::take(Rate rate, const std::string& key, Instant now, int factor, int count) {
    const auto limit = policy_.of(rate).times(factor);
    const nanoseconds window = seconds{limit.seconds};
    const nanoseconds one = window / limit.count; // the time in which one request is restored
    auto& buckets = buckets_[static_cast<std::size_t>(rate)];
    Buckets::FullAt forgotten;
    const std::scoped_lock lock{buckets.mutex};
    if (now - buckets.turned_at >= window || buckets.current.size() >= max_keys_) forgotten = buckets.turn(now);
    auto& full_at = buckets.find(key);
    const auto then = std::max(full_at, now) + one * count;
    RateDecision decision{.allowed = then - now <= window, .limit = limit.count};
    if (decision.allowed)
        full_at = then;
    else
        decision.retry_after_s = std::max(1, whole_seconds(then - now - window));
    decision.remaining = static_cast<int>((window - std::min<nanoseconds>(window, full_at - now)) / one);
    decision.reset_s = whole_seconds(full_at - now);
    return decision;
}

std::size_t MemoryRateLimiter::size() const {
    std::size_t all = 0;
    for (std::size_t i = 0; i < k_classes; ++i) {
        const std::scoped_lock lock{buckets_[i].mutex};
        all += buckets_[i].current.size() + buckets_[i].previous.size();
    }
    return all;
}

} // namespace focus::http
