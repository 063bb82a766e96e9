#include "core/base/text.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace focus {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool same_without_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<Language> known_language(std::string_view tag) {
    const auto primary = tag.substr(0, tag.find_first_of("-_"));
    if (same_without_case(primary, "fr")) return Language::fr;
    if (same_without_case(primary, "en")) return Language::en;
    return std::nullopt;
}

/// The weight of one language range's parameters; 1 without, 0 for anything malformed.
double quality(std::string_view parameters) {
    parameters = trim(parameters);
    if (parameters.empty()) return 1;
    if (lower(parameters.front()) != 'q' || parameters.find('=') != 1) return 0;
    double q = 0;
    const auto text = parameters.substr(2);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), q, std::chars_format::fixed);
    return error == std::errc{} && end == text.data() + text.size() && q >= 0 && q <= 1 ? q : 0;
}

} // namespace

std::string Text::render(Language language, const TextArgs& args) const {
    const auto pattern = in(language);
    std::string out;
    out.reserve(pattern.size());
    for (std::size_t at = 0; at < pattern.size();) {
        const auto open = pattern.find('{', at);
        const auto close = pattern.find('}', open == std::string_view::npos ? open : open + 1);
        if (close == std::string_view::npos) return out += pattern.substr(at);
        out += pattern.substr(at, open - at);
        const auto name = pattern.substr(open + 1, close - open - 1);
        const auto arg = std::ranges::find(args, name, [](const auto& pair) { return std::string_view{pair.first}; });
        out += arg != args.end() ? std::string_view{arg->second} : pattern.substr(open, close - open + 1);
        at = close + 1;
    }
    return out;
}

Language language_of_tag(std::string_view tag) noexcept { return known_language(trim(tag)).value_or(Language::en); }

Language negotiate_language(std::string_view accept_language) noexcept {
    auto best = Language::en;
    double best_quality = 0;
    while (!accept_language.empty()) {
        const auto range = accept_language.substr(0, accept_language.find(','));
        accept_language.remove_prefix(std::min(range.size() + 1, accept_language.size()));
        const auto semicolon = range.find(';');
        const auto tag = trim(range.substr(0, semicolon));
        const auto language = tag == "*" ? std::optional{Language::en} : known_language(tag);
        const double q = semicolon == std::string_view::npos ? 1 : quality(range.substr(semicolon + 1));
        if (language && q > best_quality) { // of equal weights the first one counts
            best = *language;
            best_quality = q;
        }
    }
    return best;
}

} // namespace focus
