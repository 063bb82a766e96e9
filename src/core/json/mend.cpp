#include "core/json/mend.hpp"

#include "core/json/reader.hpp"

#include <algorithm>

namespace focus::json {
namespace {

constexpr std::string_view k_space = " \t\r\n";
/// The object and the array around an element are levels too.
constexpr std::size_t k_levels_around = 2;

/// Scans a JSON text without full validation. Positions are npos where the text ends too early.
class Scanner {
  public:
    explicit Scanner(std::string_view text) : text_{text} {}

    [[nodiscard]] char skip_space() {
        at_ = std::min(text_.find_first_not_of(k_space, at_), text_.size());
        return at_ < text_.size() ? text_[at_] : '\0';
    }
    [[nodiscard]] bool take(char wanted) {
        if (skip_space() != wanted) return false;
        ++at_;
        return true;
    }
    /// The raw text of a string between its quotes; nothing when it does not end.
    [[nodiscard]] std::optional<std::string_view> string() {
        if (!take('"')) return std::nullopt;
        const auto start = at_;
        for (; at_ < text_.size() && text_[at_] != '"'; ++at_)
            if (text_[at_] == '\\') ++at_;
        if (at_ >= text_.size()) return std::nullopt;
        return text_.substr(start, at_++ - start);
    }
    struct Value {
        std::string_view text;
        std::size_t depth = 0;
    };
    /// Everything up to the comma or bracket that ends a value; nothing when none does.
    [[nodiscard]] std::optional<Value> value() {
        static_cast<void>(skip_space());
        const auto start = at_;
        std::size_t depth = 0;
        std::size_t deepest = 0;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '"') {
                if (!string()) return std::nullopt;
                continue;
            }
            if (depth == 0 && (c == ',' || c == ']' || c == '}')) return Value{text_.substr(start, at_ - start), deepest};
            if (c == '[' || c == '{') deepest = std::max(deepest, ++depth);
            if (c == ']' || c == '}') --depth;
            ++at_;
        }
        return std::nullopt;
    }
    [[nodiscard]] std::size_t position() const noexcept { return at_; }

  private:
    std::string_view text_;
    std::size_t at_ = 0;
};

bool is_good(const Scanner::Value& value) {
    if (value.depth + k_levels_around > k_max_depth) return false;
    Faults faults;
    return Document{value.text, nullptr, &faults}.valid();
}

/// The elements of the array that begins at the scanner's position.
std::optional<Mended> mend_array(Scanner& scanner, std::string_view text, std::size_t most) {
    Mended mended{.text = std::string{text.substr(0, scanner.position())}, .bad = {}};
    if (scanner.skip_space() == ']') return std::nullopt;
    for (std::size_t index = 0; index < most; ++index) {
        const auto value = scanner.value();
        if (!value || value->text.empty()) return std::nullopt; // an extra comma is no element
        if (is_good(*value)) {
            mended.text += value->text;
        } else {
            mended.text += "null";
            mended.bad.push_back(index);
        }
        if (!scanner.take(',')) {
            if (mended.bad.empty() || scanner.skip_space() != ']') return std::nullopt;
            mended.text += text.substr(scanner.position());
            return mended;
        }
        mended.text += ',';
    }
    return std::nullopt;
}

} // namespace

std::optional<Mended> mend_elements(std::string_view text, std::string_view name, std::size_t most) {
    Scanner scanner{text};
    if (!scanner.take('{')) return std::nullopt;
    for (;;) {
        const auto key = scanner.string();
        if (!key || !scanner.take(':')) return std::nullopt;
        if (*key == name) return scanner.take('[') ? mend_array(scanner, text, most) : std::nullopt;
        if (!scanner.value() || !scanner.take(',')) return std::nullopt;
    }
}

} // namespace focus::json
