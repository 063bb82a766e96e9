#include "app/housekeeping.hpp"

#include "core/attempts/attempts.hpp"
#include "core/audit/summary.hpp"
#include "core/audit/trail.hpp"
#include "core/db/bulk.hpp"
#include "core/idempotency/idempotency.hpp"
#include "core/mail/outbox.hpp"

namespace focus::app {

namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr EpochMs k_mails_kept_ms = 30 * k_day_ms;
constexpr int k_step = 500; // rows per transaction

std::function<bool()> may_go_on(const jobs::Run& run) {
    return [&run] { return !run.should_stop(); };
}

} // namespace

void add_housekeeping(jobs::Scheduler& scheduler, db::Database& database, const Clock& clock, int audit_days) {
    if (audit_days > 0) {
        scheduler.add({.name = "old_audit_entries",
                       .schedule = jobs::Schedule::cron("5 3 * * *"),
                       .jitter = minutes{10},
                       .body = [&database, &clock, audit_days](const jobs::Run& run) -> db::Task<void> {
                           const auto before = clock.now_ms() - audit_days * k_day_ms;
                           co_await db::delete_in_steps([&] { return audit::delete_older(database, before, k_step); }, may_go_on(run));
                       },
                       .bears_leap = std::chrono::milliseconds{0}});
    }
    scheduler.add(
        {.name = "audit_summary",
         .schedule = jobs::Schedule::every(minutes{1}),
         .body = [&database](const jobs::Run& run) -> db::Task<void> { co_await audit::summary::update(database, may_go_on(run)); }});
    scheduler.add({.name = "old_mails",
                   .schedule = jobs::Schedule::cron("50 3 * * *"),
                   .jitter = minutes{10},
                   .body = [&database, &clock](const jobs::Run&) -> db::Task<void> {
                       co_await mail::Outbox::delete_old(database, clock.now_ms() - k_mails_kept_ms);
                   },
                   .bears_leap = std::chrono::milliseconds{0}});
    scheduler.add({.name = "expired_answers",
                   .schedule = jobs::Schedule::every(hours{1}),
                   .jitter = minutes{5},
                   .body = [&database, &clock](const jobs::Run& run) -> db::Task<void> {
                       co_await idempotency::delete_expired(database, clock.now_ms(), may_go_on(run));
                   },
                   .bears_leap = std::chrono::milliseconds{0}});
    scheduler.add({.name = "forgotten_attempts",
                   .schedule = jobs::Schedule::every(hours{1}),
                   .jitter = minutes{5},
                   .body = [&database, &clock](const jobs::Run& run) -> db::Task<void> {
                       co_await attempts::Guard::delete_expired(database, clock.now_ms(), may_go_on(run));
                   },
                   .bears_leap = std::chrono::milliseconds{0}});
}

} // namespace focus::app
