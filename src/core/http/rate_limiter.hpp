// What the pipeline asks before it works for somebody. The implementation comes from app.
#pragma once

#include "core/http/message.hpp"

#include <cstdint>
#include <string>

namespace focus::http {

enum class Rate;

struct RateDecision {
    bool allowed = true;
    int limit = 0; // requests per window; 0: this class has no limit, no headers are sent
    int remaining = 0;
    int reset_s = 0; // until the window is over; also the Retry-After of a refusal
};

class RateLimiter {
  public:
    RateLimiter() = default;
    RateLimiter(const RateLimiter&) = delete;
    RateLimiter& operator=(const RateLimiter&) = delete;
    virtual ~RateLimiter() = default;

    /// Counts one request of `key` ("user:17" or "ip:203.0.113.9") in a class. Throws nothing: a limiter whose store is
    /// lost allows.
    virtual Task<RateDecision> check(Rate rate, std::string key) = 0;
};

} // namespace focus::http
