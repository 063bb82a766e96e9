#include "core/db/sqlite/damage.hpp"

#include "core/base/error.hpp"
#include "support/cpp/database.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>

namespace focus::db::sqlite {
namespace {

using namespace std::chrono_literals;
using db::testing::outcome;
using db::testing::run_sync;

constexpr Statement k_insert{"test.insert", "INSERT INTO things (id, body) VALUES (?, ?)"};
constexpr Statement k_bodies{"test.bodies", "SELECT COUNT(DISTINCT body) FROM things"};
constexpr Migration k_schema[] = {{1, "things", "CREATE TABLE things (id INTEGER PRIMARY KEY, body TEXT);"}};

TEST(SqliteDamage, IsLoggedOnceAMinute) {
    Damage damage;
    const SteadyTime start{1h};
    const auto logged = [&](SteadyTime now, bool reported) {
        ::testing::internal::CaptureStderr();
        if (reported) damage.report("malformed page " + std::to_string(now.time_since_epoch().count()), now);
        (void)damage.found(now);
        std::fflush(stderr);
        return !::testing::internal::GetCapturedStderr().empty();
    };
    EXPECT_FALSE(logged(start, false)) << "nothing was found yet";
    EXPECT_EQ(damage.found(start), "");
    EXPECT_TRUE(logged(start, true));
    const auto first = damage.found(start);
    EXPECT_TRUE(first.starts_with("malformed page "));
    for (const auto later : {1s, 59s}) {
        EXPECT_FALSE(logged(start + later, true)) << later.count();
        EXPECT_FALSE(logged(start + later, false)) << later.count();
    }
    EXPECT_TRUE(logged(start + 60s, false)) << "it stays in the log although no statement meets it";
    EXPECT_FALSE(logged(start + 61s, true));
    EXPECT_EQ(damage.found(start + 61s), first);
}

class DamagedFileTest : public ::testing::Test {
  protected:
    template <class F>
    auto run(F body) {
        return run_sync(io_, std::move(body));
    }
    void SetUp() override {
        open_again();
        run([&]() -> Task<void> {
            co_await migrate(*database_, k_schema);
            for (int i = 1; i <= 100; ++i) co_await database_->execute(k_insert, i, std::string(1000, static_cast<char>('a' + (i % 26))));
        });
    }
    void TearDown() override {
        if (database_) database_->close();
    }
    void open_again() { database_ = open({.url = "sqlite:///" + file_.string()}, {io_.get_executor()}, metrics_); }
    /// Overwrites the pages behind the first, which states what the file is, as another program might.
    void destroy_pages(std::size_t from) {
        sqlite3* other = nullptr;
        ASSERT_EQ(sqlite3_open(file_.c_str(), &other), SQLITE_OK);
        EXPECT_EQ(sqlite3_exec(other, "PRAGMA user_version = 7; PRAGMA wal_checkpoint(TRUNCATE)", nullptr, nullptr, nullptr), SQLITE_OK);
        sqlite3_close(other);
        std::fstream content{file_, std::ios::in | std::ios::out | std::ios::binary};
        content.seekp(static_cast<std::streamoff>(from));
        content << std::string(std::filesystem::file_size(file_) - from, '\xaa');
    }
    /// The error of a start with this file; empty when it succeeds.
    std::string failure_at_start() {
        database_->close();
        database_.reset();
        try {
            open_again();
            run([&]() -> Task<void> { co_await migrate(*database_, k_schema); });
        } catch (const Error& error) {
            EXPECT_TRUE(error.is(k_unusable)) << error.code();
            return error.message(Language::en);
        }
        return {};
    }

    db::testing::TempFolder folder_;
    std::filesystem::path file_ = folder_.path() / "focus.db";
    metrics::Registry metrics_;
    boost::asio::io_context io_{1};
    std::unique_ptr<Database> database_;
};

TEST_F(DamagedFileTest, IsKnownOnceAStatementMetIt) {
    EXPECT_EQ(database_->damage(), "");
    destroy_pages(4096);
    run([&]() -> Task<void> { EXPECT_EQ(co_await outcome(database_->find(k_bodies)), "unavailable"); });
    EXPECT_TRUE(database_->damage().contains("malformed")) << database_->damage();
}

TEST_F(DamagedFileTest, IsKnownToTheWriterToo) {
    destroy_pages(4096);
    run([&]() -> Task<void> { EXPECT_EQ(co_await outcome(database_->execute(k_insert, 101, "x")), "unavailable"); });
    EXPECT_TRUE(database_->damage().contains("malformed")) << database_->damage();
}

TEST_F(DamagedFileTest, EndsTheStartWithOneSentence) {
    destroy_pages(4096);
    EXPECT_EQ(failure_at_start(), "The database file " + file_.string() + " is damaged or is not an SQLite database: restore a backup.");
}

TEST_F(DamagedFileTest, WithoutItsHeaderEndsTheStartToo) {
    destroy_pages(0);
    EXPECT_EQ(failure_at_start(), "The database file " + file_.string() + " is damaged or is not an SQLite database: restore a backup.");
}

} // namespace
} // namespace focus::db::sqlite
