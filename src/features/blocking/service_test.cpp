#include "support/cpp/blocking.hpp"

#include <gmock/gmock.h>

namespace focus::blocking {
namespace {

using namespace ::focus::blocking::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class BlockingServiceTest : public BlockingTest {};
FOCUS_TEST_ON_EACH_DATABASE(BlockingServiceTest);

std::string code_of(const auto& body) {
    try {
        body();
    } catch (const Error& error) {
        return std::string{error.code()};
    }
    return "nothing thrown";
}

// --- the list --------------------------------------------------------------------------------------------------------

TEST_P(BlockingServiceTest, KeepsWhatWasGiven) {
    const auto user = make_user();
    const auto made =
        create(user, R"({"app_name":"Instagram","daily_limit_minutes":30.5,"app_package":"com.instagram","app_category":"social",
        "notify_at_percentage":50,"schedules":[{"days":["fri"],"start_time":"22:00","end_time":"06:00"}]})");
    const auto back = get(user, made.id);
    EXPECT_EQ(json::write(back), json::write(made));
    EXPECT_EQ(back.app_package, "com.instagram");
    EXPECT_EQ(back.daily_limit_minutes.ms, 30 * k_minute_ms + 30 * k_second_ms);
    EXPECT_EQ(back.notify_at_percentage, 50);
    EXPECT_EQ(json::write(back.schedules), R"([{"days":["fri"],"start_time":"22:00","end_time":"06:00"}])");
    EXPECT_FALSE(back.is_blocked);
    const auto least = create(user, R"({"app_name":"YouTube","daily_limit_minutes":10})");
    EXPECT_TRUE(least.is_active);
    EXPECT_EQ(least.notify_at_percentage, 80);
    EXPECT_EQ(audited("blocked_app_created"),
              (std::vector{std::format("{}|{}", user.user_id, made.id), std::format("{}|{}", user.user_id, least.id)}));
}

TEST_P(BlockingServiceTest, ListsAnAppOnce) {
    const auto user = make_user();
    create(user, R"({"app_name":"Instagram","daily_limit_minutes":30})");
    const auto attempt = [&](const char* body) { return code_of([&] { create(user, body); }); };
    EXPECT_EQ(attempt(R"({"app_name":"INSTAGRAM","daily_limit_minutes":5})"), "already_exists");
    EXPECT_EQ(attempt(R"({"app_name":"TikTok","app_package":"com.tiktok","daily_limit_minutes":5})"), "nothing thrown");
    EXPECT_EQ(attempt(R"({"app_name":"Other name","app_package":"com.tiktok","daily_limit_minutes":5})"), "already_exists");
    EXPECT_EQ(attempt(R"({"app_name":"tiktok","daily_limit_minutes":5})"), "already_exists") << "by name, whatever package the other has";
    EXPECT_EQ(attempt(R"({"app_name":"TikTok","app_package":"com.tiktok.lite","daily_limit_minutes":5})"), "nothing thrown")
        << "another app";
    const auto other = make_user();
    EXPECT_GT(create(other, R"({"app_name":"Instagram","daily_limit_minutes":30})").id, 0) << "another user";
}

TEST_P(BlockingServiceTest, BelongsToItsOwner) {
    const auto owner = make_user();
    const auto stranger = make_user();
    const auto id = create(owner, R"({"app_name":"Instagram","daily_limit_minutes":30})").id;
    EXPECT_EQ(code_of([&] { get(stranger, id); }), "not_found");
    EXPECT_EQ(code_of([&] { update(stranger, id, "{}"); }), "not_found");
    EXPECT_EQ(code_of([&] { reset(stranger, id); }), "not_found");
    EXPECT_EQ(code_of([&] { run([&]() -> db::Task<void> { co_await service().remove(stranger, {}, id); }); }), "not_found");
    EXPECT_EQ(code_of([&] { status(stranger, "Instagram"); }), "not_found");
    EXPECT_THAT(policy(stranger).apps, IsEmpty());
}

TEST_P(BlockingServiceTest, ChangesAndRemoves) {
    const auto user = make_user();
    const auto id = create(user, R"({"app_name":"Instagram","app_package":"a.b","app_category":"x","daily_limit_minutes":30})").id;
    create(user, R"({"app_name":"YouTube","daily_limit_minutes":30})");
    EXPECT_EQ(code_of([&] { update(user, id, R"({"app_name":"youtube","app_package":null})"); }), "already_exists");
    const auto changed =
        update(user, id, R"({"app_name":"Insta","app_package":null,"app_category":null,"daily_limit_minutes":5,"is_active":false,
        "notify_at_percentage":10,"schedules":[{"days":["mon"],"start_time":"08:00","end_time":"09:00"}]})");
    EXPECT_EQ(json::write(get(user, id)), json::write(changed));
    EXPECT_FALSE(changed.app_package);
    EXPECT_FALSE(changed.app_category);
    EXPECT_THAT(update(user, id, R"({"schedules":[]})").schedules, IsEmpty());
    run([&]() -> db::Task<void> { co_await service().remove(user, {}, id); });
    EXPECT_EQ(code_of([&] { get(user, id); }), "not_found");
    EXPECT_THAT(audited("blocked_app_updated"), SizeIs(2));
    EXPECT_THAT(audited("blocked_app_deleted"), SizeIs(1));
}

TEST_P(BlockingServiceTest, FiltersTheList) {
    const auto user = make_user();
    create(user, R"({"app_name":"Open","daily_limit_minutes":30})");
    create(user, R"({"app_name":"Blocked","daily_limit_minutes":0})");
    create(user, R"({"app_name":"Off","daily_limit_minutes":0,"is_active":false})");
    const auto names = [&](ListQuery query) {
        std::string joined;
        for (const auto& app : run([&]() -> db::Task<std::vector<BlockedApp>> { return service().list(user, query); }))
            joined += app.app_name + " ";
        return joined;
    };
    EXPECT_EQ(names({}), "Open Blocked Off ");
    EXPECT_EQ(names({.is_blocked = true}), "Blocked ");
    EXPECT_EQ(names({.is_blocked = false}), "Open Off ");
    EXPECT_EQ(names({.is_active = false}), "Off ");
    EXPECT_EQ(names({.is_blocked = true, .is_active = false}), "");
}

// --- counters --------------------------------------------------------------------------------------------------------

TEST_P(BlockingServiceTest, CountsTodaysActivitiesAndFollowsTheirChanges) {
    const auto user = make_user();
    record(user, 10, "INSTAGRAM");
    const auto id = create(user, R"({"app_name":"Instagram","daily_limit_minutes":60})").id;
    EXPECT_EQ(get(user, id).time_used_today.ms, 10 * k_minute_ms) << "what was there before counts";
    const auto second = record(user, 20.0005);
    record(user, 40, "YouTube");
    record(user, 30, "Instagram", R"(,"activity_date":"2026-05-03")");
    auto app = get(user, id);
    EXPECT_EQ(app.time_used_today.ms, 30 * k_minute_ms + 30);
    EXPECT_EQ(app.remaining_minutes.ms, 30 * k_minute_ms - 30);
    EXPECT_DOUBLE_EQ(app.usage_percentage, 50);
    change(user, second, R"({"duration_minutes":60})");
    app = get(user, id);
    EXPECT_TRUE(app.is_blocked);
    EXPECT_EQ(app.block_reason, Reason::limit);
    EXPECT_EQ(app.blocked_until->ms, parse_rfc3339("2026-05-05T00:00:00Z").value());
    EXPECT_EQ(app.last_blocked_at->ms, clock().now_ms());
    change(user, second, R"({"app_name":"YouTube"})");
    EXPECT_FALSE(get(user, id).is_blocked);
    erase(user, second);
    EXPECT_EQ(get(user, id).time_used_today.ms, 10 * k_minute_ms);
}

TEST_P(BlockingServiceTest, AnswersWhetherAnAppMayRun) {
    const auto user = make_user();
    create(user, R"({"app_name":"Instagram","app_package":"com.instagram","daily_limit_minutes":10})");
    record(user, 12, "Insta", R"(,"app_package":"com.instagram")");
    EXPECT_TRUE(status(user, "instagram").is_blocked);
    EXPECT_TRUE(status(user, nullptr, "com.instagram").is_blocked);
    EXPECT_TRUE(status(user, "whatever", "com.instagram").is_blocked);
    EXPECT_EQ(code_of([&] { status(user, "instagram", "com.other"); }), "not_found");
    EXPECT_EQ(code_of([&] { status(user, "YouTube"); }), "not_found");
    EXPECT_THROW(status(user, nullptr), Error);
    const auto answer = status(user, "instagram");
    EXPECT_EQ(answer.app_name, "Instagram");
    EXPECT_EQ(answer.remaining_minutes.ms, 0);
    EXPECT_DOUBLE_EQ(answer.usage_percentage, 120);
    // Two entries of that name: the one that blocks decides.
    create(user, R"({"app_name":"Instagram","app_package":"com.instagram.lite","daily_limit_minutes":100})");
    EXPECT_TRUE(status(user, "instagram").is_blocked);
}

TEST_P(BlockingServiceTest, StartsAtZeroAtTheUsersMidnight) {
    struct Case {
        const char* zone;
        const char* before; // the last moment of a day
        const char* after;
    };
    for (const auto& [zone, before, after] : {Case{"Europe/Paris", "2026-03-28T23:59:59.999+01:00", "2026-03-29T00:00:00+01:00"},
                                              Case{"Europe/Paris", "2026-03-29T23:59:59.999+02:00", "2026-03-30T00:00:00+02:00"},
                                              Case{"Europe/Paris", "2026-10-25T23:59:59.999+01:00", "2026-10-26T00:00:00+01:00"},
                                              Case{"America/Los_Angeles", "2026-05-04T23:59:59.999-07:00", "2026-05-05T00:00:00-07:00"},
                                              Case{"Pacific/Kiritimati", "2026-05-04T23:59:59.999+14:00", "2026-05-05T00:00:00+14:00"},
                                              Case{"America/Santiago", "2026-09-05T23:59:59.999-04:00", "2026-09-06T01:00:00-03:00"}}) {
        SCOPED_TRACE(std::string{zone} + " " + before);
        set_clock(before);
        const auto user = make_user({.timezone = zone});
        const auto id = create(user, R"({"app_name":"Instagram","daily_limit_minutes":10})").id;
        record(user, 10);
        EXPECT_TRUE(get(user, id).is_blocked);
        set_clock(after);
        EXPECT_FALSE(get(user, id).is_blocked);
        EXPECT_EQ(get(user, id).time_used_today.ms, 0);
        record(user, 8);
        EXPECT_THAT(told(user), SizeIs(3)) << "the new day warns anew";
    }
}

TEST_P(BlockingServiceTest, FollowsTheUsersZone) {
    set_clock("2026-05-04T22:30:00Z");
    const auto user = make_user({.timezone = "UTC"});
    const auto id = create(user, R"({"app_name":"Instagram","daily_limit_minutes":10})").id;
    record(user, 15);
    EXPECT_TRUE(get(user, id).is_blocked);
    users::UpdateProfile to_paris;
    to_paris.timezone.value = json::ZoneName{"Europe/Paris"};
    run([&]() -> db::Task<void> { co_await modules().users.update_profile(user, {}, to_paris); });
    const auto moved = refreshed(user);
    EXPECT_FALSE(get(moved, id).is_blocked) << "in Paris it is tomorrow";
    EXPECT_EQ(policy(moved).date.value.to_string(), "2026-05-05");
}

// --- resets ----------------------------------------------------------------------------------------------------------

TEST_P(BlockingServiceTest, ResetStartsTodaysCounterAgain) {
    const auto user = make_user();
    const auto id = create(user, R"({"app_name":"Instagram","daily_limit_minutes":60})").id;
    const auto first = record(user, 70);
    EXPECT_TRUE(get(user, id).is_blocked);
    clock().freeze(clock().now_ms() + 1000);
    const auto after = reset(user, id);
    EXPECT_FALSE(after.is_blocked);
    EXPECT_EQ(after.time_used_today.ms, 0);
    EXPECT_EQ(after.last_reset_at->ms, clock().now_ms());
    clock().freeze(clock().now_ms() + 1000);
    record(user, 20);
    EXPECT_EQ(get(user, id).time_used_today.ms, 20 * k_minute_ms);
    change(user, first, R"({"duration_minutes":5})");
    EXPECT_EQ(get(user, id).time_used_today.ms, 20 * k_minute_ms) << "changing what was before the reset changes nothing";
    erase(user, first);
    EXPECT_EQ(get(user, id).time_used_today.ms, 20 * k_minute_ms);
    record(user, 40);
    EXPECT_TRUE(get(user, id).is_blocked);
    EXPECT_THAT(told(user), ElementsAre("Instagram: 116 % of today's limit used", "Instagram is blocked",
                                        "Instagram: 100 % of today's limit used", "Instagram is blocked"));
    EXPECT_THAT(mails(), SizeIs(2));
    EXPECT_THAT(audited("blocked_app_reset"), SizeIs(1));
    set_clock("2026-05-05T09:00:00Z");
    record(user, 30);
    EXPECT_EQ(get(user, id).time_used_today.ms, 30 * k_minute_ms) << "the reset was yesterday's";
}

TEST_P(BlockingServiceTest, AnotherAppStartsWithItsOwnUsage) {
    const auto user = make_user();
    const auto id = create(user, R"({"app_name":"Instagram","daily_limit_minutes":60})").id;
    record(user, 50);
    record(user, 70, "YouTube");
    reset(user, id);
    EXPECT_TRUE(update(user, id, R"({"app_name":"YouTube"})").is_blocked);
    EXPECT_EQ(get(user, id).time_used_today.ms, 70 * k_minute_ms);
}

TEST_P(BlockingServiceTest, PolicyHasWhatADeviceNeeds) {
    set_clock("2026-05-04T12:00:00Z");
    const auto user = make_user({.timezone = "Europe/Paris"});
    EXPECT_EQ(policy(user).version, 0);
    const auto id = create(user, R"({"app_name":"a","app_package":"x.y","daily_limit_minutes":60,
        "schedules":[{"days":["mon"],"start_time":"20:00","end_time":"06:00"}]})")
                        .id;
    create(user, R"({"app_name":"off","daily_limit_minutes":0,"is_active":false})");
    record(user, 15, "a");
    const auto now = policy(user);
    EXPECT_EQ(now.version, 2);
    EXPECT_EQ(now.timezone, "Europe/Paris");
    EXPECT_EQ(now.day_ends_at.ms, parse_rfc3339("2026-05-05T00:00:00+02:00").value());
    EXPECT_EQ(now.next_change_at.ms, parse_rfc3339("2026-05-04T20:00:00+02:00").value());
    ASSERT_THAT(now.apps, SizeIs(1));
    EXPECT_EQ(now.apps[0].id, id);
    EXPECT_EQ(now.apps[0].time_used_today.ms, 15 * k_minute_ms);
    EXPECT_EQ(json::write(now.apps[0].schedules), R"([{"days":["mon"],"start_time":"20:00","end_time":"06:00"}])");
    EXPECT_EQ(json::write(policy(user)), json::write(now)) << "the same until something changes";
    pushed.clear();
    reset(user, id);
    EXPECT_EQ(policy(user).version, 3);
    ASSERT_THAT(pushed, SizeIs(1));
    EXPECT_EQ(pushed[0].type, notifications::Type::policy_update);
    EXPECT_THAT(pushed[0].frame, HasSubstr(R"("data":{"version":3})"));
}

TEST_P(BlockingServiceTest, GoesWithTheAccount) {
    const auto user = make_user();
    create(user, R"({"app_name":"a","daily_limit_minutes":1,"schedules":[{"days":["mon"],"start_time":"20:00","end_time":"06:00"}]})");
    record(user, 15, "a");
    run([&]() -> db::Task<void> { co_await modules().users.remove(user.user_id, {}, user.user_id); });
    EXPECT_THAT(rows("SELECT id FROM blocked_apps"), IsEmpty());
    EXPECT_THAT(rows("SELECT user_id FROM limit_events"), IsEmpty());
    EXPECT_THAT(rows("SELECT user_id FROM limit_states"), IsEmpty());
    EXPECT_FALSE(announce_due());
}

TEST_P(BlockingServiceTest, ForgetsWhatWasToldDaysAgo) {
    const auto user = make_user();
    create(user, R"({"app_name":"a","daily_limit_minutes":1})");
    record(user, 15, "a");
    const auto clean = [&] { return run([&]() -> db::Task<std::uint64_t> { return service().delete_old_events(); }); };
    EXPECT_EQ(clean(), 0U);
    set_clock("2026-05-08T12:00:00Z");
    EXPECT_EQ(clean(), 2U);
}

} // namespace
} // namespace focus::blocking
