// What both engines share: the retry loop around a transaction's body, and the errors that cross it.
// Only the engines' own files include this.
#pragma once

#include "core/db/database.hpp"

#include <stdexcept>
#include <string>

namespace focus::db {

/// The work is undone completely (deadlock, SQLITE_BUSY, connection lost before COMMIT was sent) and may run again
/// from its start. Never leaves the engine: after the last attempt it becomes `unavailable`.
class Restart : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

inline constexpr int k_max_attempts = 8;

/// Waits before attempt `attempt` + 1: a few milliseconds, doubled each time, with jitter so that two that collided
/// don't collide again.
Task<void> back_off(int attempt);

class EngineTransaction : public Transaction {
  public:
    /// Runs what is deferred and commits; returns when that is durable.
    virtual Task<void> commit() = 0;
    /// Undoes everything. Doesn't throw.
    virtual Task<void> roll_back() = 0;
    /// True once the engine has undone the transaction by itself, even if the body hid that error.
    [[nodiscard]] virtual bool must_restart() const noexcept = 0;

    /// Runs the after_commit callbacks.
    void run_effects() noexcept;
};

class EngineDatabase : public Database {
  public:
    Task<void> run_transaction(std::function<Task<void>(Transaction&)> body) override;

  protected:
    [[nodiscard]] virtual std::unique_ptr<EngineTransaction> begin(const boost::asio::any_io_executor& executor) = 0;
    /// After this long no further attempt is made.
    [[nodiscard]] virtual std::chrono::milliseconds patience() const noexcept = 0;
};

} // namespace focus::db
