#include "core/http/problem.hpp"

#include "core/base/extended_error.hpp"

#include <gtest/gtest.h>

namespace focus::http {
namespace {

TEST(Problem, KindsHaveStatuses) {
    EXPECT_EQ(status_of(ErrorKind::bad_request), 400);
    EXPECT_EQ(status_of(ErrorKind::unauthorized), 401);
    EXPECT_EQ(status_of(ErrorKind::forbidden), 403);
    EXPECT_EQ(status_of(ErrorKind::not_found), 404);
    EXPECT_EQ(status_of(ErrorKind::conflict), 409);
    EXPECT_EQ(status_of(ErrorKind::too_large), 413);
    EXPECT_EQ(status_of(ErrorKind::unsupported_type), 415);
    EXPECT_EQ(status_of(ErrorKind::invalid), 422);
    EXPECT_EQ(status_of(ErrorKind::rate_limited), 429);
    EXPECT_EQ(status_of(ErrorKind::not_implemented), 501);
    EXPECT_EQ(status_of(ErrorKind::unavailable), 503);
}

TEST(Problem, TellsTheClientEverythingButTheCause) {
    const auto error = unavailable("the disk of db-7 is full", 5);
    const auto answer = problem(error, Language::en, "r-1");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.type(), "application/problem+json");
    EXPECT_EQ(answer.header("retry-after"), "5");
    EXPECT_TRUE(answer.body.starts_with(R"({"type":"about:blank","title":"Service Unavailable","status":503,"detail":")")) << answer.body;
    EXPECT_TRUE(answer.body.ends_with(R"(","code":"unavailable","request_id":"r-1"})")) << answer.body;
    EXPECT_FALSE(answer.body.contains("db-7"));
}

TEST(Problem, ListsAllFaultsInTheLanguage) {
    const auto error = invalid_input({{{std::string{"body"}, std::string{"activities"}, std::int64_t{3}, std::string{"minutes"}},
                                       {"At most {max}.", "Au plus {max}."},
                                       "less_than_equal",
                                       {{"max", "1440"}}},
                                      {{std::string{"query"}, std::string{"a\"b"}}, {"Wrong.", "Incorrect."}, "wrong"}});
    const auto answer = problem(error, Language::fr, "r");
    EXPECT_EQ(answer.status, 422);
    EXPECT_TRUE(answer.body.contains(
        R"("errors":[{"loc":["body","activities",3,"minutes"],"msg":"Au plus 1440.","type":"less_than_equal"},{"loc":["query","a\"b"],"msg":"Incorrect.","type":"wrong"}]})"))
        << answer.body;
}

TEST(Problem, MayCarryAMemberOfItsOwn) {
    const ExtendedError error{Error{ErrorCode{ErrorKind::conflict, "link_confirmation_required", {"No.", "Non."}}}, "link_token", "a\"b"};
    const auto answer = problem(error, Language::en, "r");
    EXPECT_EQ(answer.status, 409);
    EXPECT_TRUE(answer.body.ends_with(R"("code":"link_confirmation_required","request_id":"r","link_token":"a\"b"})")) << answer.body;
}

TEST(Problem, UnauthorizedNamesTheScheme) {
    const auto answer = problem(Error{k_not_authenticated}, Language::en, "r");
    EXPECT_EQ(answer.header("WWW-Authenticate"), "Bearer");
}

} // namespace
} // namespace focus::http
