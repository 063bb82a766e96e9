// Comma-separated values by RFC 4180, read from a text that stays where it is and written field by field.
// Always holds: a broken record affects no other; reading continues with the next line.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace focus::csv {

class Reader {
  public:
    /// `text` must outlive the reader. A byte order mark at its start is skipped.
    Reader(std::string_view text, char separator);

    struct Record {
        std::size_t line = 0;   // where it begins, from 1
        bool is_broken = false; // a quote without its end, or text behind one
        std::vector<std::string> fields;
    };
    /// The next record that is not an empty line; nothing at the end.
    [[nodiscard]] std::optional<Record> next();
    /// Bytes read so far.
    [[nodiscard]] std::size_t position() const noexcept { return at_; }

  private:
    bool read_quoted(std::string& field);
    void read_plain(std::string& field);
    bool end_line();
    void skip_line();

    std::string_view text_;
    char separator_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
};

/// What separates the fields of the text's first line: comma, semicolon or tab, whichever is there most.
[[nodiscard]] char guess_separator(std::string_view text) noexcept;

/// Appends a field, in quotes where it needs them.
void append_field(std::string& out, std::string_view field);
/// Appends a field that a spreadsheet must show and not compute: what looks like a formula gets an apostrophe in front.
void append_text(std::string& out, std::string_view field);
/// Takes the apostrophe of append_text() off again.
[[nodiscard]] std::string_view without_apostrophe(std::string_view field) noexcept;

} // namespace focus::csv
