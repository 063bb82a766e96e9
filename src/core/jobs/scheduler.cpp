#include "core/jobs/scheduler.hpp"

#include "core/base/error.hpp"
#include "core/base/fold.hpp"
#include "core/base/log.hpp"
#include "core/crypto/crypto.hpp"
#include "core/db/query.hpp"

#include <boost/asio/this_coro.hpp>

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

EpochMs random_up_to(milliseconds most) {
    thread_local std::minstd_rand random{std::random_device{}()};
    return std::uniform_int_distribution<EpochMs>{0, most.count()}(random);
}

/// Leases use the system's clock: tests may set the Clock, to a different time on each instance.
db::Task<bool> extend(db::Database& database, std::string name, std::string lease, milliseconds length) {
    co_return co_await database.get(db::affected(k_extend, system_now_ms() + length.count(), name, lease)) > 0;
}

} // namespace

/// A job's metrics: the state of the table, which is the same on every instance, and the runs of this one.
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
    executor_ = executor;
    // With jitter, so that instances started together do not query at the same time.
    async::Periodic{std::move(executor),
                    {.name = "scheduler", .retry = options_.poll, .longest_retry = options_.poll},
                    [this]() -> db::Task<milliseconds> {
                        co_await look();
                        co_return options_.poll + milliseconds{random_up_to(options_.poll / 10)};
                    }}
        .start(tasks_);
}

db::Task<bool> Scheduler::stop(milliseconds patience) {
    tasks_.stop();
    const bool all_ended = co_await tasks_.wait_for(patience);
    if (!all_ended) tasks_.abandon();
    co_return all_ended;
}

db::Task<void> Scheduler::look() {
    co_await ensure_rows();
    co_await clock_guard_.note();
    const auto rows = co_await db_.get(k_list.all());
    for (const auto& row : rows) {
        const auto* job = find(row.name);
        if (job == nullptr || tasks_.is_stopping()) continue;
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
    tasks_.spawn(executor_, job.name, run_due(job, std::move(lease)), async::OnStop::finish);
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
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    async::Lease claim{executor, "lease of a job", options_.lease, [&database = db_, name = job.name, lease, length = options_.lease] {
                           return extend(database, name, lease, length);
                       }};
    const Run run{tasks_.stop_token(), claim, clock_.now_ms()};
    Outcome outcome;
    const auto began = Steady::now();
    try {
        co_await run_body(job, run, outcome);
    } catch (const std::exception& error) {
        outcome.error = error.what();
    } catch (...) { // the lease's renewals below must be awaited in any case
        outcome.error = "an exception of an unknown type";
    }
    outcome.duration = std::chrono::duration_cast<milliseconds>(Steady::now() - began);
    co_await claim.end();

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
    if (unfinished) { // it stays due: the next instance continues it
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
