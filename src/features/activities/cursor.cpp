#include "features/activities/cursor.hpp"

#include "core/base/utf8.hpp"
#include "core/crypto/crypto.hpp"

#include <charconv>

namespace focus::activities {

namespace {

constexpr std::size_t k_check_bytes = 6; // enough to distinguish lists; a forged cursor gains nothing
constexpr std::size_t k_max_values = 4;

std::string check_of(std::string_view list) { return crypto::sha256(list).substr(0, k_check_bytes); }

/// "n17;" and "s3:abc"
void append(std::string& out, const std::variant<std::int64_t, std::string>& value) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
        out += 'n' + std::to_string(*number) + ';';
    } else {
        const auto& text = std::get<std::string>(value);
        out += 's' + std::to_string(text.size()) + ':' + text;
    }
}

/// Removes digits up to `end` from the front.
std::optional<std::int64_t> take_number(std::string_view& rest, char end) {
    std::int64_t number = 0;
    const auto* last = rest.data() + rest.size();
    const auto [stop, error] = std::from_chars(rest.data(), last, number);
    if (error != std::errc{} || stop == last || *stop != end) return std::nullopt;
    rest.remove_prefix(static_cast<std::size_t>(stop - rest.data()) + 1);
    return number;
}

std::optional<std::variant<std::int64_t, std::string>> take_value(std::string_view& rest) {
    const char kind = rest.front();
    rest.remove_prefix(1);
    if (kind == 'n') {
        if (const auto number = take_number(rest, ';')) return *number;
        return std::nullopt;
    }
    const auto size = kind == 's' ? take_number(rest, ':') : std::nullopt;
    if (!size || *size < 0 || static_cast<std::size_t>(*size) > rest.size()) return std::nullopt;
    std::string text{rest.substr(0, static_cast<std::size_t>(*size))};
    if (!utf8::is_valid(text) || text.contains('\0')) return std::nullopt;
    rest.remove_prefix(text.size());
    return text;
}

} // namespace

std::string encode_cursor(const Cursor& cursor, std::string_view list) {
    std::string plain = check_of(list);
    plain += cursor.backward ? 'b' : 'f';
    for (const auto& value : cursor.place) append(plain, value);
    return crypto::base64url_encode(plain);
}

std::optional<Cursor> decode_cursor(std::string_view text, std::string_view list) {
    const auto plain = crypto::base64url_decode(text);
    if (!plain || plain->size() <= k_check_bytes || !plain->starts_with(check_of(list))) return std::nullopt;
    std::string_view rest{*plain};
    rest.remove_prefix(k_check_bytes);
    Cursor cursor;
    if (rest.front() != 'f' && rest.front() != 'b') return std::nullopt;
    cursor.backward = rest.front() == 'b';
    rest.remove_prefix(1);
    while (!rest.empty()) {
        auto value = take_value(rest);
        if (!value || cursor.place.size() == k_max_values) return std::nullopt;
        cursor.place.push_back(std::move(*value));
    }
    return cursor;
}

} // namespace focus::activities
