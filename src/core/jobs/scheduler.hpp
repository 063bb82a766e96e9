// Background work: named jobs, each run on one instance at a time, when they are due or on request.
// Owns the table `jobs`. A run holds a lease on its row and extends it while it works; when its instance ends, another
// takes the job over after the lease. Always holds: a job that missed several times runs once for all of them; since a
// lease can expire under a stalled process, every job must tolerate a second run (unique keys, conditional updates).
#pragma once

#include "core/async/lease.hpp"
#include "core/async/periodic.hpp"
#include "core/async/task_group.hpp"
#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/db/database.hpp"
#include "core/jobs/clock_guard.hpp"
#include "core/jobs/schedule.hpp"
#include "core/metrics/metrics.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace focus::jobs {

inline constexpr ErrorCode k_job_running{
    ErrorKind::conflict, "job_running", {"This job is running already.", "Cette tâche est déjà en cours."}};

/// One run of a job, as its body sees it.
class Run {
  public:
    /// The body should end at its next safe point: the process stops, or another instance may have taken the job.
    [[nodiscard]] bool should_stop() const noexcept { return stop_.stop_requested() || lease_.is_lost(); }
    /// When the run began, by the Clock.
    [[nodiscard]] EpochMs started_ms() const noexcept { return started_ms_; }

  private:
    friend class Scheduler;
    Run(std::stop_token stop, const async::Lease& lease, EpochMs started_ms)
        : stop_{std::move(stop)}, lease_{lease}, started_ms_{started_ms} {}

    std::stop_token stop_;
    const async::Lease& lease_;
    EpochMs started_ms_;
};

struct Job {
    std::string name; // at most 50 characters
    Schedule schedule;
    std::chrono::milliseconds jitter{0};            // the longest random delay after the scheduled time
    std::function<db::Task<void>(const Run&)> body; // works in small steps; an exception becomes last_error
    /// The longest leap of the clock with which it runs (see ClockGuard); zero for deletion by time. Nothing: any.
    std::optional<std::chrono::milliseconds> bears_leap = std::nullopt;
};

/// The result of one run.
struct Outcome {
    std::chrono::milliseconds duration{0};
    std::optional<std::string> error;
    bool refused = false; // it did not run, because of the clock
};

/// A job as administrators see it.
struct Status {
    std::string name;
    EpochMs next_run_ms = 0;
    std::optional<EpochMs> last_run_ms;
    std::optional<std::int64_t> last_duration_ms;
    std::optional<std::string> last_error;
    std::int64_t runs = 0;
    std::optional<std::string> running_on; // the instance
};

class Scheduler {
  public:
    struct Options {
        std::string instance = "focus"; // the holder of leases, for display
        std::chrono::milliseconds lease{15'000};
        std::chrono::milliseconds poll{1'000}; // time between two reads of the table
    };
    Scheduler(db::Database& database, const Clock& clock, metrics::Registry& metrics, Options options);
    ~Scheduler();

    /// Before start(). Throws std::invalid_argument for a name that is taken.
    void add(Job job);
    [[nodiscard]] bool knows(std::string_view name) const;

    /// Runs the jobs on `executor`, which belongs to one thread.
    void start(boost::asio::any_io_executor executor);
    /// Starts no further run and requests a stop of the running ones; returns true when all have ended, false when
    /// `patience` is over first: then the executor must run no more.
    db::Task<bool> stop(std::chrono::milliseconds patience);

    /// Runs a job now on the caller's executor, due or not. Throws 404 for an unknown name, 409 `job_running` while it
    /// runs on any instance.
    db::Task<Outcome> run_now(std::string name);
    /// Makes a job due with the commit: an instance starts it within a second. Throws like run_now.
    db::Task<void> make_due(db::Transaction& tx, std::string name);
    [[nodiscard]] ClockGuard& clock_guard() noexcept { return clock_guard_; }
    /// In the order of add(); empty fields before the first run.
    db::Task<std::vector<Status>> status();

  private:
    struct Series;

    db::Task<void> look();
    db::Task<void> consider(const Job& job, EpochMs next_run_ms, bool is_free);
    db::Task<void> ensure_rows();
    [[nodiscard]] std::string new_lease() const;
    [[nodiscard]] const Job* find(std::string_view name) const;
    [[nodiscard]] const Series& series_of(const Job& job) const;
    [[nodiscard]] EpochMs jittered(const Job& job, EpochMs at) const;
    db::Task<Outcome> execute(const Job& job, std::string lease);
    db::Task<void> run_body(const Job& job, const Run& run, Outcome& outcome);
    db::Task<void> run_due(const Job& job, std::string lease);
    db::Task<void> finish(const Job& job, std::string lease, EpochMs started_ms, Outcome outcome, bool unfinished);

    db::Database& db_;
    const Clock& clock_;
    ClockGuard clock_guard_;
    metrics::Registry& metrics_;
    Options options_;
    std::vector<Job> jobs_;
    std::vector<Series> series_; // of the jobs, in their order
    bool rows_exist_ = false;
    boost::asio::any_io_executor executor_; // of start()
    async::TaskGroup tasks_;                // the reads of the table, and the runs that they start
};

} // namespace focus::jobs
