#include "core/personal/personal.hpp"

#include "core/json/json.hpp"

#include <charconv>
#include <memory>

namespace focus::personal {

namespace {

constexpr int k_page_rows = 500;

void append_value(std::string& out, const db::Row& row, std::size_t column, Kind kind) {
    if (row.is_null(column)) {
        out += "null";
        return;
    }
    switch (kind) {
    case Kind::time:
        json::append(out, json::Timestamp{row.get<std::int64_t>(column)});
        return;
    case Kind::flag:
        json::append(out, row.get<bool>(column));
        return;
    case Kind::minutes:
        json::append(out, json::Minutes{row.get<std::int64_t>(column)});
        return;
    case Kind::json:
        out += row.get<std::string_view>(column);
        return;
    case Kind::plain:
        break;
    }
    const auto& value = row.at(column);
    if (const auto* number = std::get_if<std::int64_t>(&value))
        json::append(out, *number);
    else if (const auto* real = std::get_if<double>(&value))
        json::append(out, *real);
    else
        json::append(out, std::get<std::string>(value));
}

struct Table {
    db::Database& database;
    db::Statement page;
    std::vector<Column> columns;
};

db::Task<Page> read_page(std::shared_ptr<const Table> table, std::int64_t user_id, std::string after) {
    std::int64_t place = 0;
    std::from_chars(after.data(), after.data() + after.size(), place);
    const auto result = co_await table->database.execute(table->page, user_id, place, k_page_rows);
    Page page;
    for (const auto& row : result.rows) {
        if (!page.json.empty()) page.json += ",\n";
        for (std::size_t i = 0; i < table->columns.size(); ++i) {
            page.json += i == 0 ? '{' : ',';
            json::append_string(page.json, table->columns[i].name);
            page.json += ':';
            append_value(page.json, row, i, table->columns[i].kind);
        }
        page.json += '}';
    }
    if (std::ssize(result.rows) == k_page_rows) page.next = std::to_string(result.rows.back().get<std::int64_t>(0));
    co_return page;
}

} // namespace

Section table_section(db::Database& database, std::string name, const db::Statement& page, std::vector<Column> columns) {
    const auto table = std::make_shared<const Table>(database, page, std::move(columns));
    return {.name = std::move(name), .is_single = false, .read = [table](std::int64_t user_id, std::string after) {
                return read_page(table, user_id, std::move(after));
            }};
}

} // namespace focus::personal
