// The sums over all users on both engines: they equal the sums of the activities, after any fold and any change.
#include "features/admin/usage_keeper.hpp"

#include "support/cpp/modules.hpp"

#include <gmock/gmock.h>

#include <format>
#include <random>

namespace focus::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class UsageKeeperTest : public focus::testing::ModulesTest {
  protected:
    UsageKeeper& keeper() { return modules().admin.usage(); }
    void fold() {
        run([&]() -> db::Task<void> { co_await keeper().fold([] { return true; }); });
    }
    activities::Activity record(const Caller& caller, std::string app, int minutes, std::string day) {
        activities::NewActivity input;
        input.app_name.value = app;
        input.duration_minutes.value.ms = minutes * k_minute_ms;
        input.activity_date = json::Date{Day::parse(day).value()};
        return run([&]() -> db::Task<activities::Activity> { co_return co_await modules().activities.create(caller, {}, input); });
    }
    /// The sums, and the same from the activities themselves.
    void expect_true() {
        EXPECT_EQ(rows("SELECT day, total_ms, activities, users FROM service_days WHERE activities <> 0 ORDER BY day"),
                  rows("SELECT activity_date, SUM(duration_ms), COUNT(*), COUNT(DISTINCT user_id) FROM activities GROUP BY activity_date "
                       "ORDER BY activity_date"));
        EXPECT_THAT(rows("SELECT day, total_ms, users FROM service_days WHERE activities = 0 AND (total_ms <> 0 OR users <> 0)"),
                    IsEmpty());
        EXPECT_EQ(rows("SELECT day, app_key, total_ms, activities FROM service_apps WHERE activities <> 0 ORDER BY day, app_key"),
                  rows("SELECT activity_date, app_key, SUM(duration_ms), COUNT(*) FROM activities GROUP BY activity_date, app_key ORDER BY "
                       "activity_date, app_key"));
        EXPECT_EQ(rows("SELECT user_id, total_ms, activities FROM user_totals WHERE activities <> 0 ORDER BY user_id"),
                  rows("SELECT user_id, SUM(duration_ms), COUNT(*) FROM activities GROUP BY user_id ORDER BY user_id"));
        EXPECT_EQ(rows("SELECT app_key, day, users FROM last_use_days WHERE users <> 0 ORDER BY app_key, day"),
                  rows("SELECT app_key, day, COUNT(*) FROM last_uses GROUP BY app_key, day ORDER BY app_key, day"));
        EXPECT_THAT(rows("SELECT id FROM usage_changes"), IsEmpty());
    }
};
FOCUS_TEST_ON_EACH_DATABASE(UsageKeeperTest);

TEST_P(UsageKeeperTest, FollowsEveryChange) {
    std::mt19937 random{7}; // NOLINT: the same numbers in each run
    const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    const std::vector<Caller> callers{make_user(), make_user(), make_user()};
    std::vector<std::pair<Caller, std::int64_t>> alive;
    for (int i = 0; i < 60; ++i) {
        const auto& caller = callers[static_cast<std::size_t>(pick(3))];
        const auto day = std::format("2026-05-0{}", 1 + pick(4));
        const auto what = pick(10);
        if (alive.empty() || what < 6) {
            alive.emplace_back(caller, record(caller, std::format("App {}", pick(3)), pick(90), day).id);
        } else if (what < 8) {
            const auto& [owner, id] = alive[static_cast<std::size_t>(pick(static_cast<int>(alive.size())))];
            const auto change = json::parse<activities::UpdateActivity>(
                std::format(R"({{"app_name":"App {}","duration_minutes":{},"activity_date":"{}"}})", pick(3), pick(90), day));
            run([&]() -> db::Task<void> { co_await modules().activities.update(owner, {}, id, change); });
        } else {
            const auto at = alive.begin() + pick(static_cast<int>(alive.size()));
            run([&]() -> db::Task<void> { co_await modules().activities.remove(at->first, {}, at->second); });
            alive.erase(at);
        }
        if (pick(5) == 0) {
            fold();
            expect_true();
        }
    }
    fold();
    expect_true();
}

TEST_P(UsageKeeperTest, BatchesCountOncePerDay) {
    const auto caller = make_user();
    std::string items;
    for (int i = 0; i < 700; ++i) {
        items += std::format(R"({}{{"app_name":"App {}","duration_minutes":1,"activity_date":"2026-05-0{}","client_id":"c{}"}})",
                             i > 0 ? "," : "", i % 9, 1 + i % 4, i);
    }
    const auto batch = json::parse<activities::NewBatch>("{\"activities\":[" + items + "]}");
    run([&]() -> db::Task<void> { co_await modules().activities.create_batch(caller, {}, batch); });
    fold();
    expect_true();
    EXPECT_THAT(rows("SELECT users FROM service_days"), ElementsAre("1", "1", "1", "1"));
}

TEST_P(UsageKeeperTest, TwoInstancesFoldEachChangeOnce) {
    const auto caller = make_user();
    for (int i = 0; i < 40; ++i) record(caller, std::format("App {}", i % 5), 3, "2026-05-04");
    auto& other = start_instance().modules.admin.usage();
    run([&]() -> db::Task<void> {
        co_await db::testing::together(
            6, [&](int i) -> db::Task<void> { co_await (i % 2 == 0 ? keeper() : other).fold([] { return true; }); });
    });
    expect_true();
}

TEST_P(UsageKeeperTest, UsersOfAPeriodAreThoseWhoseLastDayLiesInIt) {
    const auto one = make_user();
    const auto two = make_user();
    record(one, "App", 10, "2026-05-04");
    record(one, "App", 10, "2026-04-01"); // an older day changes nothing
    record(two, "App", 10, "2026-04-27");
    record(two, "Other", 10, "2026-04-28");
    fold();
    const auto today = Day::parse("2026-05-04").value();
    const auto totals = run([&]() -> db::Task<ServiceTotals> { co_return co_await keeper().totals(today); });
    EXPECT_EQ(totals.users_today, 1);
    EXPECT_EQ(totals.users_week, 2);
    EXPECT_EQ(totals.users_month, 2);
    const auto apps = run([&]() -> db::Task<std::vector<ServiceApp>> { co_return co_await keeper().apps(today, 7, 10); });
    ASSERT_EQ(apps.size(), 2U);
    EXPECT_EQ(apps[0].users, 1); // "App": two used it a day too early
    EXPECT_EQ(apps[0].before_ms, 10 * k_minute_ms);
    EXPECT_EQ(apps[1].users, 1);
}

TEST_P(UsageKeeperTest, TheFirstOfADayBringsTheUser) {
    const auto caller = make_user();
    record(caller, "App", 10, "2026-05-04");
    EXPECT_THAT(rows("SELECT total_ms, activities, users FROM usage_changes"), ElementsAre("600000|1|1"));
    record(caller, "App", 10, "2026-05-04");
    EXPECT_THAT(rows("SELECT users FROM usage_changes ORDER BY id"), ElementsAre("1", "0"));
}

} // namespace
} // namespace focus::admin
