#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"

#include <gtest/gtest.h>

namespace focus {
namespace {

TEST(Text, fills_in_what_it_names) {
    constexpr Text text{"At most {limit}, {limit} of {what}.", "{what} : {limit} au plus."};
    const TextArgs args{{"limit", "{what}"}, {"what", "apples"}, {"unused", "x"}};
    EXPECT_EQ(text.render(Language::en, args), "At most {what}, {what} of apples."); // arguments are not patterns
    EXPECT_EQ(text.render(Language::fr, args), "apples : {what} au plus.");
    EXPECT_EQ((Text{"{unknown} and {open", ""}).render(Language::en, {}), "{unknown} and {open");
}

TEST(Language, is_negotiated_by_quality_then_order) {
    EXPECT_EQ(negotiate_language(""), Language::en);
    EXPECT_EQ(negotiate_language("fr"), Language::fr);
    EXPECT_EQ(negotiate_language("fr-CA,fr;q=0.9,en;q=0.8"), Language::fr);
    EXPECT_EQ(negotiate_language("en;q=0.5, FR;q=0.6"), Language::fr);
    EXPECT_EQ(negotiate_language("de, fr;q=0.3, *;q=0.1"), Language::fr);
    EXPECT_EQ(negotiate_language("en, fr"), Language::en);
    EXPECT_EQ(negotiate_language("fr;q=0"), Language::en);
    EXPECT_EQ(negotiate_language("fr;q=2"), Language::en);
    EXPECT_EQ(negotiate_language("fr;;;=,,;q"), Language::en);
    EXPECT_EQ(negotiate_language("*"), Language::en);
    EXPECT_EQ(negotiate_language("french"), Language::en);
    EXPECT_EQ(language_of_tag("fr_FR"), Language::fr);
    EXPECT_EQ(language_of_tag("de"), Language::en);
}

TEST(Error, carries_a_public_and_a_private_half) {
    const auto error = unavailable("the pool is empty", 7);
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_EQ(error.retry_after_s(), 7);
    EXPECT_EQ(error.cause(), "the pool is empty");
    EXPECT_FALSE(error.message(Language::en).contains("pool"));
    const auto invalid = invalid_field({"body", 3, "name"}, "missing", {"Needed", "Requis"});
    EXPECT_EQ(invalid.code(), "validation_error");
    ASSERT_EQ(invalid.faults().size(), 1U);
    EXPECT_EQ(std::get<std::int64_t>(invalid.faults()[0].loc[1]), 3);
}

TEST(Error, outlives_the_temporary_it_was_made_of) {
    static_assert(std::is_same_v<decltype(std::declval<Error>().because("")), Error>);
    static_assert(std::is_same_v<decltype(std::declval<Error>().retry_after(1)), Error>);
    static_assert(std::is_same_v<decltype(std::declval<Error>().with_faults({})), Error>);
    const auto& error = unavailable("a").because("the disk is full and nobody has seen it");
    EXPECT_EQ(error.cause(), "the disk is full and nobody has seen it");
}

TEST(Error, what_ends_where_its_message_ends) {
    const std::string_view sentence = "Not now. Or later.";
    EXPECT_STREQ((Error{ErrorCode{ErrorKind::conflict, "x", {sentence.substr(0, 8), "Non."}}}.what()), "Not now.");
}

TEST(Error, is_its_code_whatever_it_says) {
    constexpr ErrorCode k_full{ErrorKind::conflict, "full", {"Full.", "Complet."}, "all places are taken"};
    constexpr ErrorCode k_full_elsewhere{ErrorKind::bad_request, "full", {"Full.", "Complet."}};
    const Error error{k_full.saying({"Only {count} places.", "Seulement {count} places."}), {{"count", "3"}}};
    EXPECT_TRUE(error.is(k_full));
    EXPECT_FALSE(error.is(k_full_elsewhere));
    EXPECT_EQ(error.message(Language::fr), "Seulement 3 places.");
    EXPECT_EQ(k_full.saying({"No.", "Non."}).when, "all places are taken");
    EXPECT_EQ(k_full.described("there is none left").when, "there is none left");
    EXPECT_EQ(k_full.described("there is none left").message.en, "Full.");
}

TEST(Utf8, knows_valid_from_invalid) {
    for (const std::string_view text : {"", "abc", "é", "€", "😀", "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF", "\xEE\x80\x80"})
        EXPECT_TRUE(utf8::is_valid(text)) << text;
    for (const std::string_view text :
         {"\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF",
          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "a\xE2\x82", "\xE2\x28\xA1"})
        EXPECT_FALSE(utf8::is_valid(text));
}

TEST(Utf8, counts_trims_and_cuts_whole_characters) {
    EXPECT_EQ(utf8::length("aé€😀"), 4U);
    EXPECT_EQ(utf8::trim(" \t\xC2\xA0\xE3\x80\x80 é x \xE2\x80\xA8\n"), "é x");
    EXPECT_EQ(utf8::trim(" \n "), "");
    EXPECT_EQ(utf8::prefix("aé€", 5), "aé");
    EXPECT_EQ(utf8::prefix("aé€", 2), "a");
    EXPECT_EQ(utf8::prefix("aé€", 6), "aé€");
    for (const std::string_view text : {std::string_view{"a\x1B[31m"}, std::string_view{"\xC2\x9B"}, std::string_view{"\0", 1},
                                        std::string_view{"\u202Eevil"}, std::string_view{"\u2066x\u2069"}, std::string_view{"\u061C"}}) {
        EXPECT_TRUE(utf8::has_control(text, utf8::Lines::one)) << text;
        EXPECT_TRUE(utf8::has_control(text, utf8::Lines::several)) << text;
    }
    for (const std::string_view text : {"a\tb", "a\nb", "a\rb",
                                        "a\xC2\x85"
                                        "b",
                                        "a\u2028b", "a\u2029b"}) {
        EXPECT_TRUE(utf8::has_control(text, utf8::Lines::one)) << text;
        EXPECT_FALSE(utf8::has_control(text, utf8::Lines::several)) << text;
    }
    EXPECT_FALSE(utf8::has_control("é \xC2\xA0 \u200E\u200F 👨\u200D👩", utf8::Lines::one));
    for (const std::string_view text : {"", " ", "\u200B", "\u3164", "\u2800", "\uFEFF\u00AD", "\u200E\u200F", "\uFE0F", "\U000E0041"}) {
        EXPECT_FALSE(utf8::is_visible(text)) << text;
    }
    for (const std::string_view text : {"a", "\u200Bé", "日", "👨\u200D👩", "."}) EXPECT_TRUE(utf8::is_visible(text)) << text;
}

} // namespace
} // namespace focus
