#include "core/jobs/scheduler.hpp"

#include "core/base/detached.hpp"
#include "core/base/error.hpp"
#include "core/base/fold.hpp"
#include "core/base/log.hpp"
#include "core/crypto/crypto.hpp"
#include "core/db/query.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <random>
#include <stdexcept>

namespace focus::jobs {

namespace asio = boost::asio;
using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

namespace {

constexpr EpochMs k_retry_ms = k_minute_ms; // after a failed run, unless the schedule comes first
constexpr EpochMs k_clock_retry_ms = 10 * k_second_ms;
constexpr std::size_t k_longest_error = 500;
constexpr std::size_t k_longest_instance = 40;

constexpr db::Statement k_insert{
    "jobs.insert", db::Sql{"INSERT INTO jobs (name, next_run_ms) VALUES (?, ?) ON CONFLICT DO NOTHING",
                           "INSERT INTO jobs (name, next_run_ms) VALUES (?, ?) ON DUPLICATE KEY UPDATE next_run_ms = next_run_ms"}};
struct Row {
    std::string name;
    EpochMs next_run_ms = 0;
    EpochMs lease_until_ms = 0;
    std::optional<EpochMs> last_run_ms;
    std::optional<std::int64_t> last_duration_ms;
};
constexpr auto k_list = db::select<Row>("jobs.list", "SELECT * FROM jobs");

struct StatusRow {
    std::string name;
    EpochMs next_run_ms = 0;
    std::optional<EpochMs> last_run_ms;
    std::optional<std::int64_t> last_duration_ms;
    std::optional<std::string> last_error;
    std::int64_t runs = 0;
    std::optional<std::string> lease;
    EpochMs lease_until_ms = 0;
};
constexpr auto k_status = db::select<StatusRow>("jobs.status", "SELECT * FROM jobs");
constexpr db::Statement k_claim{"jobs.claim",
                                "UPDATE jobs SET lease = ?, lease_until_ms = ? WHERE name = ? AND next_run_ms = ? AND lease_until_ms <= ?"};
constexpr db::Statement k_claim_now{"jobs.claim_now",
                                    "UPDATE jobs SET lease = ?, lease_until_ms = ? WHERE name = ? AND lease_until_ms <= ?"};
constexpr db::Statement k_extend{"jobs.extend", "UPDATE jobs SET lease_until_ms = ? WHERE name = ? AND lease = ?"};
constexpr db::Statement k_bring_forward{"jobs.bring_forward", "UPDATE jobs SET next_run_ms = ? WHERE name = ? AND next_run_ms = ?"};
constexpr db::Statement k_make_due{"jobs.make_due", "UPDATE jobs SET next_run_ms = ? WHERE name = ? AND lease_until_ms <= ?"};
constexpr db::Statement k_finish{
    "jobs.finish", "UPDATE jobs SET next_run_ms = ?, lease = NULL, lease_until_ms = 0, last_run_ms = ?, last_duration_ms = ?, "
                   "last_error = ?, runs = runs + 1 WHERE name = ? AND lease = ?"};
constexpr db::Statement k_release{"jobs.release", "UPDATE jobs SET lease = NULL, lease_until_ms = 0 WHERE name = ? AND lease = ?"};

/// Leases go by the system's clock: the Clock may be set by tests, on each instance otherwise.
EpochMs system_now_ms() { return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count(); }

EpochMs random_up_to(milliseconds most) {
    thread_local std::minstd_rand random{std::random_device{}()};
    return std::uniform_int_distribution<EpochMs>{0, most.count()}(random);
}

/// Extends a run's lease until it is told that the run is over.
struct Heartbeat {
    explicit Heartbeat(const asio::any_io_executor& executor) : pause{executor}, ended{executor, Steady::time_point::max()} {}

    asio::steady_timer pause;
    asio::steady_timer ended; // never fires; cancelled when the heartbeat is over
    bool run_is_over = false;
    bool is_over = false;
};

db::Task<void> beat(Heartbeat& heart, db::Database& database, std::string name, std::string lease, milliseconds length,
                    std::atomic<bool>& lost) {
    auto extended_at = Steady::now();
    while (!heart.run_is_over && !lost) {
        heart.pause.expires_after(length / 3);
        co_await heart.pause.async_wait(asio::as_tuple(asio::deferred));
        if (heart.run_is_over) break;
        try {
            const auto asked_at = Steady::now();
            if (co_await database.get(db::affected(k_extend, system_now_ms() + length.count(), name, lease)) == 0) lost = true;
            extended_at = asked_at;
        } catch (const std::exception& error) {
            log::warning("a job's lease could not be extended",
                         {{"job", std::string_view{name}}, {"cause", std::string_view{error.what()}}});
        }
        if (Steady::now() - extended_at > length) lost = true;
    }
}

} // namespace

struct Scheduler::Timers {
    explicit Timers(const asio::any_io_executor& with) : executor{with}, pause{with}, idle{with} {}

    asio::any_io_executor executor;
    asio::steady_timer pause; // between two looks
    asio::steady_timer idle;  // stop() waits on it; cancelled when a coroutine is done
};

/// A job's metrics: what the table says, which is the same on every instance, and the runs of this one.
struct Scheduler::Series {
    metrics::Gauge last_run;
    metrics::Gauge last_duration;
    metrics::Gauge overdue;
    metrics::Counter done;
    metrics::Counter failed;
    metrics::Histogram duration;

    Series(metrics::Registry& registry, const std::string& job)
        : last_run{registry.gauge("focus_api_job_last_run_timestamp_seconds", "When the last finished run of a job began.",
                                  {{"name", job}})},
          last_duration{
              registry.gauge("focus_api_job_last_duration_seconds", "How long the last finished run of a job took.", {{"name", job}})},
          overdue{
              registry.gauge("focus_api_job_overdue_seconds", "For how long a job is due without having been finished.", {{"name", job}})},
          done{runs(registry, job, "done")}, failed{runs(registry, job, "failed")},
          duration{registry.histogram("focus_api_job_duration_seconds", "How long the runs of a job took.", {{"name", job}})} {}

    static metrics::Counter runs(metrics::Registry& registry, const std::string& job, const char* result) {
        return registry.counter("focus_api_job_runs_total", "Runs of jobs.", {{"name", job}, {"result", result}});
    }
    void set(const Row& row, EpochMs now) const {
        const auto seconds = [](EpochMs ms) { return static_cast<double>(ms) / k_second_ms; };
        overdue.set(seconds(std::max<EpochMs>(0, now - row.next_run_ms)));
        last_run.set(seconds(row.last_run_ms.value_or(0)));
        last_duration.set(seconds(row.last_duration_ms.value_or(0)));
    }
};

Scheduler::Scheduler(db::Database& database, const Clock& clock, metrics::Registry& metrics, Options options)
    : db_{database}, clock_{clock}, clock_guard_{database, clock}, metrics_{metrics}, options_{std::move(options)} {
    options_.instance = cut_utf8(options_.instance, k_longest_instance);
}

Scheduler::~Scheduler() = default;

void Scheduler::add(Job job) {
    if (knows(job.name)) throw std::invalid_argument{"two jobs are named " + job.name};
    series_.emplace_back(metrics_, job.name);
    jobs_.push_back(std::move(job));
}

const Job* Scheduler::find(std::string_view name) const {
    const auto found = std::ranges::find(jobs_, name, &Job::name);
    return found == jobs_.end() ? nullptr : &*found;
}

const Scheduler::Series& Scheduler::series_of(const Job& job) const { return series_[static_cast<std::size_t>(&job - jobs_.data())]; }

bool Scheduler::knows(std::string_view name) const { return find(name) != nullptr; }

std::string Scheduler::new_lease() const { return options_.instance + ":" + crypto::hex_encode(crypto::random_bytes(8)); }

EpochMs Scheduler::jittered(const Job& job, EpochMs at) const { return at + random_up_to(job.jitter); }

void Scheduler::start(asio::any_io_executor executor) {
    timers_ = std::make_unique<Timers>(executor);
    ++at_work_;
    asio::co_spawn(executor, poll_forever(), [this](std::exception_ptr failure) {
        --at_work_;
        timers_->idle.cancel();
        report_failure("scheduler", failure);
    });
}

db::Task<bool> Scheduler::stop(milliseconds patience) {
    stopping_ = true;
    if (!timers_) co_return true;
    co_return co_await asio::co_spawn(
        timers_->executor,
        [](Scheduler& self, milliseconds most) -> db::Task<bool> {
            const auto until = Steady::now() + most;
            self.timers_->pause.cancel();
            while (self.at_work_ > 0 && Steady::now() < until) {
                self.timers_->idle.expires_at(until);
                co_await self.timers_->idle.async_wait(asio::as_tuple(asio::deferred));
            }
            co_return self.at_work_ == 0;
        }(*this, patience),
        asio::use_awaitable);
}

db::Task<void> Scheduler::poll_forever() {
    while (!stopping_) {
        try {
            co_await look();
            database_lost_ = false;
        } catch (const std::exception& error) {
            if (!database_lost_) log::warning("the jobs wait for the database", {{"cause", std::string_view{error.what()}}});
            database_lost_ = true;
        }
        if (stopping_) break;
        // A little uneven, so that instances started together don't look together.
        timers_->pause.expires_after(options_.poll + milliseconds{random_up_to(options_.poll / 10)});
        co_await timers_->pause.async_wait(asio::as_tuple(asio::deferred));
    }
}

db::Task<void> Scheduler::look() {
    co_await ensure_rows();
    co_await clock_guard_.note();
    const auto rows = co_await db_.get(k_list.all());
    for (const auto& row : rows) {
        const auto* job = find(row.name);
        if (job == nullptr || stopping_) continue;
        series_of(*job).set(row, clock_.now_ms());
        co_await consider(*job, row.next_run_ms, row.lease_until_ms <= system_now_ms());
    }
}

db::Task<void> Scheduler::ensure_rows() {
    if (rows_exist_) co_return;
    const auto now = clock_.now_ms();
    db::Batch batch;
    for (const auto& job : jobs_) (void)batch.add(db::affected(k_insert, job.name, jittered(job, job.schedule.next_after(now))));
    co_await batch.run(db_);
    rows_exist_ = true;
}

db::Task<void> Scheduler::consider(const Job& job, EpochMs next_run_ms, bool is_free) {
    if (!is_free) co_return;
    const auto now = clock_.now_ms();
    const auto next = job.schedule.next_after(now);
    if (next_run_ms > next + job.jitter.count()) { // its schedule has changed, or the clock was set back
        co_await db_.execute(k_bring_forward, jittered(job, next), job.name, next_run_ms);
        co_return;
    }
    if (next_run_ms > now) co_return;
    auto lease = new_lease();
    const auto system_now = system_now_ms();
    const auto claimed =
        co_await db_.get(db::affected(k_claim, lease, system_now + options_.lease.count(), job.name, next_run_ms, system_now));
    if (claimed == 0) co_return; // another instance was faster
    ++at_work_;
    asio::co_spawn(timers_->executor, run_due(job, std::move(lease)), [this, &job](std::exception_ptr failure) {
        --at_work_;
        timers_->idle.cancel();
        report_failure(job.name, failure);
    });
}

db::Task<void> Scheduler::run_due(const Job& job, std::string lease) { co_await execute(job, std::move(lease)); }

db::Task<Outcome> Scheduler::run_now(std::string name) {
    const auto* job = find(name);
    if (job == nullptr) throw not_found();
    co_await ensure_rows();
    auto lease = new_lease();
    const auto system_now = system_now_ms();
    const auto claimed = co_await db_.get(db::affected(k_claim_now, lease, system_now + options_.lease.count(), job->name, system_now));
    if (claimed == 0) throw Error{k_job_running};
    co_return co_await execute(*job, std::move(lease));
}

db::Task<void> Scheduler::make_due(db::Transaction& tx, std::string name) {
    const auto* job = find(name);
    if (job == nullptr) throw not_found();
    const auto now = clock_.now_ms();
    tx.defer(k_insert, job->name, job->schedule.next_after(now));
    if (co_await tx.get(db::affected(k_make_due, now, job->name, system_now_ms())) == 0) throw Error{k_job_running};
}

db::Task<Outcome> Scheduler::execute(const Job& job, std::string lease) {
    const auto executor = co_await asio::this_coro::executor;
    Run run{&stopping_, clock_.now_ms()};
    Heartbeat heart{executor};
    asio::co_spawn(executor, beat(heart, db_, job.name, lease, options_.lease, run.lost_), [&heart](std::exception_ptr failure) {
        report_failure("lease of a job", failure);
        heart.is_over = true;
        heart.ended.cancel();
    });
    Outcome outcome;
    const auto began = Steady::now();
    try {
        co_await run_body(job, run, outcome);
    } catch (const std::exception& error) {
        outcome.error = error.what();
    } catch (...) { // the heartbeat below must be waited for, whatever happened
        outcome.error = "an exception of an unknown type";
    }
    outcome.duration = std::chrono::duration_cast<milliseconds>(Steady::now() - began);
    heart.run_is_over = true;
    heart.pause.cancel();
    while (!heart.is_over) co_await heart.ended.async_wait(asio::as_tuple(asio::deferred));

    const bool unfinished = run.should_stop() && !outcome.error;
    if (!outcome.refused) {
        const auto& series = series_of(job);
        (outcome.error ? series.failed : series.done).add();
        series.duration.observe(std::chrono::duration<double>(outcome.duration).count());
    }
    if (outcome.error && !outcome.refused)
        log::error("job failed", {{"job", std::string_view{job.name}}, {"cause", std::string_view{*outcome.error}}});
    try {
        co_await finish(job, std::move(lease), run.started_ms(), outcome, unfinished);
    } catch (const std::exception& error) { // the lease runs out, and the job runs again
        log::warning("the end of a job could not be noted",
                     {{"job", std::string_view{job.name}}, {"cause", std::string_view{error.what()}}});
    }
    co_return outcome;
}

db::Task<void> Scheduler::run_body(const Job& job, const Run& run, Outcome& outcome) {
    if (job.bears_leap && co_await clock_guard_.leap() > job.bears_leap->count()) {
        outcome.refused = true;
        outcome.error = "the clock has leapt: it waits until the new time has held for an hour";
        co_return;
    }
    co_await job.body(run);
}

db::Task<void> Scheduler::finish(const Job& job, std::string lease, EpochMs started_ms, Outcome outcome, bool unfinished) {
    if (unfinished) { // it stays due: the next instance goes on with it
        co_await db_.execute(k_release, job.name, lease);
        co_return;
    }
    const auto now = clock_.now_ms();
    auto next = jittered(job, job.schedule.next_after(now));
    if (outcome.error) next = std::min(next, now + (outcome.refused ? k_clock_retry_ms : k_retry_ms));
    const auto error = outcome.error ? std::optional{std::string{cut_utf8(*outcome.error, k_longest_error)}} : std::nullopt;
    co_await db_.execute(k_finish, next, started_ms, outcome.duration.count(), error, job.name, lease);
}

db::Task<std::vector<Status>> Scheduler::status() {
    const auto rows = co_await db_.get(k_status.all());
    const auto now = system_now_ms();
    std::vector<Status> all;
    for (const auto& job : jobs_) all.push_back({.name = job.name});
    for (const auto& row : rows) {
        const auto found = std::ranges::find(all, row.name, &Status::name);
        if (found == all.end()) continue;
        found->next_run_ms = row.next_run_ms;
        found->last_run_ms = row.last_run_ms;
        found->last_duration_ms = row.last_duration_ms;
        found->last_error = row.last_error;
        found->runs = row.runs;
        if (row.lease && row.lease_until_ms > now) {
            found->running_on = row.lease->substr(0, row.lease->rfind(':'));
        }
    }
    co_return all;
}

} // namespace focus::jobs
