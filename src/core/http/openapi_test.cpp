#include "core/http/openapi.hpp"

#include <gtest/gtest.h>

namespace focus::http {
namespace {

constexpr ErrorCode k_exists{ErrorKind::bad_request, "already_exists", {"It exists.", "Il existe."}};

struct NewThing {
    json::Text<1, 50> name;
    std::optional<json::Integer<0, 10>> count;

    static constexpr json::FieldDoc k_docs[] = {{"name", "Its name.", "\"Lamp\""}}; // NOLINT
};
struct Thing {
    std::int64_t id;
    std::string name;
};

std::string document() {
    Routes routes;
    routes.post("/things",
                {.id = "createThing",
                 .summary = "Make a thing",
                 .tag = "Things",
                 .success = 201,
                 .idempotent = true,
                 .problems = {k_exists.described("there is one")}},
                [](Call&, Body<NewThing>) -> Task<Reply<Thing>> { co_return Thing{}; });
    routes.get(
        "/things",
        {.id = "listThings", .summary = "List things", .access = Access::nobody, .etag = true, .paged = true, .redirect = "To the things."},
        [](Call&, Query<PageQuery>) -> Task<Reply<std::vector<Thing>>> { co_return std::vector<Thing>{}; });
    routes.del("/things/{id}", {.id = "deleteThing", .summary = "Delete a thing", .access = Access::admin},
               [](Call&, Path<IdPath>) -> Task<Reply<NoContent>> { co_return NoContent{}; });
    routes.get("/secret", {.id = "secret", .summary = "Secret", .hidden = true}, [](Call&) -> Task<Reply<Thing>> { co_return Thing{}; });
    return openapi_document(routes, {.title = "T", .version = "1", .description = "D", .tags = {{"Things", "All things."}}});
}

/// The part of the document from one text to another.
std::string between(const std::string& text, std::string_view from, std::string_view to) {
    const auto begin = text.find(from);
    return begin == std::string::npos ? std::string{} : text.substr(begin, text.find(to, begin) - begin);
}

TEST(OpenApi, DescribesWhatTheDeclarationsSay) {
    const auto all = document();
    EXPECT_TRUE(all.starts_with(R"({"openapi":"3.1.0","info":{"title":"T","version":"1")"));
    EXPECT_FALSE(all.contains("secret"));
    const auto create = between(all, R"("operationId":"createThing")", R"("operationId":"listThings")");
    EXPECT_TRUE(create.contains(R"("security":[{"bearer":[]}])"));
    EXPECT_TRUE(create.contains(R"("requestBody":{"required":true)"));
    EXPECT_TRUE(create.contains(R"("201":{)"));
    EXPECT_TRUE(create.contains(R"("400":{"description":"Bad Request\n\n- `already_exists`: there is one")")) << create;
    EXPECT_TRUE(create.contains("#/components/parameters/IdempotencyKey"));
    EXPECT_TRUE(create.contains("email_not_verified"));
    const auto list = between(all, R"("operationId":"listThings")", R"("operationId":"deleteThing")");
    EXPECT_TRUE(list.contains(R"("security":[])"));
    EXPECT_TRUE(list.contains(R"({"name":"skip","in":"query","required":false,"description":"How many entries to leave out.")"));
    EXPECT_TRUE(list.contains(R"("X-Total-Count")"));
    EXPECT_TRUE(list.contains(R"("304":{"$ref":"#/components/responses/NotModified"})"));
    const auto remove = between(all, R"("operationId":"deleteThing")", R"("components")");
    EXPECT_TRUE(remove.contains(R"({"name":"id","in":"path","required":true)"));
    EXPECT_TRUE(remove.contains(R"("204":{)"));
    EXPECT_TRUE(remove.contains("`forbidden`"));
    EXPECT_TRUE(all.contains(R"("examples":["Lamp"])"));
}

TEST(OpenApi, NamesWhatEveryRouteMayAnswer) {
    const auto anywhere = between(document(), R"("Problem":{"description":"Anything else)", R"("NotModified")");
    EXPECT_TRUE(anywhere.contains(R"(\n- `wrong_host`: 421, )")) << anywhere;
    EXPECT_TRUE(anywhere.contains(R"(\n- `unavailable`: 503, )")) << anywhere;
}

TEST(OpenApi, SaysWhereARedirectLeads) { EXPECT_TRUE(document().contains(R"("302":{"description":"To the things."})")); }

TEST(OpenApi, OnePathHasAllItsMethods) {
    const auto all = document();
    EXPECT_EQ(all.find(R"("/things":{)"), all.rfind(R"("/things":{)"));
    EXPECT_TRUE(between(all, R"("/things":{)", R"("/things/{id}")").contains(R"("get":{)"));
}

} // namespace
} // namespace focus::http
