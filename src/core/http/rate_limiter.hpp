// The rate limiter that the pipeline calls before a handler, and the implementation for a single instance.
#pragma once

#include "core/http/message.hpp"
#include "core/http/rate_policy.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace focus::http {

struct RateDecision {
    bool allowed = true;
    int limit = 0; // requests that the bucket holds; 0: this class has no limit, no headers are sent
    int remaining = 0;
    int reset_s = 0;       // until the bucket is full again
    int retry_after_s = 0; // of a refusal: until the bucket holds the requested count
};

class RateLimiter {
  public:
    RateLimiter() = default;
    RateLimiter(const RateLimiter&) = delete;
    RateLimiter& operator=(const RateLimiter&) = delete;
    virtual ~RateLimiter() = default;

    /// Counts `count` requests of `key` ("user:17" or "ip:203.0.113.9"), all or none, in a class whose bucket holds `factor`
    /// times the class' requests. Throws nothing: a limiter without its store allows all requests.
    virtual Task<RateDecision> check(Rate rate, std::string key, int factor, int count) = 0;
};

/// Token buckets in this process. Always holds: at most 2 × `max_keys` buckets per class are stored; beyond that the
/// least recently used are deleted, which only makes the limiter less strict. Safe from any thread.
class MemoryRateLimiter final : public RateLimiter {
  public:
    using Instant = std::chrono::steady_clock::time_point;

    explicit MemoryRateLimiter(RatePolicy policy, std::size_t max_keys = 50'000);
    ~MemoryRateLimiter() override;

    Task<RateDecision> check(Rate rate, std::string key, int factor, int count) override;
    /// The same at a given time.
    [[nodiscard]] RateDecision take(Rate rate, const std::string& key, Instant now, int factor = 1, int count = 1);
    /// Buckets that are stored.
    [[nodiscard]] std::size_t size() const;

  private:
    struct Buckets;
    RatePolicy policy_;
    std::size_t max_keys_;
    std::unique_ptr<Buckets[]> buckets_; // by class
};

} // namespace focus::http
