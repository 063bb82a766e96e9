#include "core/redis/url.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace focus::redis {
namespace {

TEST(RedisUrl, reads_what_deployments_write) {
    const auto plain = parse_url("redis://cache");
    EXPECT_EQ(plain.host, "cache");
    EXPECT_EQ(plain.port, "6379");
    EXPECT_EQ(plain.database, 0);
    EXPECT_FALSE(plain.tls);
    const auto full = parse_url("rediss://focus:p%40ss%3Aword@[::1]:7000/3");
    EXPECT_EQ(full.user, "focus");
    EXPECT_EQ(full.password, "p@ss:word");
    EXPECT_EQ(full.host, "::1");
    EXPECT_EQ(full.port, "7000");
    EXPECT_EQ(full.database, 3);
    EXPECT_TRUE(full.tls);
    const auto password = parse_url("redis://:secret@127.0.0.1:6380/");
    EXPECT_EQ(password.user, "default");
    EXPECT_EQ(password.password, "secret");
    EXPECT_EQ(password.port, "6380");
    const auto alone = parse_url("redis://sec:ret#@1@h:/");
    EXPECT_EQ(alone.user, "sec");
    EXPECT_EQ(alone.password, "ret#@1");
    EXPECT_EQ(alone.port, "6379");
    EXPECT_EQ(parse_url("redis://secret@h").password, "secret");
    EXPECT_EQ(parse_url("redis://secret@h").user, "default");
    EXPECT_EQ(parse_url("redis://").host, "127.0.0.1");
}

TEST(RedisUrl, refuses_the_rest_without_telling_the_password) {
    for (const auto* url : {"", "http://cache", "redis://cache:port", "redis://cache:99999", "redis://cache/x", "redis://:secret@cache/-1",
                            "redis://:secret%zz@cache", "redis://[::1", "redis://cache?x=1"}) {
        try {
            (void)parse_url(url);
            ADD_FAILURE() << url;
        } catch (const std::invalid_argument& error) {
            EXPECT_EQ(std::string{error.what()}.find("secret"), std::string::npos);
        }
    }
}

TEST(RedisUrl, names_what_is_not_supported) {
    for (const auto* url : {"redis+cluster://a,b", "redis+sentinel://a,b,c/primary", "rediss+sentinel://a", "redis-sentinel://a"}) {
        try {
            (void)parse_url(url);
            ADD_FAILURE() << url;
        } catch (const std::invalid_argument& error) {
            EXPECT_TRUE(std::string{error.what()}.contains("not supported")) << error.what();
        }
    }
}

} // namespace
} // namespace focus::redis
