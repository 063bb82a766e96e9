#include "core/http/router.hpp"

#include <gtest/gtest.h>

namespace focus::http {
namespace {

class RouterTest : public testing::Test {
  protected:
    void add(Method method, std::string pattern, std::vector<std::string_view> numbers = {}) {
        auto label = std::string{to_string(method)} + ' ' + pattern;
        endpoints_.push_back({.method = method,
                              .pattern = std::move(pattern),
                              .meta = {},
                              .handler = {},
                              .integer_params = std::move(numbers),
                              .signature = {},
                              .label = std::move(label)});
    }
    std::string find(Method method, std::string_view path) {
        const Router router{endpoints_};
        const auto match = router.match(method, path, params_);
        switch (match.outcome) {
        case Router::Outcome::found:
            return match.endpoint->label;
        case Router::Outcome::no_path:
            return "404";
        case Router::Outcome::no_method:
            return "405";
        case Router::Outcome::bad_encoding:
            return "400";
        }
        return {};
    }
    std::vector<Endpoint> endpoints_;
    Params params_;
};

TEST_F(RouterTest, LiteralsWinOverNumbersOverText) {
    add(Method::get, "/users/me");
    add(Method::get, "/users/{id}", {"id"});
    add(Method::get, "/users/{name}");
    EXPECT_EQ(find(Method::get, "/users/me"), "GET /users/me");
    EXPECT_EQ(find(Method::get, "/users/12"), "GET /users/{id}");
    EXPECT_EQ(params_, (Params{{"id", "12"}}));
    EXPECT_EQ(find(Method::get, "/users/12abc"), "GET /users/{name}");
    EXPECT_EQ(params_, (Params{{"name", "12abc"}}));
    EXPECT_EQ(find(Method::get, "/users"), "404");
}

TEST_F(RouterTest, NumbersFitTheirType) {
    add(Method::get, "/x/{id}", {"id"});
    EXPECT_EQ(find(Method::get, "/x/9223372036854775807"), "GET /x/{id}");
    EXPECT_EQ(find(Method::get, "/x/9223372036854775808"), "404");
    EXPECT_EQ(find(Method::get, "/x/-1"), "404");
    EXPECT_EQ(find(Method::get, "/x/+1"), "404");
    EXPECT_EQ(find(Method::get, "/x/1.0"), "404");
    EXPECT_EQ(find(Method::get, "/x/%31"), "GET /x/{id}");
}

TEST_F(RouterTest, GoesBackFromADeadEnd) {
    add(Method::get, "/a/b/c");
    add(Method::get, "/a/{x}/d");
    add(Method::post, "/a/b/d");
    EXPECT_EQ(find(Method::get, "/a/b/d"), "GET /a/{x}/d"); // the literal path has only POST
    EXPECT_EQ(find(Method::put, "/a/b/d"), "405");
    EXPECT_EQ(find(Method::get, "/a/q/d"), "GET /a/{x}/d");
    EXPECT_EQ(find(Method::get, "/a/b/c"), "GET /a/b/c");
}

TEST_F(RouterTest, SlashesCount) {
    add(Method::get, "/");
    add(Method::get, "/a/b");
    EXPECT_EQ(find(Method::get, "/"), "GET /");
    EXPECT_EQ(find(Method::get, "/a/b/"), "GET /a/b");
    EXPECT_EQ(find(Method::get, "/a//b"), "404");
    EXPECT_EQ(find(Method::get, "/a/b//"), "404");
    EXPECT_EQ(find(Method::get, "//a/b"), "404");
    EXPECT_EQ(find(Method::get, std::string(100, '/') + "a"), "404");
}

TEST_F(RouterTest, RestTakesWhatNobodyElseWants) {
    add(Method::get, "/web/{path...}");
    add(Method::get, "/web/api/{id}", {"id"});
    EXPECT_EQ(find(Method::get, "/web/a/b%20c.js"), "GET /web/{path...}");
    EXPECT_EQ(params_, (Params{{"path", "a/b c.js"}}));
    EXPECT_EQ(find(Method::get, "/web/api/1"), "GET /web/api/{id}");
    EXPECT_EQ(find(Method::get, "/web/api/x"), "GET /web/{path...}");
}

TEST_F(RouterTest, DecodesOnceAndStrictly) {
    add(Method::get, "/apps/{name}");
    EXPECT_EQ(find(Method::get, "/apps/caf%C3%A9%2525"), "GET /apps/{name}");
    EXPECT_EQ(params_, (Params{{"name", "café%25"}}));
    EXPECT_EQ(find(Method::get, "/apps/AC%2FDC"), "GET /apps/{name}"); // part of the name, not a boundary
    EXPECT_EQ(params_, (Params{{"name", "AC/DC"}}));
    EXPECT_EQ(find(Method::get, "/apps/a%00b"), "400");
    EXPECT_EQ(find(Method::get, "/apps/a%4"), "400");
    EXPECT_EQ(find(Method::get, "/apps/a%ff"), "400");
    EXPECT_EQ(find(Method::get, "/apps/.."), "GET /apps/{name}"); // an ordinary name: nothing is resolved
}

TEST_F(RouterTest, ListsAllowedMethods) {
    add(Method::get, "/a/{id}", {"id"});
    add(Method::delete_, "/a/{id}", {"id"});
    add(Method::post, "/a/{name}");
    const Router router{endpoints_};
    EXPECT_EQ(router.allowed("/a/1"), "GET, HEAD, POST, DELETE, OPTIONS");
    EXPECT_EQ(router.allowed("/a/x"), "POST, OPTIONS");
    EXPECT_EQ(router.allowed("/b"), "");
}

TEST_F(RouterTest, RefusesContradictions) {
    add(Method::get, "/a/{x}");
    add(Method::get, "/a/{y}/");
    EXPECT_THROW(Router{endpoints_}, std::logic_error);
}

} // namespace
} // namespace focus::http
