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
// A field that is a struct itself (and not stored in one column) is a part of its row: its fields are columns as well.
//
//   struct SharedLimit {
//       Limit limit;
//       std::string owner;
//   };
//   constexpr auto k_shared = db::select<SharedLimit>("limits.shared", "SELECT l.*, u.username AS owner FROM limits l JOIN …");
//
// Always holds: the columns of a SELECT are the fields of its struct, in their order and with their names. `*` stands for
// those of the struct, or of one of its parts; a list that is written out is compared with the struct when it is compiled.
// A field that is added to a struct is therefore in every statement that has `*`, and in every generated INSERT and UPDATE.
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

/// How many columns a row of this type has.
template <json::Struct Row>
inline constexpr std::size_t k_column_count = []<std::size_t... I>(std::index_sequence<I...>) {
    const auto one = []<class T>() {
        if constexpr (Part<T>)
            return k_column_count<T>;
        else
            return std::size_t{1};
    };
    return (std::size_t{0} + ... + one.template operator()<json::FieldType<Row, I>>());
}(std::make_index_sequence<json::k_field_count<Row>>());

/// Fields that a generated statement leaves out. `id` is always left out: the database makes it.
using LeftOut = std::initializer_list<std::string_view>;

namespace detail {

/// Calls `take.operator()<type>(index of the column, name of the field)` for each column, those of parts included.
template <json::Struct Row>
constexpr void for_fields(const auto& take, std::size_t first = 0) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        const auto one = [&]<class T>(std::string_view field) {
            if constexpr (Part<T>) {
                for_fields<T>(take, first);
                first += k_column_count<T>;
            } else {
                take.template operator()<T>(first++, field);
            }
        };
        (one.template operator()<json::FieldType<Row, I>>(json::k_field_name<Row, I>), ...);
    }(std::make_index_sequence<json::k_field_count<Row>>());
}

/// Calls `take(index, name)` for each column; name(f) calls f with the pieces of the column's name.
template <json::Struct Row>
constexpr void for_columns(const auto& take) {
    for_fields<Row>(
        [&]<class T>(std::size_t i, std::string_view field) { take(i, [field](auto piece) { column_name<T>(field, piece); }); });
}

template <class Row>
consteval std::size_t column_chars() {
    if constexpr (Part<Row>) {
        std::size_t size = 0;
        for_columns<Row>([&](std::size_t, auto name) { name([&](std::string_view piece) { size += piece.size() + 2; }); });
        return size + 8 * k_column_count<Row>;
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

/// The items of the list of a SELECT, one after another.
struct Items {
    std::string_view sql;
    std::size_t at;
    bool ended = false;

    [[nodiscard]] constexpr std::string_view peek() const {
        if (ended) throw std::logic_error{"the struct has more fields than the SELECT has columns"};
        return sql.substr(at, end_of_item(sql, at) - at);
    }
    constexpr std::string_view next() {
        const auto item = peek();
        at += item.size();
        ended = at == sql.size() || sql[at] != ',';
        if (!ended) at += sql.substr(at).starts_with(", ") ? std::size_t{2} : std::size_t{1};
        return item;
    }
};

/// Appends the columns of Row for the item `*` or `t.*`.
template <class Row>
constexpr void append_columns(auto& out, std::string_view item) {
    for_columns<Row>([&](std::size_t i, auto name) {
        if (i > 0) out.append(", ");
        out.append(item.substr(0, item.size() - 1));
        name([&](std::string_view piece) { out.append(piece); });
    });
}

/// Appends the next item, which has to be the column of the field.
template <class T>
constexpr void append_column(auto& out, Items& items, std::string_view field) {
    const auto item = items.next();
    auto column = name_of_item(item);
    column_name<T>(field, [&](std::string_view piece) {
        if (!column.starts_with(piece)) throw std::logic_error{"a column and its field have different names"};
        column.remove_prefix(piece.size());
    });
    if (!column.empty()) throw std::logic_error{"a column and its field have different names"};
    out.append(item);
}

/// Appends a list that is written out, with a star for each part that is not.
template <class Row>
constexpr void append_list(auto& out, Items& items) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        const auto one = [&]<class T>(std::size_t i, std::string_view field) {
            if (i > 0) out.append(", ");
            if constexpr (!Part<T>)
                append_column<T>(out, items, field);
            else if (items.peek().ends_with('*'))
                append_columns<T>(out, items.next());
            else
                append_list<T>(out, items);
        };
        (one.template operator()<json::FieldType<Row, I>>(I, json::k_field_name<Row, I>), ...);
    }(std::make_index_sequence<json::k_field_count<Row>>());
}

/// Replaces stars by the columns that they stand for, and compares what is written out with the fields.
template <class Row, std::size_t Out>
consteval SqlText<Out> select_text(std::string_view sql) {
    SqlText<Out> out;
    Items items{sql, begin_of_list(sql)};
    out.append(sql.substr(0, items.at));
    auto rest = items;
    const bool is_one = (rest.next(), rest.ended);
    if constexpr (!Part<Row>) {
        if (!is_one) throw std::logic_error{"one column makes a single value"};
        out.append(items.next());
    } else {
        if (is_one && items.peek().ends_with('*'))
            append_columns<Row>(out, items.next());
        else
            append_list<Row>(out, items);
        if (!items.ended) throw std::logic_error{"the SELECT has more columns than the struct has fields"};
    }
    out.append(sql.substr(items.at));
    return out;
}

template <class Row>
consteval std::array<bool, k_column_count<Row>> chosen_fields(LeftOut left_out) {
    std::array<bool, k_column_count<Row>> chosen{};
    std::size_t known = 0;
    for_fields<Row>([&]<class T>(std::size_t i, std::string_view field) {
        chosen[i] = field != "id";
        for (const auto name : left_out) {
            if (field != name) continue;
            chosen[i] = false;
            ++known;
        }
    });
    if (known < left_out.size()) throw std::logic_error{"a field that is left out does not exist"};
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

template <class T>
T read_field(const Row& row, std::size_t& at, std::string_view name) {
    if constexpr (Part<T>) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return T{read_field<json::FieldType<T, I>>(row, at, json::k_field_name<T, I>)...}; // from left to right
        }(std::make_index_sequence<json::k_field_count<T>>());
    } else {
        return read_column<T>(row, at++, name);
    }
}

template <class T>
void append_values(Values& values, const T& field, const auto& chosen, std::size_t& at) {
    if constexpr (Part<T>) {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            const auto fields = json::field_addresses(field);
            (append_values(values, *static_cast<const json::FieldType<T, I>*>(fields[I]), chosen, at), ...);
        }(std::make_index_sequence<json::k_field_count<T>>());
    } else {
        if (chosen[at++]) values.push_back(Column<T>::write(field));
    }
}

} // namespace detail

/// The struct (or single value) of a row.
template <class T>
[[nodiscard]] T read_row(const Row& row) {
    std::size_t at = 0;
    return detail::read_field<T>(row, at, "1");
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
/// A SELECT that locks its rows until the transaction ends. (On SQLite one transaction writes at a time.)
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
    using Chosen = std::array<bool, k_column_count<Row>>;

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
    /// The statement for many rows, in as few commands as the engine allows; see for_rows().
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
        std::size_t at = 0;
        detail::append_values(values, row, chosen_, at);
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
    constexpr auto k_size = detail::column_chars<Row>() + 4 * k_column_count<Row> + 128;
    const auto chosen = detail::chosen_fields<Row>(left_out);
    return Write<Row, k_size + A, k_size + B>{name, detail::insert_text<Row, k_size + A>("INSERT", table, chosen, sqlite_end),
                                              detail::insert_text<Row, k_size + B>("INSERT", table, chosen, mysql_end), chosen};
}
/// Declares an INSERT that does nothing where a unique key would be violated.
template <json::Struct Row>
consteval auto insert_or_ignore(std::string_view name, std::string_view table, LeftOut left_out = {}) {
    constexpr auto k_size = detail::column_chars<Row>() + 4 * k_column_count<Row> + 160;
    const auto chosen = detail::chosen_fields<Row>(left_out);
    return Write<Row, k_size, k_size>{name, detail::insert_text<Row, k_size>("INSERT", table, chosen, " ON CONFLICT DO NOTHING"),
                                      detail::insert_text<Row, k_size>("INSERT IGNORE", table, chosen, ""), chosen};
}
/// Declares `UPDATE table SET … WHERE …`. The parameters of `where` follow the row.
template <json::Struct Row, std::size_t N>
consteval auto update(std::string_view name, std::string_view table, const char (&where)[N], LeftOut left_out = {}) {
    constexpr auto k_size = N + detail::column_chars<Row>() + 4 * k_column_count<Row> + 128;
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
/// The only row of a SELECT that is composed as for composed() and always has one (a count, a sum).
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
                if constexpr (Part<T>) {
                    if (!result.rows.empty() && result.rows.front().size() != k_column_count<T>)
                        throw std::logic_error{"db: the columns of a composed SELECT are not the fields of its struct"};
                }
                return read_rows<T>(result);
            }};
}

/// The same for a statement that gives no rows; gives how many it wrote.
[[nodiscard]] inline Query<std::uint64_t> composed_affected(std::string_view name, std::string sql, std::vector<Value> params) {
    return {Command::composed(name, std::move(sql), std::move(params)), [](const Result& result) { return result.affected; }};
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
