// Small facts about the text of a statement: enough to route it, never to decide whether it is safe.
#pragma once

#include "core/db/database.hpp"

#include <string_view>

namespace focus::db {

/// The command's text in a dialect.
[[nodiscard]] inline std::string_view text_of(const Command& command, Dialect dialect) noexcept {
    if (!command.owned.empty()) return command.owned;
    return dialect == Dialect::sqlite ? command.sql.sqlite : command.sql.mysql;
}

/// True when the text surely changes nothing: SELECT without FOR UPDATE/SHARE, or WITH … SELECT. When in doubt, false.
[[nodiscard]] bool only_reads(std::string_view sql) noexcept;

/// True when the text's first word is `word` (upper case).
[[nodiscard]] bool starts_with_word(std::string_view sql, std::string_view word) noexcept;

} // namespace focus::db
