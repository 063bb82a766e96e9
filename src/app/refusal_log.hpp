// Writes refused requests to the audit trail: one entry per client, class and minute, and at most 60 entries a minute
// in all, so that many requests do not become as many rows.
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

    /// Counts a refusal and writes the audit entry `rate_limited` unless this client has one. Throws nothing.
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
