#include "support/cpp/blocking.hpp"

#include <gmock/gmock.h>

namespace focus::blocking {
namespace {

using namespace ::focus::blocking::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class LimitWatchTest : public BlockingTest {};
FOCUS_TEST_ON_EACH_DATABASE(LimitWatchTest);

TEST_P(LimitWatchTest, WarnsOnceAndBlocksOnce) {
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

TEST_P(LimitWatchTest, OneJumpFiresBothWarningFirst) {
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

TEST_P(LimitWatchTest, TellsWhatAChangedLimitMeans) {
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

TEST_P(LimitWatchTest, InactiveEntriesSayNothing) {
    const auto user = make_user();
    const auto id = create(user, R"({"app_name":"Instagram","daily_limit_minutes":10,"is_active":false})").id;
    record(user, 30);
    EXPECT_FALSE(get(user, id).is_blocked);
    EXPECT_THAT(told(user), IsEmpty());
    EXPECT_TRUE(update(user, id, R"({"is_active":true})").is_blocked);
    EXPECT_THAT(told(user), SizeIs(2));
}

TEST_P(LimitWatchTest, AlwaysBlockedIsToldWhenItIsUsed) {
    const auto user = make_user();
    EXPECT_TRUE(create(user, R"({"app_name":"Instagram","daily_limit_minutes":0})").is_blocked);
    EXPECT_THAT(told(user), IsEmpty());
    record(user, 1);
    record(user, 1);
    EXPECT_THAT(told(user), ElementsAre("Instagram is blocked"));
    EXPECT_THAT(mails(), IsEmpty());
}

TEST_P(LimitWatchTest, WarnsOfTheOverallLimitAtEightyAndAHundred) {
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

TEST_P(LimitWatchTest, RespectsWhatTheUserWantsToHear) {
    const auto user = make_user();
    const auto set = [&](const char* body) {
        run([&]() -> db::Task<void> { co_await modules().users.update_profile(user, {}, json::parse<users::UpdateProfile>(body)); });
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

// --- concurrency -----------------------------------------------------------------------------------------------------

/// 50 posts at once through two instances, together over both thresholds.
TEST_P(LimitWatchTest, FiftyPostsAtOnceWarnOnceAndBlockOnce) {
    constexpr int k_posts = 50;
    const auto user = make_user({.daily_limit_minutes = 45});
    const auto id = create(user, R"({"app_name":"Instagram","daily_limit_minutes":40})").id;
    auto& other = start_instance();
    pushed.clear();
    std::vector<db::Task<void>> posts;
    for (int i = 0; i < k_posts; ++i) { // different categories are different rows of usage
        posts.push_back(post(i % 2 == 0 ? modules() : other.modules, user,
                             std::format(R"({{"app_name":"Instagram","duration_minutes":1,"app_category":"c{}"}})", i % 5)));
    }
    run_at_once(std::move(posts));
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

/// Limits that are set and deleted while activities arrive: no deadlock, and nothing is sent twice.
TEST_P(LimitWatchTest, ChangesAndPostsAtOnce) {
    const auto user = make_user();
    const auto id = create(user, R"({"app_name":"Instagram","daily_limit_minutes":20})").id;
    const auto set_limit = [&](int minutes) -> db::Task<void> {
        co_await service().update(user, {}, id, json::parse<UpdateBlockedApp>(std::format(R"({{"daily_limit_minutes":{}}})", minutes)));
    };
    std::vector<db::Task<void>> tasks;
    for (int i = 0; i < 20; ++i) {
        tasks.push_back(post(modules(), user, R"({"app_name":"Instagram","duration_minutes":1})"));
        tasks.push_back(set_limit(10 + i % 5));
    }
    run_at_once(std::move(tasks));
    auto titles = told(user);
    EXPECT_THAT(titles, SizeIs(2)) << ::testing::PrintToString(titles);
    EXPECT_EQ(policy(user).version, 21);
}

/// A limit that is set while the day's first use is being written: one of the two sees the other.
TEST_P(LimitWatchTest, AFirstLimitAndAFirstUseAtOnce) {
    const auto set_limit = [&](Caller caller) -> db::Task<void> {
        co_await service().create(caller, {}, json::parse<NewBlockedApp>(R"({"app_name":"Instagram","daily_limit_minutes":10})"));
    };
    std::vector<Caller> people;
    for (int i = 0; i < 30; ++i) people.push_back(make_user());
    std::vector<db::Task<void>> tasks;
    for (const auto& person : people) {
        tasks.push_back(set_limit(person));
        tasks.push_back(post(modules(), person, R"({"app_name":"Instagram","duration_minutes":10})"));
    }
    run_at_once(std::move(tasks));
    for (const auto& person : people) EXPECT_THAT(told(person), SizeIs(2));
    EXPECT_THAT(rows("SELECT user_id FROM usage_days WHERE sessions = 0"), IsEmpty());
}

/// The same when nothing was used: setting a limit stores nothing about a day.
TEST_P(LimitWatchTest, ALimitIsNoUse) {
    create(make_user(), R"({"app_name":"Instagram","daily_limit_minutes":10})");
    EXPECT_THAT(rows("SELECT user_id FROM usage_days"), IsEmpty());
}

} // namespace
} // namespace focus::blocking
