#include "core/base/url.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace focus {
namespace {

TEST(Url, TakesAUrlApart) {
    const auto url = split_url("https://us%40er:p%3Aw@id.example:8443/a%20b/c?x=1%26&y&z=a+b#top").value();
    EXPECT_EQ(url.scheme, "https");
    EXPECT_EQ(url.user, "us@er");
    EXPECT_EQ(url.password, "p:w");
    EXPECT_EQ(url.host, "id.example");
    EXPECT_EQ(url.port, 8443);
    EXPECT_EQ(url.path, "/a b/c");
    const std::vector<std::pair<std::string, std::string>> parameters{{"x", "1&"}, {"y", ""}, {"z", "a+b"}};
    EXPECT_EQ(url.parameters, parameters);
    EXPECT_TRUE(url.has_query);
    EXPECT_TRUE(url.has_fragment);
}

TEST(Url, LeavesOutWhatIsNotThere) {
    const auto url = split_url("http://[2001:db8::1]").value();
    EXPECT_FALSE(url.user);
    EXPECT_FALSE(url.password);
    EXPECT_EQ(url.host, "2001:db8::1");
    EXPECT_FALSE(url.port);
    EXPECT_EQ(url.path, "");
    EXPECT_TRUE(url.parameters.empty());
    EXPECT_FALSE(url.has_query);
    EXPECT_FALSE(url.has_fragment);
    EXPECT_EQ(split_url("http://:65535/").value().port, 65535);
    EXPECT_FALSE(split_url("http://h:/").value().port);
    EXPECT_EQ(split_url("x://secret@h").value().user, "secret");
    EXPECT_EQ(split_url("x://:secret@h").value().password, "secret");
}

TEST(Url, RefusesWhatIsNoUrl) {
    for (const char* text : {"", "h", "h:80", "//h/x", "/x", "mailto:a@b.example", "http:/h", "http://h:65536", "http://h:x", "http://[::1",
                             "http://[1:2]", "http://h%zz", "http://h/%", "http://a b", "http://h/é", "1x://h", "http://u@v@h"})
        EXPECT_FALSE(split_url(text)) << text;
}

TEST(Url, SettingsNeedNoEscapes) {
    const auto url = split_configured_url("mysql://fo@cus:p#a<s>s:w[o]rd^é %25@db:3307/my #db?ssl-ca=/a#b&x=[é]");
    EXPECT_EQ(url.user, "fo@cus");
    EXPECT_EQ(url.password, "p#a<s>s:w[o]rd^é %");
    EXPECT_EQ(url.host, "db");
    EXPECT_EQ(url.port, 3307);
    EXPECT_EQ(url.path, "/my #db");
    const std::vector<std::pair<std::string, std::string>> parameters{{"ssl-ca", "/a#b"}, {"x", "[é]"}};
    EXPECT_EQ(url.parameters, parameters);
    EXPECT_FALSE(url.has_fragment);
    EXPECT_EQ(split_configured_url("sqlite:////var/a[1].db").path, "//var/a[1].db");
    EXPECT_EQ(split_configured_url("https://exämple.org").host, "exämple.org");
}

TEST(Url, FaultsQuoteNothing) {
    for (const char* text : {"", "hunter2", "x:hunter2", "x://u:hunter2%zz@h", "x://u:hunter2%@h", "x://u:hunter2@h:port",
                             "x://u:hunter2@h:70000", "x://u:hunter2@[::1", "x://u:hunter2@[hunter2]", "hunter 2://h"}) {
        try {
            (void)split_configured_url(text);
            ADD_FAILURE() << text;
        } catch (const std::invalid_argument& error) {
            EXPECT_FALSE(std::string_view{error.what()}.contains("hunter")) << error.what();
        }
    }
}

} // namespace
} // namespace focus
