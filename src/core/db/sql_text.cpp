#include "core/db/sql_text.hpp"

#include <array>

namespace focus::db {

namespace {

constexpr char upper(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
constexpr bool is_word_char(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool word_at(std::string_view sql, std::size_t at, std::string_view word) noexcept {
    if (sql.size() - at < word.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i) {
        if (upper(sql[at + i]) != word[i]) return false;
    }
    const auto end = at + word.size();
    return end == sql.size() || !is_word_char(sql[end]);
}

std::size_t first_word(std::string_view sql) noexcept {
    const auto at = sql.find_first_not_of(" \t\r\n(");
    return at == std::string_view::npos ? sql.size() : at;
}

/// Any of the words that make a WITH or a SELECT write or lock, also where it is only part of a text literal.
bool has_writing_word(std::string_view sql) noexcept {
    static constexpr std::array<std::string_view, 6> words{"INSERT", "UPDATE", "DELETE", "REPLACE", "INTO", "SHARE"};
    for (std::size_t at = 0; at < sql.size(); ++at) {
        if (at > 0 && is_word_char(sql[at - 1])) continue;
        for (const auto word : words) {
            if (word_at(sql, at, word)) return true;
        }
    }
    return false;
}

} // namespace

bool starts_with_word(std::string_view sql, std::string_view word) noexcept { return word_at(sql, first_word(sql), word); }

bool only_reads(std::string_view sql) noexcept {
    return (starts_with_word(sql, "SELECT") || starts_with_word(sql, "WITH")) && !has_writing_word(sql);
}

} // namespace focus::db
