// The limiter of several instances: the token buckets of rate_limiter.hpp in Redis, one atomic script per request.
// Always holds: while Redis does not answer, each instance counts for itself; no request waits or remains uncounted.
#pragma once

#include "core/http/rate_limiter.hpp"

namespace focus::redis {
class Client;
}

namespace focus::http {

class RedisRateLimiter final : public RateLimiter {
  public:
    /// `redis` must outlive it.
    RedisRateLimiter(RatePolicy policy, redis::Client& redis) : policy_{policy}, redis_{redis}, alone_{policy} {}

    Task<RateDecision> check(Rate rate, std::string key, int factor, int count) override;

  private:
    RatePolicy policy_;
    redis::Client& redis_;
    MemoryRateLimiter alone_;
};

} // namespace focus::http
