#include "features/notifications/presence.hpp"

#include <gmock/gmock.h>

#include <format>
#include <thread>
#include <vector>

namespace focus::notifications {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view k_topic = "sockets.presence";

/// "users connections of-user".
std::string totals(Presence& presence, std::int64_t user_id = 0, Presence::Instant now = steady_clock::now()) {
    const auto all = presence.totals(user_id, now);
    return std::format("{} {} {}", all.active_users, all.connections, all.of_user);
}

class PresenceTest : public ::testing::Test {
  protected:
    void SetUp() override {
        bus->subscribe(std::string{k_topic}, [this](std::string_view payload) {
            if (payload.contains(" ?")) questions.emplace_back(payload.substr(payload.find(" ?") + 2));
        });
    }
    void say(std::string text) { bus->publish(k_topic, std::move(text)); }

    std::unique_ptr<bus::Bus> bus = bus::make_local_bus();
    std::vector<std::string> questions; // whose tables were requested
};

TEST_F(PresenceTest, CountsOverAllInstances) {
    Presence here{*bus};
    Presence there{*bus};
    EXPECT_EQ(totals(here), "0 0 0");
    here.change(17, +1);
    here.change(17, +1);
    there.change(17, +1);
    there.change(18, +1);
    for (auto* one : {&here, &there}) {
        EXPECT_EQ(totals(*one, 17), "2 4 3");
        EXPECT_EQ(totals(*one, 18), "2 4 1");
    }
    here.change(17, -1);
    here.change(17, -1);
    there.change(18, -1);
    for (auto* one : {&here, &there}) EXPECT_EQ(totals(*one, 17), "1 1 1");
    there.change(17, -1);
    for (auto* one : {&here, &there}) EXPECT_EQ(totals(*one, 17), "0 0 0");
}

TEST_F(PresenceTest, ALaterInstanceLearnsWhatIsThereWithTheNextBeat) {
    Presence here{*bus};
    here.change(17, +1);
    here.change(18, +1);
    Presence later{*bus};
    EXPECT_EQ(totals(later), "0 0 0");
    here.beat(steady_clock::now());
    EXPECT_EQ(totals(later, 18), "2 2 1");
    questions.clear();
    here.beat(steady_clock::now());
    EXPECT_THAT(questions, IsEmpty()) << "not more often than it must be";
    here.beat(steady_clock::now() + Presence::k_beat);
    EXPECT_THAT(questions, IsEmpty()) << "everything is known";
}

TEST_F(PresenceTest, AGapIsNoticedAndFilled) {
    Presence here{*bus};
    say("peer +3 7 1"); // earlier changes are not known
    EXPECT_THAT(questions, ElementsAre("peer"));
    EXPECT_EQ(totals(here), "0 0 0");
    say("peer *3 7:1 8:2");
    EXPECT_EQ(totals(here, 8), "2 3 2");
    say("peer +4 8 1");
    EXPECT_EQ(totals(here, 8), "2 2 1");
    say("peer +6 7 0"); // the fifth is lost
    say("peer +7 9 1");
    EXPECT_THAT(questions, ElementsAre("peer", "peer")) << "asked once";
    say("peer =7");
    EXPECT_THAT(questions, ElementsAre("peer", "peer", "peer")) << "the question may have been lost, too";
    say("peer *7 9:1");
    EXPECT_EQ(totals(here, 9), "1 1 1");
    say("peer *4 7:1 8:1");
    EXPECT_EQ(totals(here, 9), "1 1 1") << "an older table says nothing";
    say("peer *8");
    EXPECT_EQ(totals(here), "0 0 0");
}

TEST_F(PresenceTest, AnInstanceThatIsSilentCountsNoMore) {
    Presence here{*bus};
    here.change(17, +1);
    say("peer *1 17:5 18:1");
    EXPECT_EQ(totals(here, 17, steady_clock::now() + 19s), "2 7 6");
    EXPECT_EQ(totals(here, 17, steady_clock::now() + 21s), "1 1 1");
    say("peer +2 18 2");
    EXPECT_THAT(questions, ElementsAre("peer")) << "when it is back it tells everything anew";
}

TEST_F(PresenceTest, AnswersQuestionsAboutItselfOnly) {
    std::vector<std::string> tables;
    bus->subscribe(std::string{k_topic}, [&](std::string_view payload) {
        if (payload.contains(" *")) tables.emplace_back(payload.substr(payload.find(" *") + 2));
    });
    std::string name;
    bus->subscribe(std::string{k_topic}, [&](std::string_view payload) { name = payload.substr(0, payload.find(' ')); });
    Presence here{*bus};
    here.change(17, +1);
    const auto own = name;
    say("peer ?somebody");
    EXPECT_THAT(tables, IsEmpty());
    say("peer ?" + own);
    EXPECT_THAT(tables, ElementsAre("1 17:1"));
}

TEST_F(PresenceTest, WhatMakesNoSenseIsPassedOver) {
    Presence here{*bus};
    for (const auto* text : {"", " ", "peer", "peer ", "peer +", "peer +x 1 1", "peer !", "peer *", "peer *x 1:1", "peer ?", "=3"})
        say(text);
    say("peer *1 7:x x:1 8 9:-4 :: 17:2");
    EXPECT_EQ(totals(here, 17), "1 2 2");
}

TEST_F(PresenceTest, ManyThreadsAtOnce) {
    Presence here{*bus};
    Presence there{*bus};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([&, t] {
                for (int i = 0; i < 500; ++i) {
                    (t % 2 == 0 ? here : there).change(i % 50, +1);
                    if (i % 2 == 1) (t % 2 == 0 ? here : there).change(i % 50, -1);
                }
            });
        }
    }
    EXPECT_EQ(totals(here), "25 1000 40") << "of the even users";
    EXPECT_EQ(totals(there), totals(here));
    EXPECT_THAT(questions, IsEmpty()) << "changes are told in order";
}

} // namespace
} // namespace focus::notifications
