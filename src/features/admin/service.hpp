// Administration: the service's numbers, the audit trail, the outbox, accounts, and the health of the parts.
// Always holds: each change by an administrator is in the audit trail in the same transaction; each access is there,
// too, once a minute per route and object.
#pragma once

#include "core/audit/trail.hpp"
#include "core/cache/cache.hpp"
#include "core/core.hpp"
#include "core/mail/outbox.hpp"
#include "core/mail/outbox_view.hpp"
#include "features/admin/accounts.hpp"
#include "features/admin/health.hpp"
#include "features/admin/types.hpp"
#include "features/admin/usage_keeper.hpp"
#include "features/blocking/service.hpp"
#include "features/challenges/service.hpp"

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace focus::admin {

class Service {
  public:
    Service(const Core& core, users::Service& users, auth::Service& auth, activities::Service& activities, blocking::Service& blocking,
            challenges::Service& challenges);

    [[nodiscard]] Accounts& accounts() noexcept { return accounts_; }
    [[nodiscard]] UsageKeeper& usage() noexcept { return usage_; }
    [[nodiscard]] Health& health() noexcept { return health_; }
    [[nodiscard]] challenges::Service& challenges() noexcept { return challenges_; }

    /// Queues changed activities for the sums over all users.
    [[nodiscard]] static activities::Follower follower();

    db::Task<Overview> overview();
    db::Task<std::vector<GrowthDay>> growth(GrowthQuery query);
    db::Task<std::vector<AppUsage>> app_usage(AppUsageQuery query);

    struct LogPage {
        std::vector<LogEntry> items;
        std::int64_t total = 0;
    };
    db::Task<LogPage> logs(LogsQuery query);
    db::Task<LogStats> log_stats(LogStatsQuery query);
    db::Task<Cleaned> clean_logs(Caller caller, Origin origin, CleanupQuery query);

    struct MailPage {
        std::vector<OutboxMail> items;
        std::int64_t total = 0;
    };
    db::Task<MailPage> mails(MailsQuery query);
    /// Throws 404, 400 `not_retryable` for one that was sent, is being sent, or is dead.
    db::Task<OutboxMail> retry_mail(Caller caller, Origin origin, std::int64_t id);

    /// Makes a job of `scheduler` due. Throws 404, 409 `job_running`.
    db::Task<void> run_job(Caller caller, Origin origin, jobs::Scheduler& scheduler, std::string name);

    /// Records that an administrator read something (0: a list or a number).
    db::Task<void> note_access(Caller caller, Origin origin, std::string_view resource_type = {}, std::int64_t resource_id = 0);

  private:
    [[nodiscard]] Day today() const { return Zone{}.day_of(clock_.now_ms()); }
    db::Task<std::int64_t> blocked_now();
    bool is_news(const Caller& caller, const Origin& origin, std::int64_t resource_id);

    db::Database& db_;
    const Clock& clock_;
    users::Service& users_;
    blocking::Service& blocking_;
    challenges::Service& challenges_;
    mail::Outbox& outbox_;
    cache::Cache& cache_;
    UsageKeeper usage_;
    Accounts accounts_;
    Health health_;
    std::mutex noted_mutex_;
    std::map<std::string, std::chrono::steady_clock::time_point> noted_; // when an access is recorded again
};

} // namespace focus::admin
