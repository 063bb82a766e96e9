// The content of a mail as a struct: its fields are the names that the template uses.
//
//   struct Welcome {
//       static constexpr mail::Kind k_kind{"welcome"};
//       std::string action_url;
//       static Welcome sample(Language language); // realistic values, for previews and tests
//   };
//
// Always holds: the templates of every kind were rendered with its sample when the process started (Templates), so that
// a template that names an unknown value stops the start instead of the delivery.
#pragma once

#include "core/base/text.hpp"
#include "core/json/reflect.hpp"

#include <concepts>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace focus::mail {

/// The recipient of a mail.
struct Recipient {
    std::string address;
    std::string name; // for the greeting; empty: without a name
    Language language = Language::en;
    std::int64_t user_id = 0; // 0: no account
};

/// A template's values: strings, or lists of rows (for `{{#rows}}…{{/rows}}`). An empty string hides its section.
struct Values {
    std::map<std::string, std::string> texts;
    std::map<std::string, std::vector<std::map<std::string, std::string>>> lists;
};

struct Kind {
    std::string_view name;    // of the templates: "verify_email"
    bool is_optional = false; // the user may turn it off: with a link for that (List-Unsubscribe, RFC 2369 and RFC 8058)
    bool bulk = false;        // one of many (reminders, summaries, results): sent after mails for which a user waits
};

template <class M>
concept Content = json::Struct<M> && requires(Language language) {
    { M::k_kind } -> std::convertible_to<Kind>;
    { M::sample(language) } -> std::same_as<M>;
};

namespace detail {

inline std::string text_of(const std::string& text) { return text; }
inline std::string text_of(bool shown) { return shown ? "yes" : ""; }
inline std::string text_of(std::int64_t number) { return std::to_string(number); }

template <json::Struct S>
void for_fields(const S& content, auto take) {
    const auto fields = json::field_addresses(content);
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (take(std::string{json::k_field_name<S, I>}, *static_cast<const json::FieldType<S, I>*>(fields[I])), ...);
    }(std::make_index_sequence<json::k_field_count<S>>());
}

} // namespace detail

/// The values of a mail: texts, numbers and flags as they are, vectors of structs as lists.
template <Content M>
[[nodiscard]] Values values_of(const M& content) {
    Values values;
    const auto add = [&]<class T>(const std::string& name, const T& field) {
        if constexpr (requires { detail::text_of(field); }) {
            values.texts[name] = detail::text_of(field);
        } else {
            auto& rows = values.lists[name];
            for (const auto& one : field) {
                auto& row = rows.emplace_back();
                detail::for_fields(one, [&](const std::string& cell, const auto& value) { row[cell] = detail::text_of(value); });
            }
        }
    };
    detail::for_fields(content, add);
    return values;
}

/// A kind with its sample, for Templates.
struct Sample {
    Kind kind;
    Values (*values)(Language);
};
template <Content M>
inline constexpr Sample k_sample_of{M::k_kind, [](Language language) { return values_of(M::sample(language)); }};

} // namespace focus::mail
