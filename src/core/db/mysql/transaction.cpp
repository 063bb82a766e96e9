#include "core/db/mysql/transaction.hpp"

#include "core/db/mysql/format.hpp"

#include <ranges>

namespace focus::db::mysql {

namespace {

constexpr Statement k_in_transaction{"transaction.check", "SELECT @@in_transaction"};

} // namespace

void count(const StatementMetrics& metrics, std::span<const Command> commands, const std::optional<Failure>& failure,
           std::chrono::steady_clock::time_point since) {
    const auto took = std::chrono::steady_clock::now() - since;
    const auto ran = failure ? failure->ran : commands.size();
    for (std::size_t i = 0; i < ran; ++i) metrics.count(commands[i].name, took, false);
    if (ran < commands.size()) metrics.count(commands[ran].name, took, true);
}

Task<std::optional<Failure>> exchange_singly(const Pool& pool, Link& link, std::span<const Command> commands,
                                             std::vector<Result>& results) {
    for (std::size_t i = 0; i < commands.size(); ++i) {
        QueryText text{link.format_options()};
        text.add(commands[i]);
        pool.start_round_trip(link);
        auto failure = co_await link.exchange(text.take(), commands.subspan(i, 1), {}, results);
        if (!failure) continue;
        failure->ran += i;
        co_return failure;
    }
    co_return std::nullopt;
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
        lease_ = pool_.try_acquire(asker_);
        if (!lease_) lease_ = co_await pool_.acquire(asker_);
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
    if (lease_->is_galera())
        trip.failure = co_await travel_singly(trip, frame);
    else
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

/// Statement by statement. A Galera node may end the transaction at any moment in favour of another node's write, and reports
/// it at the start of the next text; the rest of the same text would run outside any transaction.
Task<std::optional<Failure>> MysqlTransaction::travel_singly(Trip& trip, Frame frame) {
    std::vector<Result> none;
    if (frame.before > 0) {
        if (auto failure = co_await lease_->exchange("START TRANSACTION", {}, {.before = 1}, none)) co_return failure;
    }
    if (auto failure = co_await exchange_singly(pool_, *lease_, trip.commands, trip.results)) co_return failure;
    if (frame.after == 0) co_return std::nullopt;
    const std::vector<Command> check{Command::of(k_in_transaction)};
    std::vector<Result> checked;
    auto failure = co_await exchange_singly(pool_, *lease_, check, checked);
    if (!failure && !checked.front().rows.at(0).get<bool>(0)) {
        failure.emplace();
        failure->trouble = Trouble::conflict;
        failure->message = "mysql: the cluster ended the transaction";
    }
    if (!failure) {
        pool_.start_round_trip(*lease_);
        failure = co_await lease_->exchange("COMMIT", {}, {.after = 1}, none);
    }
    if (failure) failure->ran = trip.commands.size();
    co_return failure;
}

/// Decides what a failure means for the transaction as a whole.
void MysqlTransaction::judge(const Trip& trip, bool with_commit) {
    const Failure& failure = *trip.failure;
    const bool lost = failure.trouble == Trouble::lost;
    if (lost) lease_.drop();
    demoted_ = failure.demoted;
    // A connection lost before COMMIT was sent undid everything; after that the outcome is unknown.
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
