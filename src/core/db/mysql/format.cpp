#include "core/db/mysql/format.hpp"

#include "core/db/sql_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace focus::db::mysql {

namespace {

/// Where text that is no plain SQL may begin; the rest is passed over quickly.
constexpr auto k_is_special = [] {
    std::array<bool, 256> is_special{};
    for (const char c : std::string_view{"?'\"`#-/"}) is_special[static_cast<unsigned char>(c)] = true;
    return is_special;
}();

/// The end of what begins with `open` at `at`: just past `close`, or the end of the text.
std::size_t skip_past(std::string_view sql, std::size_t at, std::string_view close) {
    const auto end = sql.find(close, at);
    return end == std::string_view::npos ? sql.size() : end + close.size();
}

/// Digits need no escaping; append_value would take ten times as long.
void append(boost::mysql::format_context& context, std::int64_t number) {
    std::array<char, 20> digits; // of -2^63
    const auto* end = std::to_chars(digits.begin(), digits.end(), number).ptr;
    context.append_raw(boost::mysql::runtime(std::string_view{digits.data(), static_cast<std::size_t>(end - digits.data())}));
}

/// What means the same to every server in every mode and character set; most of what is written are such names.
constexpr auto k_is_harmless = [] {
    std::array<bool, 256> is_harmless{};
    for (const char c : std::string_view{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 -_.:/,+()"})
        is_harmless[static_cast<unsigned char>(c)] = true;
    return is_harmless;
}();

/// Text without special characters needs no escaping; append_value would take five times as long.
void append(boost::mysql::format_context& context, std::string_view text) {
    if (!std::ranges::all_of(text, [](char c) { return k_is_harmless[static_cast<unsigned char>(c)]; })) {
        context.append_value(text);
        return;
    }
    context.append_raw("'").append_raw(boost::mysql::runtime(text)).append_raw("'");
}

void append(boost::mysql::format_context& context, const Value& value) {
    if (const auto* text = std::get_if<std::string>(&value))
        append(context, std::string_view{*text});
    else if (const auto* number = std::get_if<std::int64_t>(&value))
        append(context, *number);
    else if (const auto* real = std::get_if<double>(&value))
        context.append_value(*real);
    else
        context.append_raw("NULL");
}

/// Space for the text of a usual round trip.
std::string reserved() {
    std::string text;
    text.reserve(std::size_t{4} << 10);
    return text;
}

} // namespace

std::size_t find_placeholder(std::string_view sql, std::size_t from) {
    for (std::size_t at = from; at < sql.size();) {
        if (!k_is_special[static_cast<unsigned char>(sql[at])]) {
            ++at;
            continue;
        }
        switch (sql[at]) {
        case '?':
            return at;
        case '#':
            at = skip_past(sql, at, "\n");
            break;
        case '-':
            at = sql.substr(at, 3) == "-- " ? skip_past(sql, at, "\n") : at + 1;
            break;
        case '/':
            at = sql.substr(at, 2) == "/*" ? skip_past(sql, at + 2, "*/") : at + 1;
            break;
        default:                                            // a quote
            at = skip_past(sql, at + 1, sql.substr(at, 1)); // a doubled quote opens again at once
        }
    }
    return std::string_view::npos;
}

QueryText::QueryText(boost::mysql::format_options options) : context_{options, reserved()} {}

void QueryText::separate() {
    if (!empty_) context_.append_raw(";\n"); // the line's end also ends a comment
    empty_ = false;
}

void QueryText::add(std::string_view sql) {
    separate();
    context_.append_raw(boost::mysql::runtime(sql));
}

void QueryText::add(const Command& command) {
    separate();
    const auto sql = text_of(command, Dialect::mysql);
    const auto next = [&](std::size_t from) { return command.mysql_is_plain ? sql.find('?', from) : find_placeholder(sql, from); };
    std::size_t done = 0;
    for (const auto& value : command.params) {
        const auto at = next(done);
        if (at == std::string_view::npos) throw std::logic_error{"mysql: " + std::string{command.name} + " has too many parameters"};
        context_.append_raw(boost::mysql::runtime(sql.substr(done, at - done)));
        append(context_, value);
        done = at + 1;
    }
    if (next(done) != std::string_view::npos) throw std::logic_error{"mysql: " + std::string{command.name} + " has too few parameters"};
    context_.append_raw(boost::mysql::runtime(sql.substr(done)));
}

std::string QueryText::take() {
    auto text = std::move(context_).get();
    if (text.has_error()) throw std::invalid_argument{"mysql: a parameter can't be written: " + text.error().message()};
    return std::move(*text);
}

} // namespace focus::db::mysql
