#include "core/base/log.hpp"

#include <cstdio>
#include <functional>
#include <gtest/gtest.h>
#include <regex>

namespace focus::log {
namespace {

std::string logged(Format format, Level threshold, const std::function<void()>& act) {
    testing::internal::CaptureStderr();
    configure(threshold, format);
    act();
    std::fflush(stderr);
    configure(Level::info, Format::text);
    return testing::internal::GetCapturedStderr();
}

void sample() {
    info("request", {{"route", std::string_view{"/api/x"}},
                     {"agent", std::string_view{"a \"b\"\nlevel=error"}},
                     {"status", std::int64_t{200}},
                     {"ms", 1.5},
                     {"ok", true},
                     {"empty", std::string_view{}}});
}

TEST(Log, text_is_one_line_that_nobody_forges) {
    const auto line = logged(Format::text, Level::info, sample);
    EXPECT_TRUE(std::regex_match(
        line,
        std::regex{
            R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info     request route=/api/x agent="a \\"b\\"\\nlevel=error" status=200 ms=1\.5 ok=true empty=""\n)"}))
        << line;
}

TEST(Log, json_is_one_object_per_line) {
    const auto line = logged(Format::json, Level::info, sample);
    EXPECT_TRUE(std::regex_match(
        line,
        std::regex{
            R"re(\{"time":"[^"]+Z","level":"info","event":"request","route":"/api/x","agent":"a \\"b\\"\\nlevel=error","status":200,"ms":1\.5,"ok":true,"empty":""\}\n)re"}))
        << line;
}

TEST(Log, level_filters) {
    EXPECT_EQ(logged(Format::text, Level::error,
                     [] {
                         warning("no");
                         debug("no");
                     }),
              "");
    EXPECT_NE(logged(Format::text, Level::debug, [] { debug("yes"); }), "");
    set_level(Level::warning);
    EXPECT_EQ(level(), Level::warning);
    set_level(Level::info);
}

TEST(Log, redacts_secret_parameters_and_credentials) {
    EXPECT_EQ(redact("/api/ws/notifications?token=abc&after_id=3"), "/api/ws/notifications?token=***&after_id=3");
    EXPECT_EQ(redact("/cb?code=1&state=2#access_token=3&x=4"), "/cb?code=***&state=***#access_token=***&x=4");
    EXPECT_EQ(redact("/x?TOKEN=a&%74oken=b&tok=c&tokens=d"), "/x?TOKEN=***&%74oken=***&tok=c&tokens=d");
    EXPECT_EQ(redact("/x?a;token=b"), "/x?a;token=***");
    EXPECT_EQ(redact("/join/ABCDEFGHJK?lang=fr"), "/join/***?lang=fr");
    EXPECT_EQ(redact("/api/auth/google?redirect_to=%2Fjoin%2FABCDEFGHJK"), "/api/auth/google?redirect_to=***");
    EXPECT_EQ(redact("/login?next=%2Fjoin%2FABCDEFGHJK&a=b"), "/login?next=***&a=b");
    EXPECT_EQ(redact("/x?token=a=b?token=c&"), "/x?token=***?token=***&");
    EXPECT_EQ(redact("mysql://user:p@ss:word@db:3306/focus?password=x"), "mysql://***@db:3306/focus?password=***");
    EXPECT_EQ(redact("https://example.org/a@b"), "https://example.org/a@b");
    EXPECT_EQ(redact("/plain/path"), "/plain/path");
    EXPECT_EQ(redact("/redirect?to=http://u:p@h/"), "/redirect?to=http://u:p@h/");
    EXPECT_EQ(redact(""), "");
}

TEST(Log, redacts_in_every_spelling) {
    for (const std::string_view target :
         {"/%6aoin/CODE", "//join/CODE", "/join//CODE", "/join%2fCODE", "/join%2FCODE", "/%256aoin/CODE", "/JOIN/CODE", "/x/../join/CODE",
          "/./join/CODE", "/join/./CODE", "/join;a=b/CODE", "\\join\\CODE", "http://focus.example/join/CODE", "/%ff/join/CODE"})
        EXPECT_FALSE(redact(target).contains("CODE")) << redact(target);
    for (const std::string_view target :
         {"/reset-password?token%3dTOKEN", "/reset-password?%74oken%3DTOKEN", "/reset-password?token%253dTOKEN",
          "/reset-password%3ftoken=TOKEN", "/reset-password%3Ftoken%3DTOKEN", "/reset-password?a%26token=TOKEN",
          "/reset-password?a=b%26token=TOKEN", "/reset-password#token%3dTOKEN"})
        EXPECT_FALSE(redact(target).contains("TOKEN")) << redact(target);
    EXPECT_EQ(redact("/api/challenges/7/join"), "/api/challenges/7/join");
    EXPECT_EQ(redact("/api/challenges/join?lang=fr"), "/api/challenges/join?lang=fr");
    EXPECT_EQ(redact("/x?q=50%25%20off&app=%C3%A9"), "/x?q=50%25%20off&app=%C3%A9");
}

} // namespace
} // namespace focus::log
