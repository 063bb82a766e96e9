#include "core/json/lines.hpp"

#include <bit>
#include <format>
#include <functional>
#include <gtest/gtest.h>
#include <random>

namespace focus::json {
namespace {

using namespace std::string_literals;

enum class Colour { red, delete_, blue };

struct Item {
    Text<1, 5> name;
    std::optional<Integer<0, 9>> size;
};

struct Everything {
    bool flag;
    int small;
    std::int64_t big;
    double real;
    std::string text;
    Text<2, 4> short_text;
    Minutes minutes;
    MinutesIn<0, 1440> bounded;
    Timestamp at;
    Date day;
    TimeOfDay time;
    EmailAddress email;
    HttpUrl url;
    ZoneName zone;
    Colour colour;
    List<Item, 1, 3> items;
    std::map<std::string, double> numbers;
    std::array<int, 2> pair;
    RawJson raw;
    std::optional<Item> item;
    std::vector<std::string> words;
};

constexpr std::string_view k_good = R"({"flag":true,"small":-7,"big":9223372036854775807,"real":0.1,"text":" é ","short_text":"  abé ",
"minutes":12.345,"bounded":1440,"at":"2026-03-29T01:00:00+02:00","day":"2026-03-29","time":"07:05","email":" Ann@Example.org ",
"url":"https://example.org/a?b#c","zone":"Europe/Paris","colour":"delete","items":[{"name":"x","unknown":1},{"name":"y","size":3.0}],
"numbers":{"a":1,"b":2.5},"pair":[1,2],"raw":{ "k" : [1, "ü"] },"item":null,"words":[]})";

constexpr std::string_view k_good_written =
    R"({"flag":true,"small":-7,"big":9223372036854775807,"real":0.1,"text":" é ","short_text":"abé",)"
    R"("minutes":12.345,"bounded":1440,"at":"2026-03-28T23:00:00.000Z","day":"2026-03-29","time":"07:05","email":"Ann@Example.org",)"
    R"("url":"https://example.org/a?b#c","zone":"Europe/Paris","colour":"delete","items":[{"name":"x","size":null},{"name":"y","size":3}],)"
    R"("numbers":{"a":1,"b":2.5},"pair":[1,2],"raw":{"k":[1,"ü"]},"item":null,"words":[]})";

std::string loc_of(const Fault& fault) {
    std::string text;
    for (const auto& step : fault.loc) {
        if (!text.empty()) text += '.';
        if (const auto* key = std::get_if<std::string>(&step))
            text += *key;
        else
            text += std::to_string(std::get<std::int64_t>(step));
    }
    return text;
}

/// "loc type" of each fault, in order; "ok" without faults.
std::vector<std::string> summary(const std::function<void()>& read) {
    try {
        read();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid);
        EXPECT_EQ(error.code(), "validation_error");
        std::vector<std::string> result;
        for (const auto& fault : error.faults()) {
            result.push_back(loc_of(fault) + " " + std::string{fault.type});
            for (const auto language : {Language::en, Language::fr})
                EXPECT_FALSE(fault.message.render(language, fault.args).contains('{')) << result.back();
        }
        return result;
    }
    return {"ok"};
}

template <class T>
std::vector<std::string> faults_of(std::string_view text) {
    return summary([&] { static_cast<void>(parse<T>(text)); });
}

/// The type of the fault for `json` as the only field of a struct.
template <class T>
std::string fault_of(std::string_view json) {
    struct One {
        T value;
    };
    const auto faults = faults_of<One>("{\"value\":" + std::string{json} + "}");
    EXPECT_EQ(faults.size(), 1U);
    return faults[0] == "ok" ? "ok" : faults[0].substr(faults[0].find(' ') + 1);
}

using Strings = std::vector<std::string>;

TEST(Json, reads_and_writes_every_type) {
    const auto value = parse<Everything>(k_good);
    EXPECT_EQ(value.minutes.ms, 740700);
    EXPECT_EQ(value.colour, Colour::delete_);
    EXPECT_EQ(value.time.minute_of_day, 425);
    EXPECT_EQ(write(value), k_good_written);
    EXPECT_EQ(write(parse<Everything>(k_good_written)), k_good_written);
}

TEST(Json, reports_every_fault_at_once_where_it_is) {
    constexpr std::string_view text = R"({"flag":1,"small":2147483648,"big":1.5,"real":"1","text":7,"short_text":"abcde","minutes":null,
"bounded":1440.0001,"at":"yesterday","day":"2026-02-30","time":"24:00","email":"a@b","url":"ftp://x.org","zone":"Paris","colour":"green",
"items":[{"name":""},{"name":"toolong","size":10},{}],"numbers":{"a":"b"},"pair":[1],"raw":[],"item":{"name":[]}})";
    EXPECT_EQ(faults_of<Everything>(text), (Strings{"body.flag bool_type",
                                                    "body.small less_than_equal",
                                                    "body.big int_from_float",
                                                    "body.real float_type",
                                                    "body.text string_type",
                                                    "body.short_text string_too_long",
                                                    "body.minutes float_type",
                                                    "body.bounded less_than_equal",
                                                    "body.at datetime_parsing",
                                                    "body.day date_parsing",
                                                    "body.time time_parsing",
                                                    "body.email value_error",
                                                    "body.url url_scheme",
                                                    "body.zone value_error",
                                                    "body.colour enum",
                                                    "body.items.0.name string_too_short",
                                                    "body.items.1.name string_too_long",
                                                    "body.items.1.size less_than_equal",
                                                    "body.items.2.name missing",
                                                    "body.numbers.a float_type",
                                                    "body.pair too_short",
                                                    "body.raw dict_type",
                                                    "body.item.name string_type",
                                                    "body.words missing"}));
}

TEST(Json, messages_speak_both_languages_with_their_limits) {
    try {
        static_cast<void>(parse<Item>(R"({"name":"toolong"})"));
        FAIL();
    } catch (const Error& error) {
        const auto& fault = error.faults().at(0);
        EXPECT_EQ(fault.message.render(Language::en, fault.args), "Must be at most 5 characters long.");
        EXPECT_EQ(fault.message.render(Language::fr, fault.args), "Doit comporter au plus 5 caractères.");
    }
}

TEST(Json, refuses_what_is_not_json) {
    for (const auto& text : {"{"s, "{}x"s, "[1,]"s, "{'a':1}"s, "NaN"s, "{\"name\":\"\xFF\"}"s, R"({"name":"\ud800"})"s,
                             R"({"name":"\udc00x"})"s, "{\"name\":\"a\nb\"}"s, "{\"name\":1e999}"s, "\xEF\xBB\xBF{}"s,
                             "{\"name\":Infinity}"s, "{}{}"s, "{\"name\":01}"s, "\0"s, "{}\0"s})
        EXPECT_EQ(faults_of<Item>(text), Strings{"body json_invalid"}) << text;
    for (const auto text : {"", " \n\t"}) EXPECT_EQ(faults_of<Item>(text), Strings{"body missing"});
    for (const auto text : {"null", "[]", "3", "\"x\""}) EXPECT_EQ(faults_of<Item>(text), Strings{"body model_type"}) << text;
}

TEST(Json, limits_the_depth) {
    struct Any {};
    const auto nested = [](std::size_t depth) { return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}"; };
    EXPECT_EQ(faults_of<Any>(nested(32)), Strings{"ok"});
    EXPECT_EQ(faults_of<Any>(nested(33)), Strings{"body json_invalid"});
    EXPECT_EQ(faults_of<Any>(std::string(1'000'000, '[')), Strings{"body json_invalid"});
    EXPECT_EQ(faults_of<Any>("{\"a\":\"" + std::string(100, '[') + R"(\"[[\\")" + "}"), Strings{"ok"});
}

TEST(Json, the_last_of_repeated_members_counts) {
    EXPECT_EQ(parse<Item>(R"({"name":"","name":"a","size":1,"name":"b"})").name.value, "b");
    EXPECT_EQ(faults_of<Item>(R"({"name":"a","name":7})"), Strings{"body.name string_type"});
}

TEST(Json, reports_at_most_100_faults) {
    std::string text = "[0";
    for (int i = 0; i < 500; ++i) text += ",0";
    EXPECT_EQ(faults_of<std::vector<Item>>(text + "]").size(), k_max_faults);
}

TEST(Json, texts_are_trimmed_and_counted_in_characters) {
    using Two = Text<2, 2>;
    EXPECT_EQ(fault_of<Two>(R"(" éé\u3000")"), "ok");
    EXPECT_EQ(fault_of<Two>(R"("  é ")"), "string_too_short");
    EXPECT_EQ(fault_of<Two>(R"("\ud83d\ude00😀")"), "ok");
    EXPECT_EQ(fault_of<Two>(R"("a\tb")"), "string_too_long");
    EXPECT_EQ((fault_of<Text<1, 9>>(R"("a\u0007b")")), "value_error");
    EXPECT_EQ((fault_of<Text<1, 9>>(R"("a\u0000b")")), "value_error");
    EXPECT_EQ((fault_of<Text<1, 9>>(R"("a\u009bb")")), "value_error");
    for (const auto* text : {R"("a\nb")", R"("a\rb")", R"("a\tb")", R"("a\u0085b")", R"("a\u2028b")", R"("a\u2029b")"}) {
        EXPECT_EQ((fault_of<Text<1, 9>>(text)), "value_error") << text;
        EXPECT_EQ((fault_of<Lines<1, 9>>(text)), "ok") << text;
    }
    for (const auto* text : {R"("a\u202eb")", R"("a\u2067b")", R"("a\u001bb")", R"("\u200b\u3164")"}) {
        EXPECT_EQ((fault_of<Text<0, 9>>(text)), "value_error") << text;
        EXPECT_EQ((fault_of<Lines<0, 9>>(text)), "value_error") << text;
    }
    EXPECT_EQ((fault_of<Text<0, 9>>(R"("")")), "ok");
    EXPECT_EQ((fault_of<Text<1, 9>>(R"("\u05d0\u200f!")")), "ok");
    EXPECT_EQ(fault_of<std::string>(R"("a\u0000b")"), "value_error");
}

TEST(Json, integers_keep_their_range) {
    EXPECT_EQ(fault_of<std::int64_t>("9223372036854775807"), "ok");
    EXPECT_EQ(fault_of<std::int64_t>("-9223372036854775808"), "ok");
    EXPECT_EQ(fault_of<std::int64_t>("9223372036854775808"), "less_than_equal");
    EXPECT_EQ(fault_of<std::int64_t>("-9223372036854775809"), "greater_than_equal");
    EXPECT_EQ(fault_of<std::int64_t>("1e300"), "less_than_equal");
    EXPECT_EQ(fault_of<std::int64_t>("12.0"), "ok");
    EXPECT_EQ(fault_of<std::int64_t>("1.2e1"), "ok");
    EXPECT_EQ(fault_of<std::int64_t>("true"), "int_type");
    EXPECT_EQ(fault_of<std::int64_t>("\"1\""), "int_type");
    EXPECT_EQ(fault_of<std::uint8_t>("-1"), "greater_than_equal");
    EXPECT_EQ(fault_of<std::uint8_t>("256"), "less_than_equal");
    EXPECT_EQ((fault_of<Integer<1, 100>>("0")), "greater_than_equal");
}

TEST(Json, minutes_are_exact_to_the_millisecond) {
    std::mt19937_64 random{5};
    std::uniform_int_distribution<std::int64_t> any{0, 100LL * 366 * k_day_ms};
    for (int i = 0; i < 20'000; ++i) {
        const Minutes value{any(random)};
        ASSERT_EQ(parse<Minutes>(write(value)), value) << write(value);
    }
    for (int thousandths = 0; thousandths <= 100'000; ++thousandths) {
        const auto text = std::format("{}", thousandths / 1000.0);
        ASSERT_EQ(write(parse<Minutes>(text)), text);
    }
    EXPECT_EQ(parse<Minutes>("0.000005").ms, 0);
    EXPECT_EQ(parse<Minutes>("0.0000084").ms, 1);
    EXPECT_EQ(fault_of<Minutes>("1e300"), "less_than_equal");
    EXPECT_EQ((fault_of<MinutesIn<0, 1440>>("-0.001")), "greater_than_equal");
}

TEST(Json, numbers_are_written_short_and_read_back_the_same) {
    EXPECT_EQ(write(12.0), "12");
    EXPECT_EQ(write(100000.0), "100000");
    EXPECT_EQ(write(-0.0), "0");
    EXPECT_EQ(write(12.345), "12.345");
    EXPECT_EQ(write(33.33), "33.33");
    EXPECT_EQ(write(0.1 + 0.2), "0.30000000000000004");
    EXPECT_EQ(write(std::numeric_limits<double>::infinity()), "null");
    EXPECT_EQ(write(std::numeric_limits<double>::quiet_NaN()), "null");
    EXPECT_EQ(write(std::uint64_t{18446744073709551615U}), "18446744073709551615");
    std::mt19937_64 random{11};
    for (int i = 0; i < 20'000; ++i) {
        const auto value = std::bit_cast<double>(random());
        if (!std::isfinite(value)) continue;
        ASSERT_EQ(parse<double>(write(value)), value);
    }
}

TEST(Json, strings_are_escaped_and_always_utf8) {
    EXPECT_EQ(write("a\"b\\c\b\f\n\r\t\x01\x1f/é\x7f"s), R"("a\"b\\c\b\f\n\r\t\u0001\u001f/é)"
                                                         "\x7f\"");
    EXPECT_EQ(write("x\0y"s), R"("x\u0000y")");
    EXPECT_EQ(write("\xFFz\xC3"s), "\"\xEF\xBF\xBDz\xEF\xBF\xBD\"");
    EXPECT_EQ(write(""s), "\"\"");
    EXPECT_EQ(write(std::string_view{"view"}), "\"view\"");
    EXPECT_EQ(write(std::map<std::string, int>{{"\"", 1}}), R"({"\"":1})");
}

TEST(Json, empty_containers_and_structs) {
    struct Nothing {};
    EXPECT_EQ(write(Nothing{}), "{}");
    EXPECT_EQ(write(std::vector<int>{}), "[]");
    EXPECT_EQ(write(std::map<std::string, int>{}), "{}");
    EXPECT_EQ(write(RawJson{}), "{}");
    EXPECT_EQ(write(std::vector<Item>(2)), R"([{"name":"","size":null},{"name":"","size":null}])");
    EXPECT_EQ((fault_of<List<int, 1, 2>>("[]")), "too_short");
    EXPECT_EQ((fault_of<List<int, 1, 2>>("[1,2,3]")), "too_long");
    EXPECT_EQ((fault_of<List<int, 1, 2>>("{}")), "list_type");
}

struct Update {
    Patch<Text<1, 9>> bio;
    Change<Integer<0, 9>> limit;
    Or<bool, true> active;
    Or<Integer<1, 100>, 80> percent;
    Or<Text<1, 9>, Literal{"other"}> category;
    Or<MinutesIn<1, 10080>, 60> target;
    Or<Colour, Colour::blue> colour;
};

TEST(Json, updates_tell_absent_from_null_from_a_value) {
    const auto absent = parse<Update>("{}");
    EXPECT_FALSE(absent.bio.present);
    EXPECT_FALSE(absent.limit.value);
    const auto cleared = parse<Update>(R"({"bio":null})");
    EXPECT_TRUE(cleared.bio.clears());
    const auto set = parse<Update>(R"({"bio":"x","limit":3})");
    EXPECT_EQ(set.bio.value.value().value, "x");
    EXPECT_EQ(set.limit.value.value().value, 3);
    EXPECT_EQ(faults_of<Update>(R"({"bio":"","limit":null})"), (Strings{"body.bio string_too_short", "body.limit int_type"}));
}

TEST(Json, defaults_fill_in_for_absent_and_null) {
    for (const auto text : {"{}", R"({"active":null,"percent":null,"category":null,"target":null,"colour":null})"}) {
        const auto value = parse<Update>(text);
        EXPECT_TRUE(value.active.value);
        EXPECT_EQ(value.percent.value, 80);
        EXPECT_EQ(value.category.value.value, "other");
        EXPECT_EQ(value.target.value.value.ms, 60 * k_minute_ms);
        EXPECT_EQ(value.colour.value, Colour::blue);
    }
    EXPECT_FALSE(parse<Update>(R"({"active":false})").active.value);
}

TEST(Json, e_mail_addresses) {
    for (const auto text : {"a@b.co", "first.last+tag@sub-domain.example.org", "o'hara@example.org", "x_y@1and1.com"})
        EXPECT_EQ(fault_of<EmailAddress>(write(std::string{text})), "ok") << text;
    for (const auto& text : {""s,
                             "a"s,
                             "@b.co"s,
                             "a@"s,
                             "a@b"s,
                             "a@b."s,
                             "a@.co"s,
                             "a@b..co"s,
                             ".a@b.co"s,
                             "a.@b.co"s,
                             "a..b@c.co"s,
                             "a b@c.co"s,
                             "a@b c.co"s,
                             "a@-b.co"s,
                             "a@b-.co"s,
                             "\"a\"@b.co"s,
                             "a@[1.2.3.4]"s,
                             "a@1.2.3.4"s,
                             "é@b.co"s,
                             "a@é.co"s,
                             "a@b@c.co"s,
                             "a,b@c.co"s,
                             "a@b.co\nBcc: x@y.zz"s,
                             std::string(65, 'a') + "@b.co",
                             "a@" + std::string(64, 'b') + ".co",
                             "a@" + std::string(60, 'b') + "." + std::string(60, 'b') + "." + std::string(60, 'b') + "." +
                                 std::string(60, 'b') + "." + std::string(10, 'b') + ".co"})
        EXPECT_EQ(fault_of<EmailAddress>(write(text)), "value_error") << text;
}

TEST(Json, urls) {
    for (const auto text : {"http://a", "HTTPS://example.org:8080/x?y=1&z#f", "http://[::1]:80/", "https://example.org?x",
                            "http://127.0.0.1/%20", "http://a/?x[]=1&y=100%#f#g", "http://[2001:db8::192.0.2.1]", "http://a:0"})
        EXPECT_EQ(fault_of<HttpUrl>(write(std::string{text})), "ok") << text;
    for (const auto text : {"https://",   "http:///x",    "http://a b",   "http://a:port",       "http://a:65536", "http://user:pass@a",
                            "http://-a",  "http://a/\"",  "http://a/<x>", "http://a/é",          "http://[::1",    "http://[x]",
                            "http://a:",  "http://[:::]", "http://[1:2]", "http://[::1%25eth0]", "http://[v1.a]",  "http://[::1]x",
                            "http://%61", "http://a_b",   "http://a@",    "http://a:+1"})
        EXPECT_EQ(fault_of<HttpUrl>(write(std::string{text})), "url_parsing") << text;
    for (const auto text : {"", "a.org", "javascript:alert(1)", "//a.org", "http:a", "data:,x"})
        EXPECT_EQ(fault_of<HttpUrl>(write(std::string{text})), "url_scheme") << text;
    EXPECT_EQ(fault_of<HttpUrl>(write("http://a/" + std::string(2040, 'x'))), "url_too_long");
}

struct Find {
    Or<Integer<0, 1000>, 0> skip;
    Or<Integer<1, 100>, 50> limit;
    std::optional<bool> is_blocked;
    std::optional<Date> date;
    std::optional<Text<0, 5>> q;
    std::optional<Colour> colour;
    std::optional<double> share;
};

TEST(Query, reads_texts) {
    const std::vector<std::pair<std::string, std::string>> params{{"limit", "7"},       {"is_blocked", "1"}, {"date", "2026-03-29"},
                                                                  {"limit", "8"},       {"unknown", "x"},    {"q", ""},
                                                                  {"colour", "delete"}, {"share", "2.5e1"}};
    const auto query = parse_query<Find>(params);
    EXPECT_EQ(query.limit.value, 8);
    EXPECT_EQ(query.skip.value, 0);
    EXPECT_EQ(query.is_blocked, true);
    EXPECT_EQ(query.date->value.to_string(), "2026-03-29");
    EXPECT_EQ(query.q->value, "");
    EXPECT_EQ(query.colour, Colour::delete_);
    EXPECT_EQ(query.share, 25.0);
}

TEST(Query, reports_every_fault_at_once) {
    const std::vector<std::pair<std::string, std::string>> params{{"skip", "-1"}, {"limit", "ten"},  {"is_blocked", ""}, {"date", ""},
                                                                  {"q", "\xFF"},  {"colour", "Red"}, {"share", "inf"}};
    EXPECT_EQ(summary([&] { static_cast<void>(parse_query<Find>(params)); }),
              (Strings{"query.skip greater_than_equal", "query.limit int_parsing", "query.is_blocked bool_parsing",
                       "query.date date_parsing", "query.q string_unicode", "query.colour enum", "query.share float_parsing"}));
    for (const auto text : {"", "1 ", "+1", "0x1", "1.0", "1e1"}) {
        const std::vector<std::pair<std::string, std::string>> one{{"limit", text}};
        EXPECT_EQ(summary([&] { static_cast<void>(parse_query<Find>(one)); }), Strings{"query.limit int_parsing"}) << text;
    }
    const std::vector<std::pair<std::string, std::string>> huge{{"limit", "99999999999999999999"}};
    EXPECT_EQ(summary([&] { static_cast<void>(parse_query<Find>(huge)); }), Strings{"query.limit less_than_equal"});
    const std::vector<std::pair<std::string, std::string>> nul{{"q", "a\0b"s}};
    EXPECT_EQ(summary([&] { static_cast<void>(parse_query<Find>(nul)); }), Strings{"query.q value_error"});
}

TEST(Query, required_ones_are_missed) {
    struct Callback {
        Text<1, 9> code;
        Text<1, 9> state;
    };
    EXPECT_EQ(summary([] { static_cast<void>(parse_query<Callback>({})); }), (Strings{"query.code missing", "query.state missing"}));
}

TEST(Path, has_the_right_form_or_is_not_there) {
    struct ById {
        std::int64_t id;
    };
    const auto id_of = [](std::string text) {
        const std::vector<std::pair<std::string, std::string>> params{{"id", std::move(text)}};
        const auto path = parse_path<ById>(params);
        return path ? path->id : -1;
    };
    EXPECT_EQ(id_of("12"), 12);
    for (const auto text : {"12abc", "", "1.0", "99999999999999999999", " 1"}) EXPECT_EQ(id_of(text), -1) << text;
}

} // namespace
} // namespace focus::json
