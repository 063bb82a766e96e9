// A sentence for users, in every language of the product.
// Both texts stand beside each other where the sentence is needed; placeholders look like {name}.
// The views always have static storage: texts are written as literals.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace focus {

enum class Language { en, fr };

/// The values for a text's placeholders, by name.
using TextArgs = std::vector<std::pair<std::string, std::string>>;

struct Text {
    std::string_view en;
    std::string_view fr;

    [[nodiscard]] constexpr std::string_view in(Language language) const noexcept { return language == Language::fr ? fr : en; }

    /// The text in one language with its placeholders filled in. An argument that the text does not name is ignored.
    [[nodiscard]] std::string render(Language language, const TextArgs& args) const;
};

/// "en" or "fr".
[[nodiscard]] constexpr std::string_view to_string(Language language) noexcept { return language == Language::fr ? "fr" : "en"; }

/// The language of a tag like "fr" or "fr-CA"; English for every other language.
[[nodiscard]] Language language_of_tag(std::string_view tag) noexcept;

/// The best language for an `Accept-Language` header (RFC 9110 §12.5.4); English when nothing fits.
[[nodiscard]] Language negotiate_language(std::string_view accept_language) noexcept;

} // namespace focus
