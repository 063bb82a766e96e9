#include "features/admin/rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace focus::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Day day(std::string_view text) { return Day::parse(text).value(); }

TEST(AdminRules, NamesWhatChanged) {
    users::User before;
    before.email = "a@example.org";
    auto after = before;
    EXPECT_THAT(rules::changed_fields(before, after), IsEmpty());
    after.role = Role::admin;
    after.bio = "Something";
    after.daily_limit_minutes = json::Minutes{60'000};
    EXPECT_THAT(rules::changed_fields(before, after), ElementsAre("bio", "role", "daily_limit_minutes"));
}

TEST(AdminRules, GrowthCountsBackFromNow) {
    const std::vector<users::AccountDay> accounts{{.day = day("2026-03-01"), .joined = 3, .gone = 0},
                                                  {.day = day("2026-03-03"), .joined = 1, .gone = 2}};
    const std::vector<ServiceDay> usage{{.day = day("2026-03-02"), .users = 7}, {.day = day("2026-03-04"), .users = 9}};
    const auto series = rules::growth(day("2026-03-03"), 4, 10, accounts, usage);
    ASSERT_THAT(series, SizeIs(4));
    const auto line = [&](std::size_t i) { return std::array{series[i].new_users, series[i].total_users, series[i].active_users}; };
    EXPECT_EQ(series[0].date.value, day("2026-02-28"));
    EXPECT_THAT(line(0), ElementsAre(0, 8, 0));
    EXPECT_THAT(line(1), ElementsAre(3, 11, 0));
    EXPECT_THAT(line(2), ElementsAre(0, 11, 7));
    EXPECT_THAT(line(3), ElementsAre(1, 10, 0)); // without the days after today in UTC
}

TEST(AdminRules, ChangeInPercent) {
    EXPECT_EQ(rules::change_percent(5, 0), std::nullopt);
    EXPECT_EQ(rules::change_percent(0, 8), -100.0);
    EXPECT_EQ(rules::change_percent(4, 3), 33.33);
}

TEST(AdminRules, LateAndFailedJobsDegrade) {
    constexpr EpochMs k_now = 1'000'000'000;
    jobs::Status job{.name = "a", .next_run_ms = k_now - 5 * k_minute_ms};
    EXPECT_EQ(rules::scheduler_health({job}, k_now).status, HealthStatus::healthy);
    job.next_run_ms = k_now - 11 * k_minute_ms;
    EXPECT_EQ(rules::scheduler_health({job}, k_now).status, HealthStatus::degraded);
    job.running_on = "host/1";
    const auto running = rules::scheduler_health({job}, k_now);
    EXPECT_EQ(running.status, HealthStatus::healthy);
    EXPECT_EQ(running.leader, "host/1");
    job = {.name = "b", .next_run_ms = k_now + 1, .last_error = "no"};
    EXPECT_EQ(rules::scheduler_health({job}, k_now).status, HealthStatus::degraded);
    EXPECT_EQ(rules::scheduler_health({{.name = "new"}}, k_now).jobs.at(0).next_run, std::nullopt);
}

TEST(AdminRules, TheWholeIsTheWorstOfItsParts) {
    using enum HealthStatus;
    const std::array well{healthy, healthy};
    const std::array ill{healthy, unhealthy};
    EXPECT_EQ(rules::overall(healthy, well), healthy);
    EXPECT_EQ(rules::overall(healthy, ill), degraded);
    EXPECT_EQ(rules::overall(degraded, well), degraded);
    EXPECT_EQ(rules::overall(unhealthy, well), unhealthy);
}

} // namespace
} // namespace focus::admin
