// What a room holds on a person, for his own export (GDPR art. 15 and 20). Each room says its part as a Section; app
// collects them, and the export reads them page by page, so that it needs no more memory for a long history.
// Always holds: a section gives only what belongs to the user it is asked for, and never a hash, token or key.
#pragma once

#include "core/db/database.hpp"

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
    /// `after` is empty for the first page, then what the page before gave as `next`.
    std::function<db::Task<Page>(std::int64_t user_id, std::string after)> read;
};

/// How a column goes into the export.
enum class Kind { plain, time, flag, minutes, json };
struct Column {
    std::string_view name;
    Kind kind = Kind::plain;
};

/// A section out of a table. `page` selects the columns, an ascending integer key first, like
/// "SELECT id, … FROM t WHERE user_id = ? AND id > ? ORDER BY id LIMIT ?".
[[nodiscard]] Section table_section(db::Database& database, std::string name, const db::Statement& page, std::vector<Column> columns);

} // namespace focus::personal
