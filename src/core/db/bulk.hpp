// Writing many rows by one single-row statement, in the way that is fast on each engine: MySQL gets statements of many
// rows, because each statement costs it more than a row; SQLite runs one prepared statement again and again.
#pragma once

#include "core/db/database.hpp"

#include <vector>

namespace focus::db {

using Values = std::vector<Value>;

template <class... Args>
[[nodiscard]] Values values_of(const Args&... args) {
    Values values;
    values.reserve(sizeof...(args));
    (values.push_back(to_value(args)), ...);
    return values;
}

/// The commands that run `statement`, an INSERT with one `VALUES (?, …)`, for all rows in order. On MySQL the first
/// generated id of each command is its `last_insert_id`; on SQLite each row has a result of its own.
[[nodiscard]] std::vector<Command> for_rows(Dialect dialect, const Statement& statement, std::vector<Values> rows);

/// Rows per statement on MySQL.
inline constexpr std::size_t k_bulk_rows = 500;

} // namespace focus::db
