#include "core/base/csv.hpp"

#include <gtest/gtest.h>

#include <random>

namespace focus::csv {
namespace {

using Rows = std::vector<std::vector<std::string>>;

Rows rows(std::string_view text, char separator = ',') {
    Rows rows;
    Reader reader{text, separator};
    while (auto record = reader.next()) {
        EXPECT_FALSE(record->is_broken) << record->line;
        rows.push_back(std::move(record->fields));
    }
    EXPECT_EQ(reader.position(), text.size());
    return rows;
}

TEST(Csv, Reads) {
    EXPECT_EQ(rows(""), Rows{});
    EXPECT_EQ(rows("\n\r\n\r"), Rows{});
    EXPECT_EQ(rows("a,b\r\nc,d\r\n"), (Rows{{"a", "b"}, {"c", "d"}}));
    EXPECT_EQ(rows("a,b\nc,d"), (Rows{{"a", "b"}, {"c", "d"}}));
    EXPECT_EQ(rows("a,\n,\n"), (Rows{{"a", ""}, {"", ""}}));
    EXPECT_EQ(rows("\"a,\"\"b\"\"\",\"c\r\nd\"\n"), (Rows{{"a,\"b\"", "c\r\nd"}}));
    EXPECT_EQ(rows("\xEF\xBB\xBFé;b", ';'), (Rows{{"é", "b"}}));
    EXPECT_EQ(rows("\"\""), (Rows{{""}}));
}

TEST(Csv, KnowsItsLines) {
    Reader reader{"a\r\n\r\n\"b\nc\"\rd\n\ne", ','};
    std::vector<std::size_t> lines;
    while (const auto record = reader.next()) lines.push_back(record->line);
    EXPECT_EQ(lines, (std::vector<std::size_t>{1, 3, 5, 7}));
}

TEST(Csv, ABrokenRecordCostsOnlyItself) {
    Reader reader{"a,b\n\"c,d\ne,f\ng,\"h\"i\nj,k\n", ','};
    std::vector<std::pair<std::size_t, bool>> seen;
    while (const auto record = reader.next()) seen.emplace_back(record->line, record->is_broken);
    EXPECT_EQ(seen, (std::vector<std::pair<std::size_t, bool>>{{1, false}, {2, true}, {3, false}, {4, true}, {5, false}}));
    const auto text = "a\n\"" + std::string(100'000, 'x') + "\nb\n";
    Reader endless{text, ','};
    EXPECT_FALSE(endless.next()->is_broken);
    EXPECT_TRUE(endless.next()->is_broken);
    EXPECT_EQ(endless.next()->fields.at(0), "b");
    EXPECT_FALSE(endless.next());
}

TEST(Csv, WritesWhatItReads) {
    std::mt19937 random{1};
    static constexpr std::string_view k_chars = "ab,;\"'\r\n\t=+-@ ";
    for (int i = 0; i < 5000; ++i) {
        std::vector<std::string> fields(1 + random() % 4);
        std::string line;
        for (auto& field : fields) {
            for (auto length = random() % 6; length > 0; --length) field += k_chars[random() % k_chars.size()];
            if (!line.empty()) line += ',';
            if (&field == &fields.front()) field += 'x'; // a line with one empty field would be an empty line
            append_text(line, field);
        }
        Reader reader{line, ','};
        const auto record = reader.next();
        ASSERT_TRUE(record && !record->is_broken) << line;
        ASSERT_EQ(record->fields.size(), fields.size()) << line;
        for (std::size_t k = 0; k < fields.size(); ++k) EXPECT_EQ(without_apostrophe(record->fields[k]), fields[k]) << line;
    }
}

TEST(Csv, FormulasAreDisarmed) {
    for (const auto* text : {"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\uFF1D1", "'=1"}) {
        std::string out;
        append_text(out, text);
        EXPECT_TRUE(out.starts_with("'") || out.starts_with("\"'")) << out;
    }
    std::string out;
    append_text(out, "it's =1");
    EXPECT_EQ(out, "it's =1");
}

TEST(Csv, GuessesTheSeparator) {
    EXPECT_EQ(guess_separator("a,b;c,d\n;;;;"), ',');
    EXPECT_EQ(guess_separator("a;b;c,d"), ';');
    EXPECT_EQ(guess_separator("a\tb"), '\t');
    EXPECT_EQ(guess_separator(""), ',');
}

} // namespace
} // namespace focus::csv
