#include "core/db/url.hpp"

#include <gtest/gtest.h>

namespace focus::db {
namespace {

TEST(DatabaseUrl, SqlitePaths) {
    EXPECT_EQ(std::get<SqliteUrl>(parse_url("sqlite:///data/focus.db")).path, "data/focus.db");
    EXPECT_EQ(std::get<SqliteUrl>(parse_url("sqlite:////var/lib/focus.db")).path, "/var/lib/focus.db");
    EXPECT_EQ(std::get<SqliteUrl>(parse_url("sqlite+aiosqlite:///a%20b.db")).path, "a b.db");
}

TEST(DatabaseUrl, MysqlParts) {
    const auto url = std::get<MysqlUrl>(parse_url("mysql+pymysql://fo%40cus:p%3Aw%2F%25@db.example:3307/focus_db?ssl-mode=required"));
    EXPECT_EQ(url.user, "fo@cus");
    EXPECT_EQ(url.password, "p:w/%");
    EXPECT_EQ(url.host, "db.example");
    EXPECT_EQ(url.port, 3307);
    EXPECT_EQ(url.database, "focus_db");
    EXPECT_EQ(url.ssl_mode, SslMode::required);
}

TEST(DatabaseUrl, MysqlDefaults) {
    const auto url = std::get<MysqlUrl>(parse_url("mysql://root@[::1]/focus?unix_socket=%2Frun%2Fmysqld.sock"));
    EXPECT_EQ(url.user, "root");
    EXPECT_EQ(url.password, "");
    EXPECT_EQ(url.host, "::1");
    EXPECT_EQ(url.port, 3306);
    EXPECT_EQ(url.unix_socket, "/run/mysqld.sock");
    EXPECT_EQ(url.ssl_mode, SslMode::automatic);
}

TEST(DatabaseUrl, RefusesNonsenseWithoutRepeatingTheSecret) {
    for (const auto* bad : {"", "postgres://u:hunter2@h/d", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:focus.db",
                            "mysql:u:hunter2@h/d", "mysql://u:hunter2@h:0/d", "mysql://u:hunter2@h:70000/d", "mysql://u:hunter2@h:x/d",
                            "mysql://u:hunter2%zz@h/d", "mysql://u:hunter2@h/d?ssl-mode=maybe", "mysql://u:hunter2@h/d?what=hunter2",
                            "mysql://:hunter2@h/d", "mysql://u:hunter2@[::1/d"}) {
        try {
            (void)parse_url(bad);
            ADD_FAILURE() << bad;
        } catch (const std::invalid_argument& error) {
            EXPECT_EQ(std::string{error.what()}.find("hunter2"), std::string::npos) << error.what();
        }
    }
}

} // namespace
} // namespace focus::db
