// The data of a module about a user, for the user's own export (GDPR art. 15 and 20). Each module provides its part as a
// Section; app collects them, and the export reads them page by page, so that a long history needs no more memory.
// Always holds: a section returns only data of the user that is passed to it, and never a hash, token or key.
#pragma once

#include "core/db/query.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace focus::personal {

struct Page {
    std::string json;                // JSON values with commas between them; empty: none
    std::optional<std::string> next; // where the next page begins; nothing after the last one
};

struct Section {
    std::string name;       // the key in the export
    bool is_single = false; // one value instead of an array
    /// `after` is empty for the first page, then the `next` of the page before.
    std::function<db::Task<Page>(std::int64_t user_id, std::string after)> read;
};

namespace detail {

inline constexpr std::size_t k_page_rows = 500;

/// The key after which a page begins: 0 for the first one.
[[nodiscard]] std::int64_t key_of(std::string_view after);

template <json::Struct Row, std::size_t Sqlite, std::size_t Mysql>
db::Task<Page> read_page(db::Database& database, const db::Select<Row, Sqlite, Mysql>& select, std::int64_t user_id, std::string after) {
    const auto rows = co_await database.get(select.all(user_id, key_of(after), k_page_rows));
    Page page;
    for (const auto& row : rows) {
        if (!page.json.empty()) page.json += ",\n";
        json::append(page.json, row);
    }
    if (rows.size() == k_page_rows) {
        page.next = std::to_string(*static_cast<const std::int64_t*>(json::field_addresses(rows.back())[0]));
    }
    co_return page;
}

} // namespace detail

/// A section whose values are the rows of `select`, each as the JSON of its struct. The first field is an ascending key:
/// "SELECT * FROM t WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?". `select` has static storage.
template <json::Struct Row, std::size_t Sqlite, std::size_t Mysql>
[[nodiscard]] Section table_section(db::Database& database, std::string name, const db::Select<Row, Sqlite, Mysql>& select) {
    static_assert(std::is_same_v<json::FieldType<Row, 0>, std::int64_t>);
    return {.name = std::move(name), .is_single = false, .read = [&database, &select](std::int64_t user_id, std::string after) {
                return detail::read_page(database, select, user_id, std::move(after));
            }};
}

} // namespace focus::personal
