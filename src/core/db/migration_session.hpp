// A connection for migrations, apart from the pool: no statement time limit, and it may wait for another process.
// Only migrate.cpp and the engines use it.
#pragma once

#include "core/db/database.hpp"

namespace focus::db {

class MigrationSession {
  public:
    MigrationSession() = default;
    MigrationSession(const MigrationSession&) = delete;
    MigrationSession& operator=(const MigrationSession&) = delete;
    virtual ~MigrationSession() = default;

    [[nodiscard]] virtual Dialect dialect() const noexcept = 0;
    /// Runs one statement.
    virtual Task<Result> run(std::string sql) = 0;

    /// Keeps other processes from migrating until unlock() or the end of the session; waits a minute for it, then `unavailable`.
    virtual Task<void> lock() = 0;
    virtual Task<void> unlock() = 0;
    /// One migration. MySQL commits at each CREATE, ALTER and DROP by itself, so that there roll_back() undoes only the rest.
    virtual Task<void> begin() = 0;
    virtual Task<void> commit() = 0;
    virtual Task<void> roll_back() = 0;
};

} // namespace focus::db
