#include "core/base/csv.hpp"

#include <algorithm>
#include <array>

namespace focus::csv {

namespace {

/// A quote that opens more than this much text is a mistake: its record is broken.
constexpr std::size_t k_max_quoted = 16 << 10;

/// Whether a spreadsheet would take the text for a formula (OWASP "CSV injection"), apostrophes in front not counted.
bool looks_like_formula(std::string_view text) {
    text.remove_prefix(std::min(text.find_first_not_of('\''), text.size()));
    static constexpr std::array<std::string_view, 11> k_starts{"=",  "+",      "-",      "@",      "\t",    "\r",
                                                               "\n", "\uFF1D", "\uFF0B", "\uFF0D", "\uFF20"};
    return std::ranges::any_of(k_starts, [text](std::string_view start) { return text.starts_with(start); });
}

} // namespace

Reader::Reader(std::string_view text, char separator) : text_{text}, separator_{separator} {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
}

/// Steps over the end of a line; false where there is none.
bool Reader::end_line() {
    if (at_ >= text_.size()) return false;
    if (text_.substr(at_).starts_with("\r\n"))
        at_ += 2;
    else if (text_[at_] == '\r' || text_[at_] == '\n')
        ++at_;
    else
        return false;
    ++line_;
    return true;
}

void Reader::skip_line() {
    at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
    end_line();
}

/// From behind the opening quote to behind the closing one.
bool Reader::read_quoted(std::string& field) {
    const auto most = std::min(text_.size(), at_ + k_max_quoted);
    while (at_ < most) {
        const char c = text_[at_];
        if (c == '"') {
            if (text_.substr(at_).starts_with("\"\"")) {
                field += '"';
                at_ += 2;
                continue;
            }
            ++at_;
            return at_ == text_.size() || text_[at_] == separator_ || text_[at_] == '\r' || text_[at_] == '\n';
        }
        if (c == '\n' || (c == '\r' && !text_.substr(at_).starts_with("\r\n"))) ++line_;
        field += c;
        ++at_;
    }
    return false;
}

void Reader::read_plain(std::string& field) {
    const std::array<char, 3> ends{separator_, '\r', '\n'};
    const auto end = std::min(text_.find_first_of(std::string_view{ends.data(), ends.size()}, at_), text_.size());
    field = text_.substr(at_, end - at_);
    at_ = end;
}

std::optional<Reader::Record> Reader::next() {
    while (end_line()) {
    }
    if (at_ >= text_.size()) return std::nullopt;
    Record record{.line = line_, .is_broken = false, .fields = {}};
    const auto start = at_;
    for (;;) {
        auto& field = record.fields.emplace_back();
        if (at_ < text_.size() && text_[at_] == '"') {
            ++at_;
            if (!read_quoted(field)) {
                at_ = start;
                line_ = record.line;
                skip_line();
                record.is_broken = true;
                return record;
            }
        } else {
            read_plain(field);
        }
        if (at_ < text_.size() && text_[at_] == separator_) {
            ++at_;
            continue;
        }
        end_line();
        return record;
    }
}

char guess_separator(std::string_view text) noexcept {
    const auto line = text.substr(0, text.find_first_of("\r\n"));
    const auto count = [line](char c) { return std::ranges::count(line, c); };
    return std::ranges::max({',', ';', '\t'}, {}, count);
}

void append_field(std::string& out, std::string_view field) {
    if (field.find_first_of(",;\t\"\r\n") == std::string_view::npos) {
        out += field;
        return;
    }
    out += '"';
    for (const char c : field) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
}

void append_text(std::string& out, std::string_view field) {
    if (!looks_like_formula(field)) return append_field(out, field);
    append_field(out, "'" + std::string{field});
}

std::string_view without_apostrophe(std::string_view field) noexcept {
    return field.starts_with('\'') && looks_like_formula(field) ? field.substr(1) : field;
}

} // namespace focus::csv
