#include "core/json/json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace focus::json {
namespace {

using Object = nlohmann::ordered_json;

enum class Level { low, high };

struct Part {
    Text<1, 20> name;
    std::optional<Date> day;
};

struct Whole {
    static constexpr FieldDoc k_docs[] = {{"", "A whole."}, {"level", "How much", "\"high\""}, {"part", "Its part"}};
    Part part;
    std::optional<Part> other;
    Level level;
    std::optional<Level> maybe;
    Or<Integer<1, 100>, 50> limit;
    Patch<MinutesIn<0, 1440>> target;
    Change<EmailAddress> email;
    List<HttpUrl, 1, 3> links;
    std::map<std::string, std::int64_t> counts;
    RawJson data;
    Timestamp at;
};

struct Tree {
    std::string name;
    std::vector<Tree> children;
};

namespace other {
struct Part {
    int x;
};
} // namespace other

template <class T>
struct Page {
    std::vector<T> items;
};

struct Find {
    static constexpr FieldDoc k_docs[] = {{"q", "What to look for", "\"insta\""}};
    Or<Integer<0, 9>, 3> skip;
    std::optional<Text<1, 5>> q;
    std::int64_t id;
};

Object component(const Schemas& schemas, const std::string& name) { return Object::parse(schemas.components().at(name)); }

TEST(Schema, says_what_a_request_takes) {
    Schemas schemas;
    EXPECT_EQ(schemas.of<Whole>(Use::request).to_json(), R"({"$ref":"#/components/schemas/Whole"})");
    const auto whole = component(schemas, "Whole");
    EXPECT_EQ(whole["description"], "A whole.");
    EXPECT_EQ(whole["required"], (Object{"part", "level", "links", "counts", "data", "at"}));
    const auto& p = whole["properties"];
    EXPECT_EQ(p["part"].dump(), R"({"$ref":"#/components/schemas/Part","description":"Its part"})");
    EXPECT_EQ(p["other"].dump(), R"({"anyOf":[{"$ref":"#/components/schemas/Part"},{"type":"null"}]})");
    EXPECT_EQ(p["level"].dump(), R"({"type":"string","enum":["low","high"],"description":"How much","examples":["high"]})");
    EXPECT_EQ(p["maybe"].dump(), R"({"type":["string","null"],"enum":["low","high",null]})");
    EXPECT_EQ(p["limit"].dump(), R"({"type":"integer","format":"int64","minimum":1,"maximum":100,"default":50})");
    EXPECT_EQ(p["target"].dump(), R"({"type":["number","null"],"minimum":0,"maximum":1440})");
    EXPECT_EQ(p["email"].dump(), R"({"type":"string","format":"email","maxLength":254})");
    EXPECT_EQ(p["links"].dump(), R"({"type":"array","items":{"type":"string","format":"uri","maxLength":2048},"minItems":1,"maxItems":3})");
    EXPECT_EQ(p["counts"].dump(), R"({"type":"object","additionalProperties":{"type":"integer","format":"int64"}})");
    EXPECT_EQ(p["data"].dump(), R"({"type":"object"})");
    EXPECT_EQ(p["at"].dump(), R"({"type":"string","format":"date-time"})");
    EXPECT_EQ(component(schemas, "Part")["properties"]["day"].dump(), R"({"type":["string","null"],"format":"date"})");
}

TEST(Schema, an_answer_has_every_field) {
    Schemas schemas;
    static_cast<void>(schemas.of<Part>(Use::response));
    EXPECT_EQ(component(schemas, "Part")["required"], (Object{"name", "day"}));
    // the request of the same struct differs and gets a name of its own; asked again, both keep theirs
    EXPECT_EQ(schemas.of<Part>(Use::request).to_json(), R"({"$ref":"#/components/schemas/PartInput"})");
    EXPECT_EQ(schemas.of<Part>(Use::response).to_json(), R"({"$ref":"#/components/schemas/Part"})");
    EXPECT_EQ(schemas.of<Part>(Use::request).to_json(), R"({"$ref":"#/components/schemas/PartInput"})");
    EXPECT_EQ(schemas.components().size(), 2U);
}

TEST(Schema, equal_requests_and_answers_are_one_component) {
    Schemas schemas;
    EXPECT_EQ(schemas.of<other::Part>(Use::response).to_json(), schemas.of<other::Part>(Use::request).to_json());
    EXPECT_EQ(schemas.components().size(), 1U);
}

TEST(Schema, names_stay_apart_and_recursion_ends) {
    Schemas schemas;
    static_cast<void>(schemas.of<Part>(Use::response));
    EXPECT_EQ(schemas.of<other::Part>(Use::response).to_json(), R"({"$ref":"#/components/schemas/OtherPart"})");
    EXPECT_EQ(schemas.of<Page<Part>>(Use::response).to_json(), R"({"$ref":"#/components/schemas/PagePart"})");
    static_cast<void>(schemas.of<Tree>(Use::response));
    EXPECT_EQ(component(schemas, "Tree")["properties"]["children"]["items"]["$ref"], "#/components/schemas/Tree");
}

TEST(Schema, parameters_are_never_null) {
    Schemas schemas;
    const auto fields = schemas.parameters<Find>();
    ASSERT_EQ(fields.size(), 3U);
    EXPECT_EQ(fields[0].name, "skip");
    EXPECT_FALSE(fields[0].required);
    EXPECT_EQ(fields[1].schema.to_json(),
              R"({"type":"string","minLength":1,"maxLength":5,"description":"What to look for","examples":["insta"]})");
    EXPECT_TRUE(fields[2].required);
}

} // namespace
} // namespace focus::json
