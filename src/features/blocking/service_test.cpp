#include "features/blocking/service.hpp"

#include "features/notifications/push.hpp"
#include "support/cpp/rooms.hpp"

#include <gmock/gmock.h>

namespace focus::blocking {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr auto k_all_days = R"(["mon","tue","wed","thu","fri","sat","sun"])";

class BlockingTest : public focus::testing::RoomsTest {
  protected:
    void SetUp() override {
        RoomsTest::SetUp();
        bus().subscribe(std::string{notifications::k_push_topic},
                        [this](std::string_view payload) { pushed.push_back(notifications::decode(payload).value()); });
    }
    Service& service() { return rooms().blocking; }

    BlockedApp create(const Caller& caller, const std::string& body) {
        return run([&]() -> db::Task<BlockedApp> { return service().create(caller, {}, json::parse<NewBlockedApp>(body)); });
    }
    BlockedApp update(const Caller& caller, std::int64_t id, const std::string& body) {
        return run([&]() -> db::Task<BlockedApp> { return service().update(caller, {}, id, json::parse<UpdateBlockedApp>(body)); });
    }
    BlockedApp get(const Caller& caller, std::int64_t id) {
        return run([&]() -> db::Task<BlockedApp> { return service().get(caller, id); });
    }
    BlockedApp reset(const Caller& caller, std::int64_t id) {
        return run([&]() -> db::Task<BlockedApp> { return service().reset(caller, {}, id); });
    }
    Status status(const Caller& caller, const char* name, const char* package = nullptr) {
        StatusQuery query;
        if (name != nullptr) query.app_name = json::Text<1, 100>{name};
        if (package != nullptr) query.app_package = json::Text<1, 255>{package};
        return run([&]() -> db::Task<Status> { return service().status(caller, query); });
    }
    Policy policy(const Caller& caller) {
        return run([&]() -> db::Task<Policy> { return service().policy(caller); });
    }
    std::int64_t record(const Caller& caller, double minutes, const std::string& app = "Instagram", const std::string& more = "") {
        const auto body = std::format(R"({{"app_name":"{}","duration_minutes":{}{}}})", app, minutes, more);
        return run([&]() -> db::Task<std::int64_t> {
            const auto made = co_await rooms().activities.create(caller, {}, json::parse<activities::NewActivity>(body));
            co_return made.id;
        });
    }
    void change(const Caller& caller, std::int64_t id, const std::string& body) {
        run([&]() -> db::Task<void> { co_await rooms().activities.update(caller, {}, id, json::parse<activities::UpdateActivity>(body)); });
    }
    void erase(const Caller& caller, std::int64_t id) {
        run([&]() -> db::Task<void> { co_await rooms().activities.remove(caller, {}, id); });
    }
    std::optional<EpochMs> announce_due() {
        return run([&]() -> db::Task<std::optional<EpochMs>> { return service().schedules().announce_due(); });
    }
    /// "limit_warning Instagram: 80 % …" of all that was stored for the user, oldest first.
    std::vector<std::string> told(const Caller& caller) {
        auto list = run(
            [&]() -> db::Task<notifications::Listed> { return rooms().notifications.list(caller, {.after_id = {{0}}, .limit = {{100}}}); });
        std::vector<std::string> titles;
        for (const auto& item : list.items) titles.push_back(item.title);
        return titles;
    }
    std::vector<std::string> mails() { return rows("SELECT type, recipient FROM outbox ORDER BY id"); }
    std::vector<std::string> audited(const std::string& action) {
        return rows("SELECT user_id, resource_id FROM audit_log WHERE action = '" + action + "' ORDER BY id");
    }

    std::vector<notifications::Push> pushed;
};
FOCUS_TEST_ON_EACH_DATABASE(BlockingTest);

std::string code_of(const auto& body) {
    try {
        body();
    } catch (const Error& error) {
        return std::string{error.code()};
    }
    return "nothing thrown";
}

// --- the list --------------------------------------------------------------------------------------------------------

TEST_P(BlockingTest, KeepsWhatWasGiven) {
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

TEST_P(BlockingTest, ListsAnAppOnce) {
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

TEST_P(BlockingTest, BelongsToItsOwner) {
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

TEST_P(BlockingTest, ChangesAndRemoves) {
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

TEST_P(BlockingTest, FiltersTheList) {
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

TEST_P(BlockingTest, CountsTodaysActivitiesAndFollowsTheirChanges) {
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

TEST_P(BlockingTest, AnswersWhetherAnAppMayRun) {
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

TEST_P(BlockingTest, StartsAtZeroAtTheUsersMidnight) {
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

TEST_P(BlockingTest, FollowsTheUsersZone) {
    set_clock("2026-05-04T22:30:00Z");
    const auto user = make_user({.timezone = "UTC"});
    const auto id = create(user, R"({"app_name":"Instagram","daily_limit_minutes":10})").id;
    record(user, 15);
    EXPECT_TRUE(get(user, id).is_blocked);
    users::UpdateProfile to_paris;
    to_paris.timezone.value = json::ZoneName{"Europe/Paris"};
    run([&]() -> db::Task<void> { co_await rooms().users.update_profile(user, {}, to_paris); });
    const auto moved = refreshed(user);
    EXPECT_FALSE(get(moved, id).is_blocked) << "in Paris it is tomorrow";
    EXPECT_EQ(policy(moved).date.value.to_string(), "2026-05-05");
}

// --- resets ----------------------------------------------------------------------------------------------------------

TEST_P(BlockingTest, ResetStartsTodaysCounterAgain) {
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

TEST_P(BlockingTest, AnotherAppStartsWithItsOwnUsage) {
    const auto user = make_user();
    const auto id = create(user, R"({"app_name":"Instagram","daily_limit_minutes":60})").id;
    record(user, 50);
    record(user, 70, "YouTube");
    reset(user, id);
    EXPECT_TRUE(update(user, id, R"({"app_name":"YouTube"})").is_blocked);
    EXPECT_EQ(get(user, id).time_used_today.ms, 70 * k_minute_ms);
}

// --- what is told ----------------------------------------------------------------------------------------------------

TEST_P(BlockingTest, WarnsOnceAndBlocksOnce) {
    const auto user = make_user({.language = Language::fr});
    const auto id = create(user, R"({"app_name":"Instagram","daily_limit_minutes":60})").id;
    record(user, 47);
    EXPECT_THAT(told(user), IsEmpty());
    record(user, 1);
    record(user, 2);
    EXPECT_THAT(told(user), ElementsAre("Instagram : 80 % de la limite du jour utilisés"));
    record(user, 10);
    const auto last = record(user, 5);
    EXPECT_THAT(told(user), ElementsAre("Instagram : 80 % de la limite du jour utilisés", "Instagram est bloqué"));
    erase(user, last);
    record(user, 30);
    EXPECT_THAT(told(user), SizeIs(2)) << "below and above again: told already";
    EXPECT_THAT(mails(), ElementsAre("limit_warning|person1@example.org"));
    EXPECT_THAT(audited("limit_reached"), ElementsAre(std::format("{}|{}", user.user_id, id)));
    EXPECT_THAT(audited("app_blocked"), ElementsAre(std::format("{}|{}", user.user_id, id)));
}

TEST_P(BlockingTest, OneJumpFiresBothWarningFirst) {
    const auto user = make_user();
    const auto id = create(user, R"({"app_name":"Instagram","app_package":"a.b","daily_limit_minutes":60})").id;
    pushed.clear();
    record(user, 90);
    ASSERT_THAT(pushed, SizeIs(3));
    EXPECT_EQ(pushed[0].type, notifications::Type::limit_warning);
    EXPECT_EQ(pushed[1].type, notifications::Type::app_blocked);
    EXPECT_EQ(pushed[1].previous_id, pushed[0].id);
    EXPECT_THAT(pushed[1].frame, HasSubstr(std::format(R"("scope":"app","blocked_app_id":{},"app_name":"Instagram","app_package":"a.b",)"
                                                       R"("is_blocked":true,"reason":"limit","blocked_until":"2026-05-05T00:00:00.000Z")",
                                                       id)));
    EXPECT_EQ(pushed[2].type, notifications::Type::activity_update);
    EXPECT_EQ(pushed[2].id, 0) << "not stored";
    EXPECT_THAT(pushed[2].frame, HasSubstr(R"("total_time_today":90,"limits":[{"blocked_app_id":)"));
    EXPECT_THAT(mails(), SizeIs(1));
}

TEST_P(BlockingTest, TellsWhatAChangedLimitMeans) {
    const auto user = make_user();
    record(user, 45);
    const auto id = create(user, R"({"app_name":"Instagram","daily_limit_minutes":50})").id;
    EXPECT_THAT(told(user), ElementsAre("Instagram: 90 % of today's limit used"));
    EXPECT_TRUE(update(user, id, R"({"daily_limit_minutes":40})").is_blocked);
    EXPECT_THAT(told(user), ElementsAre("Instagram: 90 % of today's limit used", "Instagram is blocked"));
    EXPECT_FALSE(update(user, id, R"({"daily_limit_minutes":100})").is_blocked);
    record(user, 60);
    EXPECT_THAT(told(user), SizeIs(2)) << "once a day";
}

TEST_P(BlockingTest, InactiveEntriesSayNothing) {
    const auto user = make_user();
    const auto id = create(user, R"({"app_name":"Instagram","daily_limit_minutes":10,"is_active":false})").id;
    record(user, 30);
    EXPECT_FALSE(get(user, id).is_blocked);
    EXPECT_THAT(told(user), IsEmpty());
    EXPECT_TRUE(update(user, id, R"({"is_active":true})").is_blocked);
    EXPECT_THAT(told(user), SizeIs(2));
}

TEST_P(BlockingTest, AlwaysBlockedIsToldWhenItIsUsed) {
    const auto user = make_user();
    EXPECT_TRUE(create(user, R"({"app_name":"Instagram","daily_limit_minutes":0})").is_blocked);
    EXPECT_THAT(told(user), IsEmpty());
    record(user, 1);
    record(user, 1);
    EXPECT_THAT(told(user), ElementsAre("Instagram is blocked"));
    EXPECT_THAT(mails(), IsEmpty());
}

TEST_P(BlockingTest, WarnsOfTheOverallLimitAtEightyAndAHundred) {
    const auto user = make_user({.daily_limit_minutes = 100});
    record(user, 79, "a");
    EXPECT_THAT(told(user), IsEmpty());
    record(user, 1, "b");
    record(user, 1, "c");
    EXPECT_THAT(told(user), ElementsAre("80 % of your daily limit used"));
    record(user, 30, "d");
    record(user, 30, "d");
    EXPECT_THAT(told(user), ElementsAre("80 % of your daily limit used", "Your daily limit is reached"));
    EXPECT_THAT(mails(), SizeIs(1));
    EXPECT_THAT(pushed.back().frame, Not(HasSubstr("limit_warning")));
    const auto reached = std::ranges::find_if(pushed, [](const auto& push) { return push.frame.contains("Your daily limit"); });
    ASSERT_NE(reached, pushed.end());
    EXPECT_THAT(reached->frame, HasSubstr(R"("scope":"total","threshold_percentage":100)"));
    record(user, 200, "e", R"(,"activity_date":"2026-05-01")");
    EXPECT_THAT(told(user), SizeIs(2)) << "another day is not today";
    set_clock("2026-05-05T12:00:00Z");
    record(user, 300, "a");
    EXPECT_THAT(told(user), SizeIs(4));
}

TEST_P(BlockingTest, RespectsWhatTheUserWantsToHear) {
    const auto user = make_user();
    const auto set = [&](const char* body) {
        run([&]() -> db::Task<void> { co_await rooms().users.update_profile(user, {}, json::parse<users::UpdateProfile>(body)); });
    };
    create(user, R"({"app_name":"a","daily_limit_minutes":10})");
    create(user, R"({"app_name":"b","daily_limit_minutes":10})");
    set(R"({"email_reminders":false})");
    record(user, 9, "a");
    EXPECT_THAT(mails(), IsEmpty());
    set(R"({"email_reminders":true,"notifications_enabled":false})");
    pushed.clear();
    record(user, 10, "b");
    EXPECT_THAT(mails(), IsEmpty());
    EXPECT_THAT(told(user), SizeIs(3)) << "the history is kept";
    ASSERT_THAT(pushed, SizeIs(2));
    EXPECT_TRUE(pushed[0].is_silent && pushed[1].is_silent);
}

// --- many at once ----------------------------------------------------------------------------------------------------

/// 50 posts at once through two instances, together over both thresholds.
TEST_P(BlockingTest, FiftyPostsAtOnceWarnOnceAndBlockOnce) {
    constexpr int k_posts = 50;
    const auto user = make_user({.daily_limit_minutes = 45});
    const auto id = create(user, R"({"app_name":"Instagram","daily_limit_minutes":40})").id;
    auto& other = start_instance();
    pushed.clear();
    int left = k_posts;
    run([&]() -> db::Task<void> {
        const auto executor = co_await boost::asio::this_coro::executor;
        for (int i = 0; i < k_posts; ++i) {
            auto& at = i % 2 == 0 ? rooms() : other.rooms;
            // Different packages and categories are different rows of usage.
            auto body = json::parse<activities::NewActivity>(
                std::format(R"({{"app_name":"Instagram","duration_minutes":1,"app_category":"c{}"}})", i % 5));
            boost::asio::co_spawn(executor, at.activities.create(user, {}, std::move(body)),
                                  [&left](std::exception_ptr error, const auto&) {
                                      --left;
                                      EXPECT_FALSE(error);
                                  });
        }
        boost::asio::steady_timer timer{executor};
        while (left > 0) {
            timer.expires_after(std::chrono::milliseconds{5});
            co_await timer.async_wait(boost::asio::use_awaitable);
        }
    });
    const auto app = get(user, id);
    EXPECT_EQ(app.time_used_today.ms, k_posts * k_minute_ms);
    EXPECT_TRUE(app.is_blocked);
    auto titles = told(user);
    std::ranges::sort(titles);
    EXPECT_THAT(titles, ElementsAre("80 % of your daily limit used", "Instagram is blocked", "Instagram: 80 % of today's limit used",
                                    "Your daily limit is reached"));
    EXPECT_THAT(mails(), SizeIs(2)) << "one of the app, one of the day";
    EXPECT_THAT(audited("app_blocked"), SizeIs(1));
    EXPECT_EQ(std::ranges::count(pushed, notifications::Type::limit_warning, &notifications::Push::type), 3);
    EXPECT_EQ(std::ranges::count(pushed, notifications::Type::app_blocked, &notifications::Push::type), 1);
}

/// Limits that come and go while activities arrive: no dead end, and nothing told twice.
TEST_P(BlockingTest, ChangesAndPostsAtOnce) {
    const auto user = make_user();
    const auto id = create(user, R"({"app_name":"Instagram","daily_limit_minutes":20})").id;
    int left = 40;
    run([&]() -> db::Task<void> {
        const auto executor = co_await boost::asio::this_coro::executor;
        const auto done = [&left](std::exception_ptr error, const auto&) {
            --left;
            EXPECT_FALSE(error);
        };
        for (int i = 0; i < 20; ++i) {
            boost::asio::co_spawn(executor,
                                  rooms().activities.create(
                                      user, {}, json::parse<activities::NewActivity>(R"({"app_name":"Instagram","duration_minutes":1})")),
                                  done);
            boost::asio::co_spawn(
                executor,
                service().update(user, {}, id, json::parse<UpdateBlockedApp>(std::format(R"({{"daily_limit_minutes":{}}})", 10 + i % 5))),
                done);
        }
        boost::asio::steady_timer timer{executor};
        while (left > 0) {
            timer.expires_after(std::chrono::milliseconds{5});
            co_await timer.async_wait(boost::asio::use_awaitable);
        }
    });
    auto titles = told(user);
    EXPECT_THAT(titles, SizeIs(2)) << ::testing::PrintToString(titles);
    EXPECT_EQ(policy(user).version, 21);
}

// --- schedules and policy --------------------------------------------------------------------------------------------

TEST_P(BlockingTest, TellsWhenASchedulesBeginsAndEnds) {
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

TEST_P(BlockingTest, TellsNothingOfWhatPassedWhileNobodyWasThere) {
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

TEST_P(BlockingTest, TwoInstancesAnnounceOnce) {
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
    int left = 2;
    run([&]() -> db::Task<void> {
        const auto executor = co_await boost::asio::this_coro::executor;
        for (auto* at : {&service(), &other.rooms.blocking}) {
            boost::asio::co_spawn(executor, at->schedules().announce_due(), [&left](std::exception_ptr error, const auto&) {
                --left;
                EXPECT_FALSE(error);
            });
        }
        boost::asio::steady_timer timer{executor};
        while (left > 0) {
            timer.expires_after(std::chrono::milliseconds{5});
            co_await timer.async_wait(boost::asio::use_awaitable);
        }
    });
    for (const auto& person : people) EXPECT_THAT(told(person), SizeIs(1));
}

TEST_P(BlockingTest, AScheduleThatHoldsWhenItIsSetIsToldAtOnce) {
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

TEST_P(BlockingTest, SchedulesMoveWithTheZone) {
    set_clock("2026-05-04T12:00:00Z");
    const auto user = make_user();
    create(user, R"({"app_name":"a","daily_limit_minutes":60,"schedules":[{"days":["mon"],"start_time":"13:30","end_time":"15:00"}]})");
    EXPECT_EQ(announce_due(), parse_rfc3339("2026-05-04T13:30:00Z"));
    users::UpdateProfile to_paris;
    to_paris.timezone.value = json::ZoneName{"Europe/Paris"};
    run([&]() -> db::Task<void> { co_await rooms().users.update_profile(user, {}, to_paris); });
    pushed.clear();
    run([&]() -> db::Task<void> { co_await service().schedules().follow_zone(user.user_id); });
    ASSERT_THAT(pushed, SizeIs(1));
    EXPECT_THAT(pushed[0].frame, HasSubstr(R"("data":{"version":2})"));
    EXPECT_EQ(announce_due(), parse_rfc3339("2026-05-04T15:00:00+02:00")) << "14:00 in Paris: it is on";
    EXPECT_THAT(told(user), ElementsAre("a is blocked"));
    run([&]() -> db::Task<void> { co_await service().schedules().follow_zone(user.user_id); });
    EXPECT_EQ(policy(refreshed(user)).version, 2) << "no change, no new version";
}

TEST_P(BlockingTest, PolicyHasWhatADeviceNeeds) {
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

TEST_P(BlockingTest, GoesWithTheAccount) {
    const auto user = make_user();
    create(user, R"({"app_name":"a","daily_limit_minutes":1,"schedules":[{"days":["mon"],"start_time":"20:00","end_time":"06:00"}]})");
    record(user, 15, "a");
    run([&]() -> db::Task<void> { co_await rooms().users.remove(user.user_id, {}, user.user_id); });
    EXPECT_THAT(rows("SELECT id FROM blocked_apps"), IsEmpty());
    EXPECT_THAT(rows("SELECT user_id FROM limit_events"), IsEmpty());
    EXPECT_THAT(rows("SELECT user_id FROM limit_states"), IsEmpty());
    EXPECT_FALSE(announce_due());
}

TEST_P(BlockingTest, ForgetsWhatWasToldDaysAgo) {
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
