// One SQLite connection: opened with our settings, its prepared statements, its time limit. Used by one thread at a time.
// Always holds: WAL, synchronous=FULL, foreign keys on; no statement outlives the deadline by much.
#pragma once

#include "core/base/error.hpp"
#include "core/db/database.hpp"
#include "core/db/sqlite/damage.hpp"

#include <chrono>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

struct sqlite3;
struct sqlite3_stmt;

namespace focus::db::sqlite {

enum class Access { read_write, read_only };

/// What SQLite answered when it refused, with its extended code. Sorted for callers by `public_error`.
class SqliteError : public std::runtime_error {
  public:
    SqliteError(int code, const std::string& message) : std::runtime_error{message}, code_{code} {}

    [[nodiscard]] int code() const noexcept { return code_; }
    /// Another connection holds a lock: the same may work in a moment.
    [[nodiscard]] bool is_busy() const noexcept;
    /// The time limit was exceeded.
    [[nodiscard]] bool is_interrupt() const noexcept;
    /// A unique or foreign key was violated.
    [[nodiscard]] bool is_constraint() const noexcept;
    /// The file or the disk below it failed: reopening may help.
    [[nodiscard]] bool is_outage() const noexcept;
    /// The file is not what SQLite wrote.
    [[nodiscard]] bool is_damage() const noexcept;

  private:
    int code_;
};

/// The error as callers of Session expect it: ConstraintError, focus::Error `unavailable`, or a defect.
[[nodiscard]] std::exception_ptr public_error(const SqliteError& error);
/// The same before the server serves: what the operator has to fix, in one sentence, with the code of an unusable database.
[[nodiscard]] std::exception_ptr error_at_start(const SqliteError& error, const std::string& path);

class Connection {
  public:
    /// Throws SqliteError. `create` makes the file, mode 0600, when it isn't there.
    Connection(const std::string& path, Access access, std::chrono::milliseconds busy_timeout, bool create);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// From now on what statements find broken is reported there.
    void report_to(Damage& damage) noexcept { damage_ = &damage; }
    /// Statements that still run at `deadline` are interrupted.
    void set_deadline(SteadyTime deadline) noexcept { deadline_ = deadline; }

    /// Runs one statement to its end. Throws SqliteError.
    Result run(const Command& command);
    /// Runs one statement without parameters whose result doesn't matter (BEGIN, PRAGMA, …). Throws SqliteError.
    void execute(std::string_view sql);
    /// True while a transaction is open; false also after SQLite has rolled it back by itself.
    [[nodiscard]] bool in_transaction() const noexcept;

  private:
    struct Close {
        void operator()(sqlite3* handle) const noexcept;
    };
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const noexcept;
    };
    using Prepared = std::unique_ptr<sqlite3_stmt, Finalize>;
    struct Cached {
        std::string sql;
        Prepared statement;
    };

    sqlite3_stmt* prepare(std::string_view sql);
    void configure(Access access, std::chrono::milliseconds busy_timeout);
    static int on_progress(void* self) noexcept;
    [[noreturn]] void fail(int code, std::string_view doing) const;

    std::unique_ptr<sqlite3, Close> handle_;
    Damage* damage_ = nullptr;
    SteadyTime deadline_ = SteadyTime::max();
    std::list<Cached> recent_; // most recently used first
    std::unordered_map<std::string_view, std::list<Cached>::iterator> by_text_;
};

} // namespace focus::db::sqlite
