// How migrations run on MySQL, where CREATE, ALTER and DROP commit by themselves: under a lock that is a row, statement by statement,
// with a row that says how many statements of the migration under way are done. Only migrate.cpp uses it.
// Always holds: one process at a time writes the progress, and each write names that process; data moves in the transaction that
// notes it; a CREATE, ALTER or DROP that may have taken effect without a note is run again, and may report that it did.
//
// The lock is a row with a counter that its holder increments each second: no clocks are compared, and it holds on every node of a
// cluster, unlike GET_LOCK. A holder whose counter stands still for k_silence is dead; one that only was slow fails at its next
// note.
#pragma once

#include "core/db/migration_session.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace focus::db {

[[nodiscard]] std::string migration_failure(std::string_view title, int at, std::string_view statement, std::string_view why);

class MigrationSteps {
  public:
    MigrationSteps(Database& database, MigrationSession& session);

    /// Waits until no other process migrates; calls `on_waiting` when one does.
    Task<void> lock(std::function<void()> on_waiting);
    /// Runs the work while the lock is kept, then gives it back.
    Task<int> locked(std::function<Task<int>()> work);
    /// Runs the statements that are not done yet and `conclusion` with the last note.
    Task<void> apply(int number, std::string title, std::vector<std::string> statements, std::string conclusion);

  private:
    struct Position {
        int number = 0;
        int done = 0;
    };
    Task<void> create_tables();
    Task<bool> try_lock(std::string holder, std::int64_t beat);
    Task<void> read_position();
    Task<void> keep_beating();
    Task<void> release();
    Task<void> note(Position position);
    Task<void> run_ddl(std::string statement, Position after, bool uncertain);
    Task<void> run_data(std::vector<std::string> statements, std::size_t begin, Position after);

    Database& database_;
    MigrationSession& session_;
    std::string me_;
    Position position_;
    std::size_t current_ = 0; // the statement that runs
};

} // namespace focus::db
