// Schema migrations: files migrations/{sqlite,mysql}/NNNN_name.sql, embedded in the binary, applied in order, each once.
// Always holds: servers that start at once apply each one once and wait for each other; one that was interrupted resumes where it
// stopped; a database that has a newer migration than this binary is refused.
#pragma once

#include "core/db/database.hpp"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace focus::db {

struct Migration {
    int number; // NNNN
    std::string_view name;
    std::string_view sql; // statements, each ended by a line that ends in ';'
};

/// The statements of a migration: a statement ends at a line whose last character is ';'. Lines that hold only a `--`
/// comment belong to none.
[[nodiscard]] std::vector<std::string> split_statements(std::string_view sql);

/// The embedded migrations of a dialect, ascending. Throws std::logic_error for a file that isn't named NNNN_name.sql.
[[nodiscard]] std::span<const Migration> embedded_migrations(Dialect dialect);

struct MigrationState {
    int number;
    std::string name;
    std::optional<std::int64_t> applied_at_ms; // nothing: pending
};

struct MigrationProgress {
    int at = 0; // the migration that runs, of those that were pending; 0: another process migrates
    int of = 0;
};
using MigrationListener = std::function<void(MigrationProgress)>;

/// Applies what is pending, logging each; gives the number applied. Each migration is one transaction on SQLite. On MySQL, where
/// CREATE, ALTER and DROP commit by themselves, the database stores the progress (migration_steps.hpp). Throws focus::Error
/// (`unavailable` when the database cannot be reached or was lost; call it again) or std::runtime_error with one clear sentence when the
/// schema is newer than this binary or a migration fails.
Task<int> migrate(Database& database, std::span<const Migration> migrations, MigrationListener listener = {});
Task<std::vector<MigrationState>> migration_status(Database& database, std::span<const Migration> migrations);

} // namespace focus::db
