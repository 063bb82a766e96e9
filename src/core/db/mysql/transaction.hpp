// A transaction on a MySQL connection. START TRANSACTION is sent with its first statements, what is deferred with the
// next ones, COMMIT with the last: a transaction of deferred statements only is a single round trip.
#pragma once

#include "core/db/engine.hpp"
#include "core/db/mysql/pool.hpp"

namespace focus::db::mysql {

class MysqlTransaction final : public EngineTransaction {
  public:
    MysqlTransaction(Asker asker, Pool& pool) : asker_{asker}, pool_{pool} {}

    Task<std::vector<Result>> run(std::vector<Command> commands) override;
    [[nodiscard]] Dialect dialect() const noexcept override { return Dialect::mysql; }
    void defer(Command command) override { deferred_.push_back(std::move(command)); }
    Task<void> commit() override;
    Task<void> roll_back() override;
    [[nodiscard]] bool must_restart() const noexcept override { return must_restart_; }

  private:
    struct Trip {
        std::vector<Command> commands;
        std::vector<Result> results;
        std::optional<Failure> failure;
        std::size_t deferred = 0; // the first of the commands
    };
    Task<void> travel(Trip& trip, bool with_commit);
    [[nodiscard]] std::string compose(const Trip& trip, const Frame& frame) const;
    Task<std::optional<Failure>> travel_singly(Trip& trip, Frame frame);
    void judge(const Trip& trip, bool with_commit);

    Asker asker_;
    Pool& pool_;
    Lease lease_;
    bool started_ = false;
    std::vector<Command> deferred_;
    std::exception_ptr failure_; // no statement may follow
    bool must_restart_ = false;
    bool demoted_ = false; // the server takes no writes any more
};

/// Runs the commands one by one, each a round trip of its own.
Task<std::optional<Failure>> exchange_singly(const Pool& pool, Link& link, std::span<const Command> commands, std::vector<Result>& results);

/// Counts the commands of a round trip that took since `since`.
void count(const StatementMetrics& metrics, std::span<const Command> commands, const std::optional<Failure>& failure,
           std::chrono::steady_clock::time_point since);

} // namespace focus::db::mysql
