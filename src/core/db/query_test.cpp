#include "core/db/query.hpp"

#include "support/cpp/database.hpp"

namespace focus::db {
namespace {

enum class Kind { daily, weekly };

struct Days {
    std::vector<std::string> days;
};

struct Limit {
    std::int64_t id = 0;
    std::string app_name;
    std::optional<std::string> app_package;
    json::Minutes limit_minutes;
    bool is_active = true;
    Kind kind = Kind::daily;
    std::optional<Day> reset_day;
    Days schedule;
    json::Timestamp created_at;
};

struct OwnedLimit {
    Limit limit;
    std::string owner;
};

struct Sum {
    std::string app_name;
    std::int64_t total = 0;
};

} // namespace

template <>
inline constexpr bool k_stored_as_json<Days> = true;

namespace {

constexpr auto k_list = select<Limit>("limits.list", "SELECT * FROM limits ORDER BY id");
constexpr auto k_find = select_for_update<Limit>("limits.find", "SELECT l.* FROM limits l WHERE l.id = ?");
constexpr auto k_sums = select<Sum>("limits.sums", "SELECT l.app_name, COALESCE(SUM(l.limit_ms), 0) AS total FROM limits l "
                                                   "GROUP BY l.app_name ORDER BY l.app_name");
constexpr auto k_quoted = select<Sum>("limits.quoted", "SELECT l.`app_name`, limit_ms AS `total` FROM limits l");
constexpr auto k_owned = select<OwnedLimit>("limits.owned", "SELECT l.*, 'ann' AS owner FROM limits l ORDER BY l.id");
constexpr auto k_count = select<std::int64_t>("limits.count", "SELECT COUNT(*) FROM limits");
constexpr auto k_insert = insert<Limit>("limits.insert", "limits");
constexpr auto k_ignore = insert_or_ignore<Limit>("limits.ignore", "limits");
constexpr auto k_update = update<Limit>("limits.update", "limits", "WHERE id = ?", {"created_at"});

constexpr auto k_insert_owned = insert<OwnedLimit>("limits.insert_owned", "limits", {"schedule", "created_at"});

std::span<const Migration> schema(Dialect dialect) {
    static constexpr Migration sqlite[] = {
        {1, "limits",
         "CREATE TABLE limits (id INTEGER PRIMARY KEY, app_name TEXT NOT NULL UNIQUE, app_package TEXT, limit_ms INTEGER NOT NULL, "
         "is_active INTEGER NOT NULL, kind TEXT NOT NULL, reset_day TEXT, schedule TEXT NOT NULL, created_at_ms INTEGER NOT NULL);"}};
    static constexpr Migration mysql[] = {
        {1, "limits",
         "CREATE TABLE limits (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, app_name VARCHAR(100) NOT NULL UNIQUE, app_package "
         "VARCHAR(100), limit_ms BIGINT NOT NULL, is_active TINYINT NOT NULL, kind VARCHAR(10) NOT NULL, reset_day CHAR(10), schedule "
         "TEXT NOT NULL, created_at_ms BIGINT NOT NULL) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;"}};
    return dialect == Dialect::sqlite ? sqlite : mysql;
}

Limit limit(std::string name) {
    return {.id = 0,
            .app_name = std::move(name),
            .app_package = "com.example",
            .limit_minutes = {90 * k_minute_ms},
            .is_active = false,
            .kind = Kind::weekly,
            .reset_day = Day::parse("2026-11-30"),
            .schedule = {{"mon", "tue"}},
            .created_at = {1'700'000'000'000}};
}

class QueryTest : public testing::DatabaseTest {
  protected:
    std::span<const Migration> migrations() override { return schema(GetParam()); }
};
FOCUS_TEST_ON_EACH_DATABASE(QueryTest);

TEST(QueryTextTest, HasTheColumnsOfTheStruct) {
    EXPECT_EQ(k_list.sql().sqlite, "SELECT id, app_name, app_package, limit_ms, is_active, kind, reset_day, schedule, created_at_ms FROM "
                                   "limits ORDER BY id");
    EXPECT_EQ(k_list.sql().mysql, k_list.sql().sqlite);
    EXPECT_TRUE(k_find.sql().sqlite.starts_with("SELECT l.id, l.app_name, l.app_package, "));
    EXPECT_TRUE(k_find.sql().mysql.ends_with(" WHERE l.id = ? FOR UPDATE"));
    EXPECT_EQ(k_insert.sql().sqlite, "INSERT INTO limits (app_name, app_package, limit_ms, is_active, kind, reset_day, schedule, "
                                     "created_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    EXPECT_EQ(k_update.sql().mysql, "UPDATE limits SET app_name = ?, app_package = ?, limit_ms = ?, is_active = ?, kind = ?, "
                                    "reset_day = ?, schedule = ? WHERE id = ?");
    EXPECT_EQ(column_list<Sum>("s."), "s.app_name, s.total");
}

TEST(QueryTextTest, HasTheColumnsOfTheStructsParts) {
    EXPECT_EQ(k_owned.sql().sqlite, "SELECT l.id, l.app_name, l.app_package, l.limit_ms, l.is_active, l.kind, l.reset_day, l.schedule, "
                                    "l.created_at_ms, 'ann' AS owner FROM limits l ORDER BY l.id");
    EXPECT_EQ(k_insert_owned.sql().sqlite, "INSERT INTO limits (app_name, app_package, limit_ms, is_active, kind, reset_day, owner) "
                                           "VALUES (?, ?, ?, ?, ?, ?, ?)");
    const auto row = k_insert_owned.id({limit("chat"), "ben"});
    EXPECT_EQ(row.command.params.size(), 7U);
    EXPECT_EQ(std::get<std::string>(row.command.params.back()), "ben");
}

TEST(ColumnTest, StoresListsZonesAndNamesOfNewerVersions) {
    EXPECT_EQ(std::get<std::string>(Column<std::vector<int>>::write({1, 2})), "[1,2]");
    EXPECT_EQ(Column<std::vector<int>>::read(std::string{"[3]"}), std::vector<int>{3});
    const auto zone = Column<Zone>::read(std::string{"Europe/Paris"});
    EXPECT_EQ(std::get<std::string>(Column<Zone>::write(zone)), "Europe/Paris");
    EXPECT_EQ(Column<Role>::read(std::string{"admin"}), Role::admin);
    EXPECT_EQ(Column<Role>::read(std::string{"owner"}), Role::user);
}

TEST_P(QueryTest, RowsAreStructs) {
    run([&]() -> Task<void> {
        const auto id = co_await database().get(k_insert.id(limit("chat")));
        const auto found = co_await database().get(k_find.first(id));
        EXPECT_TRUE(found.has_value());
        EXPECT_EQ(found->id, id);
        EXPECT_EQ(found->app_name, "chat");
        EXPECT_EQ(found->app_package, "com.example");
        EXPECT_EQ(found->limit_minutes.ms, 90 * k_minute_ms);
        EXPECT_FALSE(found->is_active);
        EXPECT_EQ(found->kind, Kind::weekly);
        EXPECT_EQ(found->reset_day, Day::parse("2026-11-30"));
        EXPECT_EQ(found->schedule.days, (std::vector<std::string>{"mon", "tue"}));
        EXPECT_EQ(found->created_at.ms, 1'700'000'000'000);

        auto changed = limit("mail");
        changed.app_package = std::nullopt;
        changed.reset_day = std::nullopt;
        changed.created_at = {};
        EXPECT_EQ(co_await database().get(k_update.affected(changed, id)), 1U);
        const auto after = co_await database().get(k_find.first(id));
        EXPECT_EQ(after->app_name, "mail");
        EXPECT_FALSE(after->app_package.has_value());
        EXPECT_FALSE(after->reset_day.has_value());
        EXPECT_EQ(after->created_at.ms, 1'700'000'000'000); // left out
        EXPECT_FALSE((co_await database().get(k_find.first(id + 1))).has_value());
    });
}

TEST_P(QueryTest, SeveralInOneRoundTrip) {
    run([&]() -> Task<void> {
        co_await database().run(k_insert.rows(GetParam(), {limit("b"), limit("a")}));
        EXPECT_EQ(co_await database().get(k_ignore.affected(limit("b"))), 0U);
        EXPECT_EQ((co_await database().get(k_quoted.all())).size(), 2U);
        const auto [count, sums, names] =
            co_await database().all(k_count.one(), k_sums.all(), k_list.all().map([](const std::vector<Limit>& rows) {
                std::string all;
                for (const auto& row : rows) all += row.app_name;
                return all;
            }));
        EXPECT_EQ(count, 2);
        EXPECT_EQ(sums.at(0).app_name, "a");
        EXPECT_EQ(sums.at(1).total, 90 * k_minute_ms);
        EXPECT_EQ(names, "ba");

        const auto owned = co_await database().get(k_owned.first());
        EXPECT_EQ(owned->limit.app_name, "b");
        EXPECT_EQ(owned->limit.created_at.ms, 1'700'000'000'000);
        EXPECT_EQ(owned->owner, "ann");

        Batch batch;
        const auto there = batch.add(k_find.exists(1));
        const auto missing = batch.add(k_find.exists(100));
        const auto some = batch.add(composed<Sum>(
            "limits.some", "SELECT app_name, limit_ms FROM limits WHERE app_name IN (" + places(1) + ")", {std::string{"a"}}));
        const auto number =
            batch.add(composed_one<std::int64_t>("limits.number", "SELECT COUNT(*) FROM limits WHERE id > ?", {std::int64_t{1}}));
        const auto renamed = batch.add(composed_affected(
            "limits.rename", "UPDATE limits SET app_package = ? WHERE app_name IN (" + places(2) + ")", {"x", std::string{"a"}, "b"}));
        EXPECT_FALSE(batch.empty());
        co_await batch.run(database());
        EXPECT_TRUE(batch.empty());
        EXPECT_TRUE(*there);
        EXPECT_FALSE(*missing);
        EXPECT_EQ(*renamed, 2U);
        EXPECT_EQ(some->at(0).total, 90 * k_minute_ms);
        EXPECT_EQ(*number, 1);
    });
}

TEST_P(QueryTest, AColumnThatDoesNotFitIsADefect) {
    run([&]() -> Task<void> {
        const Statement spoil{"limits.spoil", "UPDATE limits SET kind = 'never' WHERE id = ?"};
        const auto id = co_await database().get(k_insert.id(limit("chat")));
        EXPECT_EQ(co_await database().get(affected(spoil, id)), 1U);
        std::string cause;
        try {
            co_await database().get(k_find.first(id));
        } catch (const std::logic_error& error) {
            cause = error.what();
        }
        EXPECT_EQ(cause, "db: column kind: no such value: never");
        cause.clear();
        try {
            co_await database().get(composed<Sum>("limits.wide", "SELECT app_name, limit_ms, id FROM limits", {}));
        } catch (const std::logic_error& error) {
            cause = error.what();
        }
        EXPECT_NE(cause, "");
    });
}

} // namespace
} // namespace focus::db
