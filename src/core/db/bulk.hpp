// Writing many rows by one single-row statement, in the way that is fast on each engine: MySQL gets statements of many
// rows, because each statement costs it more than a row; SQLite runs one prepared statement repeatedly.
// Deleting many rows in steps, each a transaction of its own, so that no other transaction waits behind a long one.
#pragma once

#include "core/db/database.hpp"

#include <functional>
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

/// Queues all of them.
void defer_all(Transaction& tx, std::vector<Command> commands);

/// Rows per statement on MySQL.
inline constexpr std::size_t k_bulk_rows = 500;

/// Rows that a step deletes at most.
inline constexpr std::size_t k_deleted_at_once = 500;

/// Runs `step`, which deletes some rows and gives how many, until it deletes none or `may_go_on`, asked after each step,
/// is false. Gives the number of deleted rows.
Task<std::uint64_t> delete_in_steps(std::function<Task<std::uint64_t>()> step, std::function<bool()> may_go_on = {});

namespace detail {
Task<std::uint64_t> delete_in_steps(Session& session, Command command, std::function<bool()> may_go_on);
}

/// Runs a DELETE whose last parameter is the most rows to delete ("… LIMIT ?") until it deletes fewer, or `may_go_on`
/// (nullptr: always) is false. `args` are its other parameters. Gives the number of deleted rows.
template <class... Args>
Task<std::uint64_t> delete_in_steps(Database& database, std::function<bool()> may_go_on, const Statement& statement, const Args&... args) {
    return detail::delete_in_steps(database, Command::of(statement, args...), std::move(may_go_on));
}

} // namespace focus::db
