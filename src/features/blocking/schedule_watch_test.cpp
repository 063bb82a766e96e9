#include "support/cpp/blocking.hpp"

#include <gmock/gmock.h>

namespace focus::blocking {
namespace {

using namespace ::focus::blocking::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ScheduleWatchTest : public BlockingTest {};
FOCUS_TEST_ON_EACH_DATABASE(ScheduleWatchTest);

TEST_P(ScheduleWatchTest, TellsWhenASchedulesBeginsAndEnds) {
    set_clock("2026-05-04T19:00:00Z");
    const auto user = make_user({.timezone = "Europe/Paris", .language = Language::fr});
    const auto id = create(user, std::format(R"({{"app_name":"Instagram","daily_limit_minutes":60,
        "schedules":[{{"days":{},"start_time":"22:00","end_time":"06:00"}}]}})",
                                             k_all_days))
                        .id;
    EXPECT_EQ(announce_due(), parse_rfc3339("2026-05-04T22:00:00+02:00"));
    EXPECT_THAT(told(user), IsEmpty());
    set_clock("2026-05-04T22:00:00+02:00");
    EXPECT_TRUE(get(user, id).is_blocked) << "computed, not announced";
    EXPECT_EQ(announce_due(), parse_rfc3339("2026-05-05T06:00:00+02:00"));
    EXPECT_EQ(announce_due(), parse_rfc3339("2026-05-05T06:00:00+02:00")) << "once";
    EXPECT_THAT(told(user), ElementsAre("Instagram est bloqué"));
    EXPECT_THAT(pushed.back().frame, HasSubstr("Votre horaire le bloque jusqu'à 06:00."));
    EXPECT_THAT(pushed.back().frame, HasSubstr(R"("reason":"schedule","blocked_until":"2026-05-05T04:00:00.000Z")"));
    EXPECT_EQ(get(user, id).last_blocked_at->ms, clock().now_ms());
    set_clock("2026-05-05T06:00:00+02:00");
    announce_due();
    EXPECT_THAT(told(user), ElementsAre("Instagram est bloqué", "Instagram est de nouveau accessible"));
    EXPECT_THAT(pushed.back().frame, HasSubstr(R"("is_blocked":false,"reason":null)"));
    EXPECT_THAT(audited("app_blocked"), SizeIs(1));
}

TEST_P(ScheduleWatchTest, TellsNothingOfWhatPassedWhileNobodyWasThere) {
    set_clock("2026-05-04T12:00:00Z");
    const auto user = make_user();
    create(user,
           std::format(
               R"({{"app_name":"Instagram","daily_limit_minutes":60,"schedules":[{{"days":{},"start_time":"22:00","end_time":"06:00"}}]}})",
               k_all_days));
    set_clock("2026-05-08T12:00:00Z"); // four nights later
    EXPECT_EQ(announce_due(), parse_rfc3339("2026-05-08T22:00:00Z"));
    EXPECT_THAT(told(user), IsEmpty());
}

TEST_P(ScheduleWatchTest, TwoInstancesAnnounceOnce) {
    auto& other = start_instance();
    std::vector<Caller> people;
    for (int i = 0; i < 12; ++i) {
        people.push_back(make_user());
        create(people.back(),
               std::format(
                   R"({{"app_name":"a","daily_limit_minutes":60,"schedules":[{{"days":{},"start_time":"22:00","end_time":"23:00"}}]}})",
                   k_all_days));
    }
    set_clock("2026-05-04T22:00:00Z");
    const auto announce = [](Service& at) -> db::Task<void> { co_await at.schedules().announce_due(); };
    std::vector<db::Task<void>> tasks;
    tasks.push_back(announce(service()));
    tasks.push_back(announce(other.modules.blocking));
    run_at_once(std::move(tasks));
    for (const auto& person : people) EXPECT_THAT(told(person), SizeIs(1));
}

TEST_P(ScheduleWatchTest, AScheduleThatHoldsWhenItIsSetIsToldAtOnce) {
    set_clock("2026-05-04T12:00:00Z");
    const auto user = make_user();
    const auto id = create(user, R"({"app_name":"a","daily_limit_minutes":60})").id;
    const auto blocked = update(user, id, R"({"schedules":[{"days":["mon"],"start_time":"11:00","end_time":"13:00"}]})");
    EXPECT_TRUE(blocked.is_blocked);
    EXPECT_EQ(blocked.block_reason, Reason::schedule);
    EXPECT_THAT(told(user), ElementsAre("a is blocked"));
    EXPECT_EQ(announce_due(), parse_rfc3339("2026-05-04T13:00:00Z"));
    update(user, id, R"({"schedules":[]})");
    EXPECT_FALSE(announce_due());
}

TEST_P(ScheduleWatchTest, SchedulesMoveWithTheZone) {
    set_clock("2026-05-04T12:00:00Z");
    const auto user = make_user();
    create(user, R"({"app_name":"a","daily_limit_minutes":60,"schedules":[{"days":["mon"],"start_time":"13:30","end_time":"15:00"}]})");
    EXPECT_EQ(announce_due(), parse_rfc3339("2026-05-04T13:30:00Z"));
    users::UpdateProfile to_paris;
    to_paris.timezone.value = json::ZoneName{"Europe/Paris"};
    pushed.clear();
    run([&]() -> db::Task<void> { co_await modules().users.update_profile(user, {}, to_paris); });
    ASSERT_THAT(pushed, SizeIs(1));
    EXPECT_THAT(pushed[0].frame, HasSubstr(R"("data":{"version":2})"));
    EXPECT_EQ(announce_due(), parse_rfc3339("2026-05-04T15:00:00+02:00")) << "14:00 in Paris: it is on";
    EXPECT_THAT(told(user), ElementsAre("a is blocked"));
    users::UpdateProfile renamed;
    renamed.bio = {.present = true, .value = json::Lines<0, 500>{"moved"}};
    run([&]() -> db::Task<void> { co_await modules().users.update_profile(user, {}, renamed); });
    EXPECT_EQ(policy(refreshed(user)).version, 2) << "no change, no new version";
}

} // namespace
} // namespace focus::blocking
