#include "core/json/json.hpp"

#include <gtest/gtest.h>
#include <yyjson.h>

#include <cstdlib>
#include <memory>

namespace focus::json {
namespace {

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

/// The JSON at `pointer` (RFC 6901) of a component.
std::string at(const Schemas& schemas, const std::string& component, const char* pointer) {
    const auto& text = schemas.components().at(component);
    const std::unique_ptr<yyjson_doc, decltype(&yyjson_doc_free)> document{yyjson_read(text.data(), text.size(), 0), &yyjson_doc_free};
    const std::unique_ptr<char, decltype(&std::free)> found{yyjson_val_write(yyjson_doc_ptr_get(document.get(), pointer), 0, nullptr),
                                                            &std::free};
    return found ? found.get() : "nothing";
}

TEST(Schema, says_what_a_request_takes) {
    Schemas schemas;
    EXPECT_EQ(schemas.of<Whole>(Use::request).to_json(), R"({"$ref":"#/components/schemas/Whole"})");
    EXPECT_EQ(at(schemas, "Whole", "/description"), R"("A whole.")");
    EXPECT_EQ(at(schemas, "Whole", "/required"), R"(["part","level","links","counts","data","at"])");
    const auto property = [&schemas](const std::string& name) { return at(schemas, "Whole", ("/properties/" + name).c_str()); };
    EXPECT_EQ(property("part"), R"({"$ref":"#/components/schemas/Part","description":"Its part"})");
    EXPECT_EQ(property("other"), R"({"anyOf":[{"$ref":"#/components/schemas/Part"},{"type":"null"}]})");
    EXPECT_EQ(property("level"), R"({"type":"string","enum":["low","high"],"description":"How much","examples":["high"]})");
    EXPECT_EQ(property("maybe"), R"({"type":["string","null"],"enum":["low","high",null]})");
    EXPECT_EQ(property("limit"), R"({"type":"integer","format":"int64","minimum":1,"maximum":100,"default":50})");
    EXPECT_EQ(property("target"), R"({"type":["number","null"],"minimum":0,"maximum":1440})");
    EXPECT_EQ(property("email"), R"({"type":"string","format":"email","maxLength":254})");
    EXPECT_EQ(property("links"), R"({"type":"array","items":{"type":"string","format":"uri","maxLength":2048},"minItems":1,"maxItems":3})");
    EXPECT_EQ(property("counts"), R"({"type":"object","additionalProperties":{"type":"integer","format":"int64"}})");
    EXPECT_EQ(property("data"), R"({"type":"object"})");
    EXPECT_EQ(property("at"), R"({"type":"string","format":"date-time"})");
    EXPECT_EQ(at(schemas, "Part", "/properties/day"), R"({"type":["string","null"],"format":"date"})");
}

TEST(Schema, an_answer_has_every_field) {
    Schemas schemas;
    static_cast<void>(schemas.of<Part>(Use::response));
    EXPECT_EQ(at(schemas, "Part", "/required"), R"(["name","day"])");
    // the request of the same struct differs and gets a name of its own; on a repeat both keep theirs
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
    EXPECT_EQ(at(schemas, "Tree", "/properties/children/items/$ref"), R"("#/components/schemas/Tree")");
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
