#include "core/db/bulk.hpp"

#include <iterator>
#include <span>

namespace focus::db {

namespace {

/// The statement with its group of placeholders repeated.
Command one_command(const Statement& statement, std::span<Values> rows) {
    constexpr std::string_view k_values = "VALUES (";
    const auto sql = statement.sql.mysql;
    const auto open = sql.find(k_values);
    if (open == std::string_view::npos) throw std::logic_error{std::string{statement.name} + " has no VALUES"};
    const auto from = open + k_values.size() - 1;
    const auto to = sql.find(')', from) + 1;
    const auto group = sql.substr(from, to - from);
    std::string text;
    text.reserve(sql.size() + rows.size() * (group.size() + 2));
    text += sql.substr(0, from);
    Values params;
    params.reserve(rows.size() * rows.front().size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i > 0) text += ", ";
        text += group;
        std::ranges::move(rows[i], std::back_inserter(params));
    }
    text += sql.substr(to);
    return Command::composed(statement.name, std::move(text), std::move(params));
}

Command of_row(const Statement& statement, Values row) {
    auto command = Command::of(statement);
    command.params = std::move(row);
    return command;
}

} // namespace

std::vector<Command> for_rows(Dialect dialect, const Statement& statement, std::vector<Values> rows) {
    std::vector<Command> commands;
    if (dialect == Dialect::sqlite || rows.size() == 1) {
        commands.reserve(rows.size());
        for (auto& row : rows) commands.push_back(of_row(statement, std::move(row)));
        return commands;
    }
    for (std::span<Values> rest{rows}; !rest.empty(); rest = rest.subspan(std::min(k_bulk_rows, rest.size()))) {
        commands.push_back(one_command(statement, rest.first(std::min(k_bulk_rows, rest.size()))));
    }
    return commands;
}

void defer_all(Transaction& tx, std::vector<Command> commands) {
    for (auto& command : commands) tx.defer(std::move(command));
}

Task<std::uint64_t> delete_in_steps(std::function<Task<std::uint64_t>()> step, std::function<bool()> may_go_on) {
    std::uint64_t gone = 0;
    for (;;) {
        const auto rows = co_await step();
        gone += rows;
        if (rows == 0 || (may_go_on && !may_go_on())) co_return gone;
    }
}

Task<std::uint64_t> detail::delete_in_steps(Session& session, Command command, std::function<bool()> may_go_on) {
    command.params.push_back(to_value(k_deleted_at_once));
    std::uint64_t gone = 0;
    for (;;) {
        const auto result = co_await session.run_one(command);
        gone += result.affected;
        if (result.affected < k_deleted_at_once || (may_go_on && !may_go_on())) co_return gone;
    }
}

} // namespace focus::db
