// Copies of a SQLite database: taken while servers write to it, and put back while none runs. MySQL has its own tools.
// Always holds: a copy has been checked before it gets its name, so a file with that name is whole; a database that is
// replaced is kept under another name. These functions block: they are for commands.
#pragma once

#include "core/db/migrate.hpp"

#include <functional>
#include <string>

namespace focus::db {

struct CopyReport {
    std::int64_t bytes = 0;
    int migrations = 0;   // applied to its schema
    std::string replaced; // the new name of the database that it replaced; empty: there was none
};

/// Called with the part that is done, 0 to 1.
using CopyProgress = std::function<void(double)>;

/// Copies the database of `url`, as it is at this moment, into the new file `file` (mode 0600). Readers and writers
/// continue. Throws std::invalid_argument for what the caller can fix (not SQLite, the file exists), std::runtime_error
/// for the rest.
CopyReport back_up(const std::string& url, const std::string& file, const CopyProgress& progress);

/// Puts the copy `file` in the place of the database of `url`. Refuses a file that is damaged, not ours, or has
/// migrations beyond `known`, and a database that a server has open. Throws like back_up.
CopyReport restore(const std::string& url, const std::string& file, std::span<const Migration> known, const CopyProgress& progress);

} // namespace focus::db
