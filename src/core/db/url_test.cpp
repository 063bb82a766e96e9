#include "core/db/url.hpp"

#include <gtest/gtest.h>

namespace focus::db {
namespace {

TEST(DatabaseUrl, SqlitePaths) {
    EXPECT_EQ(std::get<SqliteUrl>(parse_url("sqlite:///data/focus.db")).path, "data/focus.db");
    EXPECT_EQ(std::get<SqliteUrl>(parse_url("sqlite:////var/lib/focus.db")).path, "/var/lib/focus.db");
    EXPECT_EQ(std::get<SqliteUrl>(parse_url("sqlite+aiosqlite:///a%20b.db")).path, "a b.db");
    EXPECT_EQ(std::get<SqliteUrl>(parse_url("sqlite:///a b#é[1]@c:d.db")).path, "a b#é[1]@c:d.db");
}

TEST(DatabaseUrl, MysqlParts) {
    const auto url = std::get<MysqlUrl>(parse_url("mysql+pymysql://fo%40cus:p%3Aw%2F%25@db.example:3307/focus_db?ssl-mode=required"));
    EXPECT_EQ(url.user, "fo@cus");
    EXPECT_EQ(url.password, "p:w/%");
    EXPECT_EQ(url.host, "db.example");
    EXPECT_EQ(url.port, 3307);
    EXPECT_EQ(url.database, "focus_db");
    EXPECT_EQ(url.ssl_mode, SslMode::required);
    EXPECT_EQ(url.ssl_verify, SslVerify::chain_and_name);
    EXPECT_FALSE(url.galera_single_writer);
}

TEST(DatabaseUrl, PasswordsNeedNoEscapes) {
    for (const std::string password : {"p@ss", "p#w", "p:w:", "p w", "p^<>|{}[]`\"\\w", "pé", "p+w", "&=;,$!'()*", "@@:@", "100%25"}) {
        const auto url = std::get<MysqlUrl>(parse_url("mysql://focus:" + password + "@db/d"));
        EXPECT_EQ(url.user, "focus");
        EXPECT_EQ(url.password, password == "100%25" ? "100%" : password);
        EXPECT_EQ(url.host, "db");
        EXPECT_EQ(url.database, "d");
    }
}

TEST(DatabaseUrl, TlsParameters) {
    const auto parse = [](const std::string& query) { return std::get<MysqlUrl>(parse_url("mysql://u:p@h/d?" + query)); };
    EXPECT_EQ(parse("ssl-mode=DISABLED").ssl_mode, SslMode::disabled);
    EXPECT_EQ(parse("ssl_mode=preferred").ssl_mode, SslMode::preferred);
    for (const auto* named : {"ssl-mode=required", "ssl-mode=verify-identity", "ssl-mode=VERIFY_IDENTITY", "ssl-ca=%2Fca.pem",
                              "ssl-mode=required&ssl-verify=true", "ssl-cert=/c&ssl-key=/k"}) {
        EXPECT_EQ(parse(named).ssl_mode, SslMode::required) << named;
        EXPECT_EQ(parse(named).ssl_verify, SslVerify::chain_and_name) << named;
    }
    EXPECT_EQ(parse("ssl-mode=verify-ca").ssl_verify, SslVerify::chain);
    EXPECT_EQ(parse("").ssl_mode, SslMode::automatic);
    EXPECT_EQ(parse("ssl-ca=/c+a b#1.pem&charset=utf8mb4").ssl_ca, "/c+a b#1.pem");
    EXPECT_EQ(parse("ssl-mode=required&ssl-verify=false").ssl_verify, SslVerify::nothing);
    const auto all = parse("ssl-ca=%2Fca.pem&ssl-cert=/c.pem&ssl-key=/k.pem&galera=single-writer");
    EXPECT_EQ(all.ssl_ca, "/ca.pem");
    EXPECT_EQ(all.ssl_cert, "/c.pem");
    EXPECT_EQ(all.ssl_key, "/k.pem");
    EXPECT_TRUE(all.galera_single_writer);
    for (const auto* bad :
         {"ssl-mode=", "ssl-mode=maybe", "ssl-verify=perhaps", "ssl-ca=", "ssl-cert=/c", "ssl-key=/k", "ssl-mode=preferred&ssl-ca=/ca.pem",
          "ssl-mode=disabled&ssl-cert=/c&ssl-key=/k", "ssl-mode=preferred&ssl-verify=true", "ssl-mode=verify-ca&ssl-verify=false",
          "ssl-mode=required&ssl-verify=false&ssl-ca=/ca.pem", "galera=", "galera=many"})
        EXPECT_THROW((void)parse(bad), std::invalid_argument) << bad;
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
    for (const auto* bad : {"",
                            "postgres://u:hunter2@h/d",
                            "sqlite://",
                            "sqlite:///",
                            "sqlite:///:memory:",
                            "sqlite:focus.db",
                            "sqlite://hunter2@h/x",
                            "sqlite://h/x",
                            "sqlite:///x?a=b",
                            "sqlite:///x%3F",
                            "MYSQL://u:hunter2@h/d",
                            "mysql:u:hunter2@h/d",
                            "mysql://u:hunter2@h:0/d",
                            "mysql://u:hunter2@h:70000/d",
                            "mysql://u:hunter2@h:x/d",
                            "mysql://u:hunter2%zz@h/d",
                            "mysql://u:hunter2@h/d?ssl-mode=maybe",
                            "mysql://u:hunter2@h/d?what=hunter2",
                            "mysql://:hunter2@h/d",
                            "mysql://u:hunter2@[::1/d"}) {
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
