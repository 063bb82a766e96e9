// What the audit trail learns of refused requests: who was refused in which class, at most once a minute, and at most
// 60 entries a minute over all, so that a flood of requests does not become a flood of rows.
#pragma once

#include "core/base/clock.hpp"
#include "core/db/database.hpp"
#include "core/http/call.hpp"
#include "core/http/routes.hpp"
#include "core/metrics/metrics.hpp"

#include <chrono>
#include <mutex>
#include <string>
#include <unordered_set>

namespace focus::app {

class RefusalLog {
  public:
    RefusalLog(db::Database& database, const Clock& clock, metrics::Registry& metrics) : db_{database}, clock_{clock}, metrics_{metrics} {}

    /// Counts a refusal and writes the audit entry `rate_limited` if there is none of this client yet. Throws nothing.
    http::Task<void> record(http::Rate rate, const http::Call& call);

  private:
    [[nodiscard]] bool is_news(std::string who);

    db::Database& db_;
    const Clock& clock_;
    metrics::Registry& metrics_;
    std::mutex mutex_;
    std::chrono::steady_clock::time_point minute_{};
    std::unordered_set<std::string> seen_; // in this minute
};

} // namespace focus::app
