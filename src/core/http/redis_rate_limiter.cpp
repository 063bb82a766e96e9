#include "core/http/redis_rate_limiter.hpp"

#include "core/redis/client.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace focus::http {
namespace {

/// As MemoryRateLimiter::take: the key holds the instant at which its bucket is full again. Times are microseconds of
/// Redis' own clock, so that instances need not agree on the time. Returns whether the request is allowed, the
/// microseconds until the bucket is full, and those until it holds the requested count.
constexpr std::string_view k_take = "local time = redis.call('TIME') "
                                    "local now = time[1] * 1000000 + time[2] "
                                    "local window, cost = tonumber(ARGV[1]), tonumber(ARGV[2]) "
                                    "local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) "
                                    "local after = full_at + cost - now "
                                    "if after > window then return string.format('0 %.0f %.0f', full_at - now, after - window) end "
                                    "redis.call('SET', KEYS[1], string.format('%.0f', full_at + cost), 'PX', math.ceil(after / 1000)) "
                                    "return string.format('1 %.0f 0', after)";

struct Answer {
    std::int64_t allowed = 0;
    std::int64_t full_in = 0;
    std::int64_t again_in = 0;
};

/// The three numbers that the script returns.
std::optional<Answer> parse(const std::string& text) {
    Answer answer;
    const char* at = text.data();
    const char* end = at + text.size();
    for (auto* number : {&answer.allowed, &answer.full_in, &answer.again_in}) {
        if (at != end && *at == ' ') ++at;
        const auto [next, error] = std::from_chars(at, end, *number);
        if (error != std::errc{}) return std::nullopt;
        at = next;
    }
    return answer;
}

int whole_seconds(std::int64_t microseconds) { return static_cast<int>((std::max<std::int64_t>(0, microseconds) + 999'999) / 1'000'000); }

} // namespace

Task<RateDecision> RedisRateLimiter::check(Rate rate, std::string key, int factor, int count) {
    const auto limit = policy_.of(rate).times(factor);
    const std::int64_t window = std::int64_t{limit.seconds} * 1'000'000;
    const std::int64_t one = std::max<std::int64_t>(1, window / limit.count);
    std::vector<redis::Command> commands{{"EVAL", std::string{k_take}, "1", std::format("rate:{}:{}", to_string(rate), key),
                                          std::to_string(window), std::to_string(one * count)}};
    const auto replies = co_await redis_.run(std::move(commands));
    const auto answer = replies && replies->front() ? parse(*replies->front()) : std::nullopt;
    if (!answer) co_return co_await alone_.check(rate, std::move(key), factor, count);
    const bool allowed = answer->allowed == 1;
    co_return RateDecision{.allowed = allowed,
                           .limit = limit.count,
                           .remaining = static_cast<int>((window - std::min(window, answer->full_in)) / one),
                           .reset_s = whole_seconds(answer->full_in),
                           .retry_after_s = allowed ? 0 : std::max(1, whole_seconds(answer->again_in))};
}

} // namespace focus::http
