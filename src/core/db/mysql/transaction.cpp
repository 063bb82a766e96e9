#include "core/db/mysql/transaction.hpp"

#include "core/db/mysql/format.hpp"

#include <ranges>

namespace focus::db::mysql {

void count(const StatementMetrics& metrics, std::span<const Command> commands, const std::optional<Failure>& failure,
           std::chrono::steady_clock::time_point since) {
    const auto took = std::chrono::steady_clock::now() - since;
    const auto ran = failure ? failure->ran : commands.size();
    for (std::size_t i = 0; i < ran; ++i) metrics.count(commands[i].name, took, false);
    if (ran < commands.size()) metrics.count(commands[ran].name, took, true);
}

Task<std::vector<Result>> MysqlTransaction::run(std::vector<Command> commands) {
    Trip trip;
    trip.deferred = deferred_.size();
    trip.commands = std::exchange(deferred_, {});
    if (trip.commands.empty())
        trip.commands = std::move(commands);
    else
        std::ranges::move(commands, std::back_inserter(trip.commands));
    co_await travel(trip, false);
    if (trip.failure) std::rethrow_exception(failure_ ? failure_ : trip.failure->as_exception());
    trip.results.erase(trip.results.begin(), trip.results.begin() + static_cast<std::ptrdiff_t>(trip.deferred));
    co_return std::move(trip.results);
}

Task<void> MysqlTransaction::commit() {
    if (failure_) std::rethrow_exception(failure_);
    if (!started_ && deferred_.empty()) co_return; // did nothing
    Trip trip;
    trip.deferred = deferred_.size();
    trip.commands = std::exchange(deferred_, {});
    co_await travel(trip, true);
    if (trip.failure) std::rethrow_exception(failure_);
    lease_.release();
}

Task<void> MysqlTransaction::travel(Trip& trip, bool with_commit) {
    if (failure_) std::rethrow_exception(failure_);
    const auto since = std::chrono::steady_clock::now();
    if (!lease_) {
        lease_ = pool_.try_acquire();
        if (!lease_) lease_ = co_await pool_.acquire();
    }
    const Frame frame{.before = started_ ? 0U : 1U, .after = with_commit ? 1U : 0U};
    std::string text;
    try {
        text = compose(trip, frame);
    } catch (...) { // what was deferred is lost with it
        failure_ = std::current_exception();
        throw;
    }
    pool_.start_round_trip(*lease_);
    started_ = true;
    trip.failure = co_await lease_->exchange(std::move(text), trip.commands, frame, trip.results);
    count(pool_.metrics(), trip.commands, trip.failure, since);
    if (trip.failure) judge(trip, with_commit);
}

std::string MysqlTransaction::compose(const Trip& trip, const Frame& frame) const {
    QueryText text{lease_->format_options()};
    if (frame.before > 0) text.add("START TRANSACTION");
    for (const auto& command : trip.commands) text.add(command);
    if (frame.after > 0) text.add("COMMIT");
    return text.take();
}

/// Decides what a failure means for the transaction as a whole.
void MysqlTransaction::judge(const Trip& trip, bool with_commit) {
    const Failure& failure = *trip.failure;
    const bool lost = failure.trouble == Trouble::lost;
    if (lost) lease_.drop();
    demoted_ = failure.demoted;
    // A connection lost before COMMIT was sent took everything with it; after that nobody knows.
    must_restart_ = failure.trouble == Trouble::conflict || (lost && !failure.overdue && (!with_commit || failure.unsent));
    if (must_restart_)
        failure_ = std::make_exception_ptr(Restart{failure.message});
    else if (lost || failure.trouble == Trouble::unavailable || with_commit || failure.ran < trip.deferred)
        failure_ = failure.as_exception();
}

Task<void> MysqlTransaction::roll_back() {
    if (!lease_) co_return;
    if (!started_) {
        lease_.release();
        co_return;
    }
    try {
        pool_.start_round_trip(*lease_);
        std::vector<Result> none;
        const auto failure = co_await lease_->exchange("ROLLBACK", {}, {.before = 1}, none);
        if (!failure && demoted_) lease_.leave_server();
        if (!failure) lease_.release();
    } catch (...) { // the connection is closed below, which rolls back too
    }
    lease_.drop();
}

} // namespace focus::db::mysql
