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
    /// Runs one statement. Throws Restart for what may be tried again: a deadlock, a lock that was not free in time.
    virtual Task<Result> run(std::string sql) = 0;
    /// Runs a CREATE, ALTER, DROP or RENAME that may have taken effect already; the error that says so is none.
    virtual Task<void> repeat(std::string sql) = 0;

    /// MySQL commits at each CREATE, ALTER and DROP by itself, so that there roll_back() undoes only what came after it.
    virtual Task<void> begin() = 0;
    virtual Task<void> commit() = 0;
    virtual Task<void> roll_back() = 0;
};

} // namespace focus::db
