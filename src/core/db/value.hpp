// What goes into and comes out of a statement: values, rows, results, and the statements themselves.
// Both engines use these types; neither engine's headers are needed to use them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace focus::db {

/// NULL, INTEGER (64 bit), REAL, TEXT.
using Value = std::variant<std::monostate, std::int64_t, double, std::string>;

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};

/// A C++ value as a statement's parameter. Empty optionals are NULL, booleans 0 or 1.
template <class T>
[[nodiscard]] Value to_value(const T& from) {
    if constexpr (std::is_same_v<T, Value>) {
        return from;
    } else if constexpr (is_optional<T>::value) {
        return from ? to_value(*from) : Value{};
    } else if constexpr (std::is_same_v<T, std::nullptr_t>) {
        return Value{};
    } else if constexpr (std::is_integral_v<T>) {
        return Value{static_cast<std::int64_t>(from)};
    } else if constexpr (std::is_floating_point_v<T>) {
        return Value{static_cast<double>(from)};
    } else {
        return Value{std::string{std::string_view{from}}};
    }
}

/// One row of a result, its columns by position (0-based) in the order of the SELECT.
class Row {
  public:
    explicit Row(std::vector<Value> values) : values_{std::move(values)} {}

    /// The column as T: std::int64_t, int, bool, double, std::string, std::string_view (borrowed from the row),
    /// or std::optional of one. Throws std::logic_error when the column is NULL, of another type or out of T's range (a defect).
    template <class T>
    [[nodiscard]] T get(std::size_t column) const {
        const Value& value = values_.at(column);
        if constexpr (is_optional<T>::value) {
            if (std::holds_alternative<std::monostate>(value)) return std::nullopt;
            return get<typename T::value_type>(column);
        } else if constexpr (std::is_integral_v<T>) {
            if (const auto* number = std::get_if<std::int64_t>(&value)) {
                if constexpr (std::is_same_v<T, bool>) {
                    return *number != 0;
                } else {
                    if (!std::in_range<T>(*number)) throw std::logic_error{"db: column " + std::to_string(column) + " is out of range"};
                    return static_cast<T>(*number);
                }
            }
        } else if constexpr (std::is_floating_point_v<T>) {
            if (const auto* real = std::get_if<double>(&value)) return static_cast<T>(*real);
            if (const auto* number = std::get_if<std::int64_t>(&value)) return static_cast<T>(*number);
        } else {
            if (const auto* text = std::get_if<std::string>(&value)) return T{*text};
        }
        throw std::logic_error{"db: column " + std::to_string(column) + " is NULL or of another type"};
    }
    [[nodiscard]] const Value& at(std::size_t column) const { return values_.at(column); }
    [[nodiscard]] bool is_null(std::size_t column) const { return std::holds_alternative<std::monostate>(values_.at(column)); }
    [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }

  private:
    std::vector<Value> values_;
};

/// What one statement gave.
struct Result {
    std::vector<Row> rows;
    /// Rows inserted, updated or deleted. An UPDATE counts the rows that it matched, changed or not, on both engines. An
    /// INSERT that may do nothing (ON CONFLICT DO NOTHING, INSERT IGNORE) counts what it made. What an upsert counts differs
    /// (MySQL: 1 made, 2 changed, 0 left as it was): don't use it.
    std::uint64_t affected = 0;
    /// The id of an INSERT that made one row, else 0.
    std::int64_t last_insert_id = 0;
};

/// The two texts of a statement where the dialects differ.
struct Sql {
    std::string_view sqlite;
    std::string_view mysql;
};

/// Whether a text has no quotes and no comments: each of its `?` marks a parameter.
[[nodiscard]] constexpr bool is_plain(std::string_view sql) {
    constexpr auto k_none = std::string_view::npos;
    return sql.find_first_of("'\"`#") == k_none && sql.find("--") == k_none && sql.find("/*") == k_none;
}

/// A named statement; `?` marks the parameters. Declared as a constant beside the function that uses it.
/// The name is the metrics' `operation` label: "activities.insert".
struct Statement {
    std::string_view name;
    Sql sql;
    bool mysql_is_plain; // known here, so that it costs nothing when the text is filled in

    constexpr Statement(std::string_view statement_name, std::string_view both) : Statement{statement_name, Sql{both, both}} {}
    constexpr Statement(std::string_view statement_name, Sql each)
        : name{statement_name}, sql{each}, mysql_is_plain{is_plain(each.mysql)} {}
};

/// A statement with its parameters, ready to run. Built from a Statement, or from text composed at run time
/// (optional filters, lists of values) out of constant pieces: never out of input.
struct Command {
    std::string_view name; // static storage
    Sql sql{};
    bool mysql_is_plain = false;
    std::string owned; // text composed at run time, for both dialects
    std::vector<Value> params;

    template <class... Args>
    static Command of(const Statement& statement, const Args&... args) {
        Command command;
        command.name = statement.name;
        command.sql = statement.sql;
        command.mysql_is_plain = statement.mysql_is_plain;
        command.params.reserve(sizeof...(args));
        (command.params.push_back(to_value(args)), ...);
        return command;
    }
    static Command composed(std::string_view name, std::string sql, std::vector<Value> params) {
        Command command;
        command.name = name;
        command.owned = std::move(sql);
        command.params = std::move(params);
        return command;
    }
};

/// A statement with its parameters, and what its result becomes. Made by what core/db/query.hpp declares; run by
/// Session::get, Session::all or a Batch.
template <class T>
struct Query {
    Command command;
    std::function<T(const Result&)> read;

    /// The same statement, whose result `change` turns into something else.
    template <class F, class U = std::invoke_result_t<F, T>>
    [[nodiscard]] Query<U> map(F change) && {
        return {std::move(command),
                [read = std::move(read), change = std::move(change)](const Result& result) { return change(read(result)); }};
    }
};

/// "?, ?, ?": the placeholders of `count` parameters (at least one), for IN lists and rows of VALUES.
[[nodiscard]] inline std::string places(std::size_t count) {
    std::string text = "?";
    for (std::size_t i = 1; i < count; ++i) text += ", ?";
    return text;
}

} // namespace focus::db
