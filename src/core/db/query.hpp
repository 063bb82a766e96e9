// Typed statements. A row is a plain struct whose fields have the names of its columns; nothing is read by position.
//
//   struct Limit {
//       std::int64_t id;
//       std::string app_name;
//       json::Timestamp created_at;   // the column created_at_ms: see column.hpp
//   };
//   constexpr auto k_list = db::select<Limit>("limits.list", "SELECT * FROM limits WHERE user_id = ? ORDER BY id");
//   db::Query<std::vector<Limit>> list(std::int64_t user_id) { return k_list.all(user_id); }
//
//   auto [limits, total] = co_await session.all(list(user_id), usage::total(user_id));   // one round trip
//
// Always holds: the columns of a SELECT are the fields of its struct, in their order and with their names. `*` stands for
// them; a list that is written out is compared with the struct when it is compiled. A field that is added to a struct is
// therefore in every statement that says `*`, and in every generated INSERT and UPDATE.
#pragma once

#include "core/db/bulk.hpp"
#include "core/db/column.hpp"
#include "core/db/database.hpp"

#include <array>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace focus::db {

/// A text that is composed at compile time. A constant of this type has static storage, as Statement needs it.
template <std::size_t Capacity>
struct SqlText {
    std::array<char, Capacity> chars{};
    std::size_t size = 0;

    constexpr SqlText() = default;
    constexpr SqlText(const char (&text)[Capacity]) { append({text, Capacity - 1}); } // NOLINT: a literal is a text
    constexpr void append(std::string_view text) {
        for (const char c : text) chars[size++] = c;
    }
    constexpr operator std::string_view() const noexcept { return {chars.data(), size}; }
};

template <std::size_t A, std::size_t B>
constexpr SqlText<A + B> operator+(const SqlText<A>& left, const SqlText<B>& right) {
    SqlText<A + B> both;
    both.append(left);
    both.append(right);
    return both;
}
template <std::size_t A, std::size_t B>
constexpr SqlText<A + B> operator+(const SqlText<A>& left, const char (&right)[B]) {
    return left + SqlText<B>{right};
}
template <std::size_t A, std::size_t B>
constexpr SqlText<A + B> operator+(const char (&left)[A], const SqlText<B>& right) {
    return SqlText<A>{left} + right;
}

/// Fields that a generated statement leaves out. `id` is always left out: the database makes it.
using LeftOut = std::initializer_list<std::string_view>;

namespace detail {

/// Calls `take(name pieces…)` for the column of each field.
template <json::Struct Row>
constexpr void for_columns(auto take) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (take(I, [](auto piece) { column_name<json::FieldType<Row, I>>(json::k_field_name<Row, I>, piece); }), ...);
    }(std::make_index_sequence<json::k_field_count<Row>>());
}

template <class Row>
consteval std::size_t column_chars() {
    if constexpr (json::Struct<Row>) {
        std::size_t size = 0;
        for_columns<Row>([&](std::size_t, auto name) { name([&](std::string_view piece) { size += piece.size() + 2; }); });
        return size + 8 * json::k_field_count<Row>;
    } else {
        return 0;
    }
}

constexpr bool is_word(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

/// The end of the item of a list (`,` or FROM outside parentheses, or the end), from `begin` on.
constexpr std::size_t end_of_item(std::string_view sql, std::size_t begin) {
    int depth = 0;
    bool quoted = false;
    for (std::size_t i = begin; i < sql.size(); ++i) {
        if (sql[i] == '\'') quoted = !quoted;
        if (quoted) continue;
        if (sql[i] == '(') ++depth;
        if (sql[i] == ')') --depth;
        if (depth == 0 && (sql[i] == ',' || sql.substr(i).starts_with(" FROM "))) return i;
    }
    return sql.size();
}

/// Where the list of the outermost SELECT begins.
constexpr std::size_t begin_of_list(std::string_view sql) {
    int depth = 0;
    for (std::size_t i = 0; i < sql.size(); ++i) {
        if (sql[i] == '(') ++depth;
        if (sql[i] == ')') --depth;
        if (depth == 0 && sql.substr(i).starts_with("SELECT ")) return i + (sql.substr(i).starts_with("SELECT DISTINCT ") ? 16 : 7);
    }
    throw std::logic_error{"not a SELECT"};
}

/// The name of a column in a list: what stands behind AS, else behind the last dot; without backticks.
constexpr std::string_view name_of_item(std::string_view item) {
    while (item.ends_with(' ') || item.ends_with('`')) item.remove_suffix(1);
    std::size_t begin = item.size();
    while (begin > 0 && is_word(item[begin - 1])) --begin;
    return item.substr(begin);
}

/// Replaces `*` or `t.*` by the columns of Row, or compares the written list with them.
template <class Row, std::size_t Out>
consteval SqlText<Out> select_text(std::string_view sql) {
    SqlText<Out> out;
    const auto begin = begin_of_list(sql);
    auto end = end_of_item(sql, begin);
    if constexpr (!json::Struct<Row>) {
        if (end < sql.size() && sql[end] == ',') throw std::logic_error{"one column makes a single value"};
        out.append(sql);
        return out;
    } else {
        const auto item = sql.substr(begin, end - begin);
        if (item.ends_with('*')) {
            out.append(sql.substr(0, begin));
            for_columns<Row>([&](std::size_t i, auto name) {
                if (i > 0) out.append(", ");
                out.append(item.substr(0, item.size() - 1));
                name([&](std::string_view piece) { out.append(piece); });
            });
            out.append(sql.substr(end));
            return out;
        }
        auto at = begin;
        bool ended = false;
        for_columns<Row>([&](std::size_t, auto name) {
            if (ended) throw std::logic_error{"the struct has more fields than the SELECT has columns"};
            end = end_of_item(sql, at);
            auto column = name_of_item(sql.substr(at, end - at));
            name([&](std::string_view piece) {
                if (!column.starts_with(piece)) throw std::logic_error{"a column and its field have different names"};
                column.remove_prefix(piece.size());
            });
            if (!column.empty()) throw std::logic_error{"a column and its field have different names"};
            ended = end == sql.size() || sql[end] != ',';
            at = end + (sql.substr(end).starts_with(", ") ? 2 : 1);
        });
        if (!ended) throw std::logic_error{"the SELECT has more columns than the struct has fields"};
        out.append(sql);
        return out;
    }
}

template <class Row>
consteval std::array<bool, json::k_field_count<Row>> chosen_fields(LeftOut left_out) {
    std::array<bool, json::k_field_count<Row>> chosen{};
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        ((chosen[I] = json::k_field_name<Row, I> != "id"), ...);
        for (const auto name : left_out) {
            bool known = false;
            ((known = known || json::k_field_name<Row, I> == name), ...);
            if (!known) throw std::logic_error{"a field that is left out does not exist"};
            ((chosen[I] = chosen[I] && json::k_field_name<Row, I> != name), ...);
        }
    }(std::make_index_sequence<json::k_field_count<Row>>());
    return chosen;
}

template <class Row, std::size_t Out>
consteval SqlText<Out> insert_text(std::string_view verb, std::string_view table, const auto& chosen, std::string_view end) {
    SqlText<Out> out;
    out.append(verb);
    out.append(" INTO ");
    out.append(table);
    out.append(" (");
    std::size_t count = 0;
    for_columns<Row>([&](std::size_t i, auto name) {
        if (!chosen[i]) return;
        if (count++ > 0) out.append(", ");
        name([&](std::string_view piece) { out.append(piece); });
    });
    out.append(") VALUES (");
    for (std::size_t i = 0; i < count; ++i) out.append(i > 0 ? ", ?" : "?");
    out.append(")");
    out.append(end);
    return out;
}

template <class Row, std::size_t Out>
consteval SqlText<Out> update_text(std::string_view table, const auto& chosen, std::string_view where) {
    SqlText<Out> out;
    out.append("UPDATE ");
    out.append(table);
    out.append(" SET ");
    std::size_t count = 0;
    for_columns<Row>([&](std::size_t i, auto name) {
        if (!chosen[i]) return;
        if (count++ > 0) out.append(", ");
        name([&](std::string_view piece) { out.append(piece); });
        out.append(" = ?");
    });
    out.append(" ");
    out.append(where);
    return out;
}

template <class... Args>
Command command_of(std::string_view name, Sql sql, bool mysql_is_plain, const Args&... args) {
    Command command;
    command.name = name;
    command.sql = sql;
    command.mysql_is_plain = mysql_is_plain;
    command.params.reserve(sizeof...(args));
    (command.params.push_back(to_value(args)), ...);
    return command;
}

template <class T>
T read_column(const Row& row, std::size_t index, std::string_view name) {
    try {
        return Column<T>::read(row.at(index));
    } catch (const std::logic_error& error) {
        throw std::logic_error{"db: column " + std::string{name} + ": " + error.what()};
    }
}

} // namespace detail

/// The struct (or single value) of a row.
template <class T>
[[nodiscard]] T read_row(const Row& row) {
    if constexpr (json::Struct<T>) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return T{detail::read_column<json::FieldType<T, I>>(row, I, json::k_field_name<T, I>)...};
        }(std::make_index_sequence<json::k_field_count<T>>());
    } else {
        return detail::read_column<T>(row, 0, "1");
    }
}

/// All rows.
template <class T>
[[nodiscard]] std::vector<T> read_rows(const Result& result) {
    std::vector<T> rows;
    rows.reserve(result.rows.size());
    for (const auto& row : result.rows) rows.push_back(read_row<T>(row));
    return rows;
}

/// A SELECT whose text is known at compile time; its rows are T. Made by select() and select_for_update().
template <class T, std::size_t Sqlite, std::size_t Mysql>
class Select {
  public:
    consteval Select(std::string_view name, SqlText<Sqlite> sqlite, SqlText<Mysql> mysql)
        : name_{name}, sqlite_{sqlite}, mysql_{mysql}, mysql_is_plain_{is_plain(mysql_text())} {}

    /// All rows in their order.
    template <class... Args>
    [[nodiscard]] Query<std::vector<T>> all(const Args&... args) const {
        return {command(args...), [](const Result& result) { return read_rows<T>(result); }};
    }
    /// The first row, or nothing.
    template <class... Args>
    [[nodiscard]] Query<std::optional<T>> first(const Args&... args) const {
        return {command(args...), [](const Result& result) {
                    return result.rows.empty() ? std::nullopt : std::optional<T>{read_row<T>(result.rows.front())};
                }};
    }
    /// The only row of a statement that always has one (a sum, a count).
    template <class... Args>
    [[nodiscard]] Query<T> one(const Args&... args) const {
        return {command(args...), [](const Result& result) { return read_row<T>(result.rows.at(0)); }};
    }
    /// Whether there is a row.
    template <class... Args>
    [[nodiscard]] Query<bool> exists(const Args&... args) const {
        return {command(args...), [](const Result& result) { return !result.rows.empty(); }};
    }

    [[nodiscard]] constexpr std::string_view name() const noexcept { return name_; }
    [[nodiscard]] constexpr Sql sql() const noexcept { return {sqlite_, mysql_text()}; }

  private:
    [[nodiscard]] constexpr std::string_view mysql_text() const noexcept { return mysql_.size > 0 ? mysql_ : std::string_view{sqlite_}; }
    template <class... Args>
    [[nodiscard]] Command command(const Args&... args) const {
        return detail::command_of(name_, sql(), mysql_is_plain_, args...);
    }

    std::string_view name_;
    SqlText<Sqlite> sqlite_;
    SqlText<Mysql> mysql_; // empty: the same
    bool mysql_is_plain_;
};

/// Declares a SELECT. T is a struct, or the type of the only column. Declare it `constexpr` at namespace scope.
template <class T, std::size_t N>
consteval auto select(std::string_view name, const SqlText<N>& both) {
    constexpr auto k_size = N + detail::column_chars<T>();
    return Select<T, k_size, 1>{name, detail::select_text<T, k_size>(both), SqlText<1>{}};
}
template <class T, std::size_t N>
consteval auto select(std::string_view name, const char (&both)[N]) {
    return select<T>(name, SqlText<N>{both});
}
template <class T, std::size_t A, std::size_t B>
consteval auto select(std::string_view name, const SqlText<A>& sqlite, const SqlText<B>& mysql) {
    constexpr auto k_columns = detail::column_chars<T>();
    return Select<T, A + k_columns, B + k_columns>{name, detail::select_text<T, A + k_columns>(sqlite),
                                                   detail::select_text<T, B + k_columns>(mysql)};
}
template <class T, std::size_t A, std::size_t B>
consteval auto select(std::string_view name, const char (&sqlite)[A], const char (&mysql)[B]) {
    return select<T>(name, SqlText<A>{sqlite}, SqlText<B>{mysql});
}
/// A SELECT that locks its rows until the transaction ends. (A transaction of SQLite that writes is alone.)
template <class T, std::size_t N>
consteval auto select_for_update(std::string_view name, const SqlText<N>& text) {
    return select<T>(name, text, text + " FOR UPDATE");
}
template <class T, std::size_t N>
consteval auto select_for_update(std::string_view name, const char (&text)[N]) {
    return select_for_update<T>(name, SqlText<N>{text});
}

/// An INSERT or UPDATE whose columns are the fields of Row. Made by insert(), insert_or_ignore() and update().
template <json::Struct Row, std::size_t Sqlite, std::size_t Mysql>
class Write {
  public:
    using Chosen = std::array<bool, json::k_field_count<Row>>;

    consteval Write(std::string_view name, SqlText<Sqlite> sqlite, SqlText<Mysql> mysql, Chosen chosen)
        : name_{name}, sqlite_{sqlite}, mysql_{mysql}, chosen_{chosen}, mysql_is_plain_{is_plain(mysql_)} {}

    /// Gives the id that the database made.
    template <class... Args>
    [[nodiscard]] Query<std::int64_t> id(const Row& row, const Args&... args) const {
        return {command(row, args...), [](const Result& result) { return result.last_insert_id; }};
    }
    /// Gives how many rows were written. `args` are the parameters behind the row's.
    template <class... Args>
    [[nodiscard]] Query<std::uint64_t> affected(const Row& row, const Args&... args) const {
        return {command(row, args...), [](const Result& result) { return result.affected; }};
    }
    /// The statement for many rows, in as few commands as the engine likes; see for_rows().
    [[nodiscard]] std::vector<Command> rows(Dialect dialect, const std::vector<Row>& rows) const {
        std::vector<Values> values;
        values.reserve(rows.size());
        for (const auto& row : rows) values.push_back(values_of_row(row));
        return for_rows(dialect, Statement{name_, sql()}, std::move(values));
    }

    [[nodiscard]] constexpr std::string_view name() const noexcept { return name_; }
    [[nodiscard]] constexpr Sql sql() const noexcept { return {sqlite_, mysql_}; }

  private:
    [[nodiscard]] Values values_of_row(const Row& row) const {
        Values values;
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            const auto fields = json::field_addresses(row);
            const auto add = [&]<class T>(std::size_t i, const T* field) {
                if (chosen_[i]) values.push_back(Column<T>::write(*field));
            };
            (add(I, static_cast<const json::FieldType<Row, I>*>(fields[I])), ...);
        }(std::make_index_sequence<json::k_field_count<Row>>());
        return values;
    }
    template <class... Args>
    [[nodiscard]] Command command(const Row& row, const Args&... args) const {
        auto command = detail::command_of(name_, sql(), mysql_is_plain_);
        command.params = values_of_row(row);
        (command.params.push_back(to_value(args)), ...);
        return command;
    }

    std::string_view name_;
    SqlText<Sqlite> sqlite_;
    SqlText<Mysql> mysql_;
    Chosen chosen_;
    bool mysql_is_plain_;
};

/// Declares `INSERT INTO table (…) VALUES (…)`. `sqlite_end` and `mysql_end` follow, for upserts.
template <json::Struct Row, std::size_t A = 1, std::size_t B = 1>
consteval auto insert(std::string_view name, std::string_view table, LeftOut left_out = {}, const char (&sqlite_end)[A] = "",
                      const char (&mysql_end)[B] = "") {
    constexpr auto k_size = detail::column_chars<Row>() + 4 * json::k_field_count<Row> + 128;
    const auto chosen = detail::chosen_fields<Row>(left_out);
    return Write<Row, k_size + A, k_size + B>{name, detail::insert_text<Row, k_size + A>("INSERT", table, chosen, sqlite_end),
                                              detail::insert_text<Row, k_size + B>("INSERT", table, chosen, mysql_end), chosen};
}
/// Declares an INSERT that does nothing where a unique key says no.
template <json::Struct Row>
consteval auto insert_or_ignore(std::string_view name, std::string_view table, LeftOut left_out = {}) {
    constexpr auto k_size = detail::column_chars<Row>() + 4 * json::k_field_count<Row> + 160;
    const auto chosen = detail::chosen_fields<Row>(left_out);
    return Write<Row, k_size, k_size>{name, detail::insert_text<Row, k_size>("INSERT", table, chosen, " ON CONFLICT DO NOTHING"),
                                      detail::insert_text<Row, k_size>("INSERT IGNORE", table, chosen, ""), chosen};
}
/// Declares `UPDATE table SET … WHERE …`. The parameters of `where` follow the row.
template <json::Struct Row, std::size_t N>
consteval auto update(std::string_view name, std::string_view table, const char (&where)[N], LeftOut left_out = {}) {
    constexpr auto k_size = N + detail::column_chars<Row>() + 4 * json::k_field_count<Row> + 128;
    const auto chosen = detail::chosen_fields<Row>(left_out);
    const auto text = detail::update_text<Row, k_size>(table, chosen, where);
    return Write<Row, k_size, k_size>{name, text, text, chosen};
}

/// Runs a statement that gives no rows; gives how many rows it wrote.
template <class... Args>
[[nodiscard]] Query<std::uint64_t> affected(const Statement& statement, const Args&... args) {
    return {Command::of(statement, args...), [](const Result& result) { return result.affected; }};
}
/// Runs an INSERT of one row; gives the id that the database made.
template <class... Args>
[[nodiscard]] Query<std::int64_t> inserted_id(const Statement& statement, const Args&... args) {
    return {Command::of(statement, args...), [](const Result& result) { return result.last_insert_id; }};
}

/// The columns of Row as a list, for texts that are composed at run time.
template <json::Struct Row>
[[nodiscard]] std::string column_list(std::string_view prefix = {}) {
    std::string list;
    detail::for_columns<Row>([&](std::size_t i, auto name) {
        if (i > 0) list += ", ";
        list += prefix;
        name([&](std::string_view piece) { list += piece; });
    });
    return list;
}
/// The only row of a SELECT that is composed as composed() says and always has one (a count, a sum).
template <class T>
[[nodiscard]] Query<T> composed_one(std::string_view name, std::string sql, std::vector<Value> params) {
    return {Command::composed(name, std::move(sql), std::move(params)),
            [](const Result& result) { return read_row<T>(result.rows.at(0)); }};
}

/// A SELECT that is composed at run time out of constant pieces, never out of input. Its columns are the fields of T, which
/// column_list() gives; a result of another width is refused.
template <class T>
[[nodiscard]] Query<std::vector<T>> composed(std::string_view name, std::string sql, std::vector<Value> params) {
    return {Command::composed(name, std::move(sql), std::move(params)), [](const Result& result) {
                if constexpr (json::Struct<T>) {
                    if (!result.rows.empty() && result.rows.front().size() != json::k_field_count<T>)
                        throw std::logic_error{"db: the columns of a composed SELECT are not the fields of its struct"};
                }
                return read_rows<T>(result);
            }};
}

/// What a query of a Batch gave; empty until the batch has run.
template <class T>
class Answer {
  public:
    [[nodiscard]] T& operator*() const { return value_->value(); }
    [[nodiscard]] T* operator->() const { return &value_->value(); }

  private:
    friend class Batch;
    std::shared_ptr<std::optional<T>> value_ = std::make_shared<std::optional<T>>();
};

/// Queries of several parts of the program that go to the database in one round trip.
class Batch {
  public:
    /// The answer is there when the batch has run.
    template <class T>
    [[nodiscard]] Answer<T> add(Query<T> query) {
        Answer<T> answer;
        commands_.push_back(std::move(query.command));
        readers_.push_back([read = std::move(query.read), value = answer.value_](const Result& result) { value->emplace(read(result)); });
        return answer;
    }
    [[nodiscard]] bool empty() const noexcept { return commands_.empty(); }
    /// Runs what was added and fills the answers; the batch is empty afterwards.
    Task<void> run(Session& session);

  private:
    std::vector<Command> commands_;
    std::vector<std::function<void(const Result&)>> readers_;
};

} // namespace focus::db
