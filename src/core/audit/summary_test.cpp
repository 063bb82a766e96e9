// The summaries on both engines: the same whether counted or not yet, and right after entries were deleted.
#include "core/audit/summary.hpp"

#include "core/audit/trail.hpp"
#include "support/cpp/database.hpp"

#include <gmock/gmock.h>

#include <map>

namespace focus::audit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

class AuditSummaryTest : public db::testing::DatabaseTest {
  protected:
    void add(std::string_view at, std::string_view action, std::int64_t user_id = 0, Level level = Level::info) {
        run([&]() -> db::Task<void> {
            co_await database().transaction([&](db::Transaction& tx) -> db::Task<void> {
                record(tx, {}, {.action = action, .message = "Something", .level = level, .user_id = user_id}, parse_rfc3339(at).value());
                co_return;
            });
        });
    }
    void count_new(std::chrono::milliseconds settle = std::chrono::milliseconds{0}) {
        run([&]() -> db::Task<void> { co_await summary::update(database(), [] { return true; }, settle); });
    }
    std::map<std::string, std::int64_t> groups(std::string_view first) {
        const auto found = run([&]() -> db::Task<std::vector<summary::Group>> {
            co_return co_await database().get(summary::since(Day::parse(first).value()));
        });
        std::map<std::string, std::int64_t> sums;
        for (const auto& group : found) sums[group.day.to_string() + " " + group.level + " " + group.action] += group.entries;
        return sums;
    }
    std::int64_t users(std::string_view first) {
        return run([&]() -> db::Task<std::int64_t> { co_return co_await database().get(summary::users_since(Day::parse(first).value())); });
    }
    std::int64_t total(Filter filter = {}) {
        return run([&]() -> db::Task<std::int64_t> { co_return co_await database().get(count(filter)); });
    }
    std::uint64_t delete_before(std::string_view at, int limit = 100) {
        return run([&]() -> db::Task<std::uint64_t> { co_return co_await delete_older(database(), parse_rfc3339(at).value(), limit); });
    }
    std::int64_t counted() {
        return run([&]() -> db::Task<std::int64_t> {
            co_return co_await database().get(db::composed_one<std::int64_t>("test", "SELECT counted_id FROM audit_counted", {}));
        });
    }
};
FOCUS_TEST_ON_EACH_DATABASE(AuditSummaryTest);

TEST_P(AuditSummaryTest, SaysTheSameBeforeAndAfterCounting) {
    add("2026-03-01T23:59:59.999Z", "login", 1);
    add("2026-03-02T00:00:00Z", "login", 1);
    add("2026-03-02T10:00:00Z", "login", 2);
    add("2026-03-02T11:00:00Z", "login_failed", 0, Level::warning);
    const auto expect_all = [&] {
        EXPECT_THAT(groups("2026-03-01"), ElementsAre(Pair("2026-03-01 info login", 1), Pair("2026-03-02 info login", 2),
                                                      Pair("2026-03-02 warning login_failed", 1)));
        EXPECT_THAT(groups("2026-03-02"), ElementsAre(Pair("2026-03-02 info login", 2), Pair("2026-03-02 warning login_failed", 1)));
        EXPECT_EQ(users("2026-03-01"), 2);
        EXPECT_EQ(users("2026-03-02"), 2);
        EXPECT_EQ(users("2026-03-03"), 0);
        EXPECT_EQ(total(), 4);
        EXPECT_EQ(total({.levels = {Level::warning}}), 1);
        EXPECT_EQ(total({.levels = {}, .action = "login"}), 3);
    };
    expect_all();
    count_new();
    EXPECT_GT(counted(), 0);
    expect_all();
    count_new();
    expect_all();
    add("2026-03-02T12:00:00Z", "logout", 1); // user 1 is known, counted and not
    EXPECT_EQ(users("2026-03-02"), 2);
    add("2026-03-03T12:00:00Z", "logout", 1);
    EXPECT_EQ(users("2026-03-03"), 1);
    count_new();
    EXPECT_EQ(users("2026-03-03"), 1);
    EXPECT_EQ(users("2026-03-02"), 2);
}

TEST_P(AuditSummaryTest, WaitsForWhoeverIsStillWriting) {
    add("2026-03-01T00:00:00Z", "login", 1);
    count_new(std::chrono::hours{1}); // has read it, and counts it in an hour
    count_new(std::chrono::hours{1});
    EXPECT_EQ(counted(), 0);
    count_new();
    EXPECT_GT(counted(), 0);
}

TEST_P(AuditSummaryTest, DeletedEntriesAreTakenOut) {
    add("2026-03-01T08:00:00Z", "login", 1);
    add("2026-03-02T08:00:00Z", "login", 2);
    add("2026-03-02T20:00:00Z", "login", 3);
    count_new();
    add("2026-03-01T09:00:00Z", "login", 4); // not counted yet
    EXPECT_EQ(delete_before("2026-03-02T12:00:00Z", 2), 2U);
    EXPECT_EQ(delete_before("2026-03-02T12:00:00Z", 2), 1U);
    EXPECT_EQ(delete_before("2026-03-02T12:00:00Z", 2), 0U);
    EXPECT_THAT(groups("2026-03-01"), ElementsAre(Pair("2026-03-02 info login", 1)));
    EXPECT_EQ(total(), 1);
    count_new();
    EXPECT_EQ(total(), 1);
    EXPECT_EQ(users("2026-02-01"), 2) << "users 2 and 3 have the cut-off's day as their last";
    add("2026-03-05T08:00:00Z", "login", 1);
    count_new();
    EXPECT_EQ(users("2026-02-01"), 3) << "nobody is taken out of a day that was forgotten";
}

TEST_P(AuditSummaryTest, AUsersEntriesGo) {
    add("2026-03-01T08:00:00Z", "login", 1);
    add("2026-03-01T09:00:00Z", "login", 2);
    count_new();
    EXPECT_EQ(run([&]() -> db::Task<std::uint64_t> { co_return co_await delete_of_user(database(), 1, 10); }), 1U);
    EXPECT_THAT(groups("2026-03-01"), ElementsAre(Pair("2026-03-01 info login", 1)));
}

TEST_P(AuditSummaryTest, ListsNewestFirst) {
    add("2026-03-01T08:00:00Z", "login", 1);
    add("2026-03-03T08:00:00Z", "logout", 1);
    add("2026-03-02T08:00:00Z", "login", 2, Level::critical);
    const auto actions = [&](Filter filter) {
        const auto found = run([&]() -> db::Task<std::vector<LogEntry>> { co_return co_await database().get(list(filter, 0, 10)); });
        std::vector<std::string> names;
        for (const auto& entry : found) names.push_back(entry.action + "@" + format_rfc3339(entry.created_at.ms).substr(8, 2));
        return names;
    };
    EXPECT_THAT(actions({}), ElementsAre("logout@03", "login@02", "login@01"));
    EXPECT_THAT(actions({.levels = {Level::error, Level::critical}}), ElementsAre("login@02"));
    EXPECT_THAT(actions({.levels = {}, .action = "login"}), ElementsAre("login@02", "login@01"));
    Filter filter;
    filter.user_id = 1;
    EXPECT_THAT(actions(filter), ElementsAre("logout@03", "login@01"));
    filter = {};
    filter.from_ms = parse_rfc3339("2026-03-02T00:00:00Z");
    filter.before_ms = parse_rfc3339("2026-03-03T08:00:00Z");
    EXPECT_THAT(actions(filter), ElementsAre("login@02"));
    filter = {};
    filter.text = "SOMETHING";
    EXPECT_EQ(actions(filter).size(), 3U);
    EXPECT_EQ(total(filter), 3);
    filter.text = "%";
    EXPECT_THAT(actions(filter), IsEmpty());
}

} // namespace
} // namespace focus::audit
