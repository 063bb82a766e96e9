#include "features/notifications/service.hpp"

#include "features/notifications/push.hpp"
#include "support/cpp/modules.hpp"

#include <gmock/gmock.h>

#include <format>
#include <random>

namespace focus::notifications {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Draft draft(std::string name = "Zoé", std::string dedup_key = {}) {
    return {.type = Type::challenge_update,
            .title = {"Hello {name}", "Bonjour {name}"},
            .message = {"Welcome.", "Bienvenue."},
            .args = {{"name", std::move(name)}},
            .data = R"({"n":1})",
            .dedup_key = std::move(dedup_key)};
}

class NotificationsTest : public focus::testing::ModulesTest {
  protected:
    void SetUp() override {
        ModulesTest::SetUp();
        bus().subscribe(std::string{k_push_topic}, [this](std::string_view payload) { pushed.push_back(decode(payload).value()); });
    }
    Service& service() { return modules().notifications; }
    bool add(std::int64_t user_id, Draft what) {
        return run([&]() -> db::Task<bool> {
            co_return co_await database().transaction(
                [&](db::Transaction& tx) -> db::Task<bool> { return service().add(tx, user_id, what); });
        });
    }
    Listed list(const Caller& caller, ListQuery query = {}) {
        return run([&]() -> db::Task<Listed> { return service().list(caller, query); });
    }
    void set_enabled(const Caller& caller, bool enabled) {
        users::UpdateProfile change;
        change.notifications_enabled.value = enabled;
        run([&]() -> db::Task<void> { co_await modules().users.update_profile(caller, {}, change); });
    }

    std::vector<Push> pushed;
};
FOCUS_TEST_ON_EACH_DATABASE(NotificationsTest);

TEST_P(NotificationsTest, StoresAndPushesInTheUsersLanguage) {
    const auto english = make_user();
    const auto french = make_user({.language = Language::fr});
    EXPECT_TRUE(add(english.user_id, draft()));
    EXPECT_TRUE(add(french.user_id, draft()));
    const auto found = list(french);
    ASSERT_THAT(found.items, SizeIs(1));
    EXPECT_EQ(found.total, 1);
    EXPECT_EQ(found.items[0].title, "Bonjour Zoé");
    EXPECT_EQ(found.items[0].message, "Bienvenue.");
    EXPECT_EQ(found.items[0].notification_type, Type::challenge_update);
    EXPECT_EQ(found.items[0].data.text, R"({"n":1})");
    EXPECT_FALSE(found.items[0].is_read);
    EXPECT_EQ(found.items[0].created_at.ms, clock().now_ms());
    ASSERT_THAT(pushed, SizeIs(2));
    EXPECT_EQ(pushed[1].user_id, french.user_id);
    EXPECT_EQ(pushed[1].id, found.items[0].id);
    EXPECT_EQ(pushed[1].previous_id, 0);
    EXPECT_EQ(pushed[1].frame, R"({"type":"notification","id":)" + std::to_string(found.items[0].id) +
                                   R"(,"notification_type":"challenge_update","title":"Bonjour Zoé","message":"Bienvenue.","data":{"n":1},)"
                                   R"("timestamp":"2026-05-04T12:00:00.000Z"})");
    EXPECT_THAT(pushed[0].frame, HasSubstr("Hello Zoé"));
}

TEST_P(NotificationsTest, NamesTheOneBefore) {
    const auto one = make_user();
    const auto other = make_user();
    for (int i = 0; i < 3; ++i) {
        add(one.user_id, draft());
        add(other.user_id, draft());
    }
    ASSERT_THAT(pushed, SizeIs(6));
    EXPECT_EQ(pushed[2].previous_id, pushed[0].id);
    EXPECT_EQ(pushed[4].previous_id, pushed[2].id);
    EXPECT_EQ(pushed[5].previous_id, pushed[3].id);
}

TEST_P(NotificationsTest, LeavesNothingOfATransactionThatFails) {
    const auto user = make_user();
    EXPECT_THROW(run([&]() -> db::Task<void> {
                     co_await database().transaction([&](db::Transaction& tx) -> db::Task<void> {
                         co_await service().add(tx, user.user_id, draft());
                         throw std::runtime_error{"the cause did not happen"};
                     });
                 }),
                 std::runtime_error);
    EXPECT_THAT(list(user).items, IsEmpty());
    EXPECT_THAT(pushed, IsEmpty());
}

TEST_P(NotificationsTest, TellsTheSameThingOnce) {
    const auto user = make_user();
    const auto other = make_user();
    EXPECT_TRUE(add(user.user_id, draft("a", "once")));
    EXPECT_FALSE(add(user.user_id, draft("b", "once")));
    EXPECT_TRUE(add(other.user_id, draft("c", "once"))) << "per user";
    EXPECT_TRUE(add(user.user_id, draft("d", "twice")));
    EXPECT_THAT(list(user).items, SizeIs(2));
    EXPECT_THAT(pushed, SizeIs(3));
}

TEST_P(NotificationsTest, NobodyIsTold) { EXPECT_FALSE(add(4711, draft())); }

TEST_P(NotificationsTest, KeepsWhatIsSilencedInTheList) {
    const auto user = make_user();
    add(user.user_id, draft("first"));
    set_enabled(user, false);
    add(user.user_id, draft("silent"));
    set_enabled(user, true);
    add(user.user_id, draft("third"));
    EXPECT_THAT(list(user).items, SizeIs(3));
    ASSERT_THAT(pushed, SizeIs(3));
    EXPECT_TRUE(pushed[1].is_silent);
    EXPECT_FALSE(pushed[2].is_silent);
    EXPECT_EQ(pushed[2].previous_id, pushed[1].id) << "the chain goes on";
    const auto missed = run([&]() -> db::Task<std::vector<Notification>> { return service().pushed_after(user.user_id, 0, 10); });
    EXPECT_THAT(missed, ElementsAre(Field(&Notification::title, "Hello first"), Field(&Notification::title, "Hello third")));
}

TEST_P(NotificationsTest, CutsTextsAtTheirLength) {
    const auto user = make_user();
    std::string long_name;
    for (int i = 0; i < 250; ++i) long_name += "é";
    add(user.user_id, draft(long_name));
    const auto title = list(user).items.at(0).title;
    EXPECT_EQ(title.size(), 6 + 2 * (k_max_title - 6)) << "200 characters, none cut in two";
}

TEST_P(NotificationsTest, ListsPagesFiltersAndReads) {
    const auto user = make_user();
    const auto other = make_user();
    for (int i = 1; i <= 5; ++i) add(user.user_id, draft(std::to_string(i)));
    add(other.user_id, draft("not mine"));
    const auto titles = [&](ListQuery query) {
        std::string joined;
        for (const auto& item : list(user, query).items) joined += item.title.substr(6);
        return joined;
    };
    EXPECT_EQ(titles({}), "54321");
    EXPECT_EQ(titles({.skip = {{1}}, .limit = {{2}}}), "43");
    const auto all = list(user);
    EXPECT_EQ(all.total, 5);
    const auto third = all.items.at(2).id;
    EXPECT_EQ(titles({.after_id = {{third}}}), "45") << "oldest first";
    const auto read = run([&]() -> db::Task<Notification> { return service().mark_read(user.user_id, third); });
    EXPECT_TRUE(read.is_read);
    EXPECT_EQ(titles({.unread = true}), "5421");
    EXPECT_EQ(titles({.unread = false}), "3");
    EXPECT_THROW(run([&]() -> db::Task<Notification> { return service().mark_read(other.user_id, third); }), Error);
    EXPECT_EQ(run([&]() -> db::Task<std::int64_t> { return service().mark_all_read(user.user_id); }), 4);
    EXPECT_EQ(titles({.unread = true}), "");
    EXPECT_EQ(list(other, {.unread = true}).total, 1) << "only his own";
}

TEST_P(NotificationsTest, TellsManyEachInHisLanguage) {
    std::vector<std::int64_t> ids{99'999}; // no such user
    for (int i = 0; i < 7; ++i) ids.push_back(make_user({.language = i % 2 == 0 ? Language::en : Language::fr}).user_id);
    ids.push_back(ids.back()); // a duplicate
    const auto told = run([&]() -> db::Task<std::int64_t> {
        co_return co_await database().transaction(
            [&](db::Transaction& tx) -> db::Task<std::int64_t> { return service().add_many(tx, ids, draft("all", "once")); });
    });
    EXPECT_EQ(told, 7);
    ASSERT_THAT(pushed, SizeIs(7));
    EXPECT_THAT(pushed[0].frame, HasSubstr("Hello"));
    EXPECT_THAT(pushed[1].frame, HasSubstr("Bonjour"));
    EXPECT_FALSE(add(ids[1], draft("all", "once")));
}

TEST_P(NotificationsTest, AnnouncesToEverybody) {
    const auto one = make_user();
    const auto two = make_user();
    const auto told = run([&]() -> db::Task<std::int64_t> {
        co_return (co_await service().announce(one, {}, Language::en,
                                               {.title = {"Maintenance {name}"}, .message = {"Tonight."}, .user_ids = std::nullopt}))
            .recipients;
    });
    EXPECT_EQ(told, 2);
    EXPECT_THAT(list(two).items,
                ElementsAre(AllOf(Field(&Notification::title, "Maintenance {name}"), Field(&Notification::message, "Tonight."))));
    EXPECT_EQ(run([&]() -> db::Task<std::int64_t> {
                  co_return (co_await service().announce(one, {}, Language::en,
                                                         {.title = {"t"}, .message = {"m"}, .user_ids = {{{two.user_id, 4711}}}}))
                      .recipients;
              }),
              1);
    EXPECT_THAT(list(one).items, SizeIs(1));
}

TEST_P(NotificationsTest, GoesOnTellingEverybodyAfterARestart) {
    const auto one = make_user();
    for (int i = 0; i < 1100; ++i) {
        rows(
            std::format("INSERT INTO users (username, username_key, created_at_ms, updated_at_ms) VALUES ('many{0}', 'many{0}', 0, 0)", i));
    }
    rows("INSERT INTO announcements (title, message, created_by, created_at_ms) VALUES ('News', 'Text', 1, 0)");
    int steps = 0;
    const auto go_on = [&](notifications::Service& service, int most) {
        steps = 0;
        run([&]() -> db::Task<void> { co_await service.continue_announcements([&] { return steps++ < most; }); });
    };
    go_on(service(), 1); // then the process ends
    EXPECT_THAT(rows("SELECT told, done_at_ms FROM announcements"), ElementsAre("500|"));
    go_on(start_instance().modules.notifications, 100);
    EXPECT_THAT(rows("SELECT told FROM announcements WHERE done_at_ms IS NOT NULL"), ElementsAre("1101"));
    EXPECT_THAT(rows("SELECT COUNT(*), COUNT(DISTINCT user_id) FROM notifications"), ElementsAre("1101|1101"));
    EXPECT_THAT(list(one).items, SizeIs(1));
    go_on(service(), 100);
    EXPECT_THAT(rows("SELECT COUNT(*) FROM notifications"), ElementsAre("1101"));
}

TEST_P(NotificationsTest, ForgetsAfterThirtyDays) {
    const auto user = make_user();
    add(user.user_id, draft("old"));
    set_clock("2026-06-03T12:00:00.000Z");
    add(user.user_id, draft("new"));
    EXPECT_EQ(run([&]() -> db::Task<std::uint64_t> { return service().delete_old(); }), 0U) << "30 days to the millisecond";
    set_clock("2026-06-03T12:00:00.001Z");
    EXPECT_EQ(run([&]() -> db::Task<std::uint64_t> { return service().delete_old(); }), 1U);
    EXPECT_THAT(list(user).items, ElementsAre(Field(&Notification::title, "Hello new")));
}

TEST_P(NotificationsTest, GoesWithTheAccount) {
    const auto user = make_user();
    add(user.user_id, draft());
    run([&]() -> db::Task<void> { co_await modules().users.remove(user.user_id, {}, user.user_id); });
    EXPECT_THAT(list(user).items, IsEmpty());
}

/// Many writers on two instances at once: a reader that reads at any moment and goes on from the last id misses nothing
/// and reads nothing twice.
TEST_P(NotificationsTest, ReadersMissNothingWhileManyWrite) {
    constexpr int k_writers = 8;
    constexpr int k_each = 12;
    const auto user = make_user();
    auto& other = start_instance();
    int running = k_writers;
    const auto writer = [&](Service& at, db::Database& database, int number) -> db::Task<void> {
        for (int i = 0; i < k_each; ++i) {
            co_await database.transaction([&](db::Transaction& tx) -> db::Task<void> {
                co_await at.add(tx, user.user_id, draft(std::format("{}-{}", number, i)));
                if (i % 3 == 0) { // some commit late
                    boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor, std::chrono::milliseconds{3}};
                    co_await timer.async_wait(boost::asio::use_awaitable);
                }
            });
        }
        --running;
    };
    std::vector<std::string> seen;
    std::int64_t last = 0;
    run([&]() -> db::Task<void> {
        co_await db::testing::together(k_writers + 1, [&](int number) -> db::Task<void> {
            auto& at = number % 2 == 0 ? modules() : other.modules;
            if (number < k_writers) {
                co_await writer(at.notifications, at.core.database, number);
                co_return;
            }
            for (bool more = true; more;) {
                more = running > 0;
                const auto found = co_await service().pushed_after(user.user_id, last, 5);
                for (const auto& one : found) {
                    EXPECT_GT(one.id, last);
                    last = one.id;
                    seen.push_back(one.title);
                }
                more = more || !found.empty();
            }
        });
    });
    EXPECT_THAT(seen, SizeIs(k_writers * k_each));
    std::ranges::sort(seen);
    EXPECT_THAT(std::vector<std::string>(seen.begin(), std::ranges::unique(seen).begin()), SizeIs(k_writers * k_each));
    EXPECT_THAT(pushed, SizeIs(k_writers * k_each));
    // And each push names the one before it, whatever order they arrived in.
    std::ranges::sort(pushed, {}, &Push::id);
    for (std::size_t i = 1; i < pushed.size(); ++i) EXPECT_EQ(pushed[i].previous_id, pushed[i - 1].id);
}

TEST(Push, SurvivesTheBus) {
    const Push push{.user_id = 5, .id = 77, .previous_id = 70, .type = Type::app_blocked, .is_silent = true, .frame = "{\"a\":\"b\\n\"}\n"};
    const auto back = decode(encode(push)).value();
    EXPECT_EQ(back.user_id, 5);
    EXPECT_EQ(back.id, 77);
    EXPECT_EQ(back.previous_id, 70);
    EXPECT_EQ(back.type, Type::app_blocked);
    EXPECT_TRUE(back.is_silent);
    EXPECT_EQ(back.frame, push.frame);
    for (const auto* broken : {"", "x", "1 2 3", "1 2 3 0 custom", "1 2 three 0 custom\n{}", "99999999999999999999 1 1 0 custom\n{}"})
        EXPECT_FALSE(decode(broken)) << broken;
}

TEST(Push, WritesNoIdForWhatIsNotStored) {
    EXPECT_THAT(frame_of({.notification_type = Type::policy_update}), HasSubstr(R"("id":null,"notification_type":"policy_update")"));
}

} // namespace
} // namespace focus::notifications
