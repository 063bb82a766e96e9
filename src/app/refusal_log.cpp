#include "app/refusal_log.hpp"

#include "core/audit/audit.hpp"
#include "core/base/log.hpp"
#include "core/http/rate_policy.hpp"

#include <format>

namespace focus::app {

namespace {

constexpr std::chrono::minutes k_period{1};
constexpr std::size_t k_most = 60; // entries per minute

} // namespace

bool RefusalLog::is_news(std::string who) {
    const auto now = std::chrono::steady_clock::now();
    const std::scoped_lock lock{mutex_};
    if (now - minute_ >= k_period) {
        minute_ = now;
        seen_.clear();
    }
    return seen_.size() < k_most && seen_.insert(std::move(who)).second;
}

http::Task<void> RefusalLog::record(http::Rate rate, const http::Call& call) {
    const std::string name{to_string(rate)};
    metrics_.counter("focus_api_rate_limited_total", "Requests refused because of too many before, by class.", {{"class", name}}).add();
    const auto user_id = call.caller() ? call.caller()->user_id : 0;
    if (!is_news(std::format("{} {} {}", name, user_id, user_id != 0 ? "" : call.origin().ip))) co_return;
    try {
        co_await db_.transaction([&](db::Transaction& tx) -> db::Task<void> {
            audit::record(tx, call.origin(),
                          {.action = "rate_limited",
                           .message = "Too many requests",
                           .level = audit::Level::warning,
                           .user_id = user_id,
                           .details = std::format(R"({{"class":"{}"}})", name)},
                          clock_.now_ms());
            co_return;
        });
    } catch (const std::exception& error) {
        log::warning("a refusal is missing in the audit trail", {{"what", std::string_view{error.what()}}});
    }
}

} // namespace focus::app
