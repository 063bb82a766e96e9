// Challenges on both engines: scores against a plain recomputation, joins at once, the end, notifications.
#include "features/challenges/service.hpp"

#include "core/base/fold.hpp"
#include "features/challenges/module.hpp"
#include "features/challenges/rules.hpp"
#include "features/notifications/names.hpp"
#include "support/cpp/modules.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <random>
#include <set>

namespace focus::challenges {
namespace {

constexpr db::Statement k_activities{"test.activities",
                                     "SELECT user_id, activity_date, app_name, app_package, duration_ms FROM activities"};
constexpr db::Statement k_told{"test.told", "SELECT user_id, title, data FROM notifications ORDER BY id"};
constexpr db::Statement k_names{"test.names", "SELECT id, username FROM users WHERE username IS NOT NULL"};
constexpr db::Statement k_mails{"test.mails",
                                "SELECT recipient, language, dedup_key FROM outbox WHERE type = 'challenge_results' ORDER BY id"};
constexpr db::Statement k_rows{"test.rows", "SELECT (SELECT COUNT(*) FROM challenges), (SELECT COUNT(*) FROM challenge_members), "
                                            "(SELECT COUNT(*) FROM challenge_scores), (SELECT COUNT(*) FROM challenge_news)"};

Day day(std::string_view text) { return Day::parse(text).value(); }

class ChallengesTest : public focus::testing::ModulesTest {
  protected:
    void SetUp() override {
        ModulesTest::SetUp();
        set_clock("2026-03-02T12:00:00Z"); // a Monday
        users_ = &modules().users;
        activities_ = &modules().activities;
        challenges_ = &modules().challenges;
        scheduler_ = std::make_unique<jobs::Scheduler>(database(), clock(), metrics(), jobs::Scheduler::Options{});
        add_jobs(*scheduler_, *challenges_);
    }

    void advance(EpochMs by) { clock().freeze(clock().now_ms() + by); }

    db::Task<Caller> new_user(std::string name, std::string zone = "UTC", Language language = Language::en) {
        const users::NewUser fresh{
            .email = name + "@example.org", .username = name, .is_verified = true, .language = language, .timezone = zone};
        const auto user = co_await database().transaction([&](db::Transaction& tx) { return users_->create(tx, fresh); });
        Caller caller;
        caller.user_id = user.id;
        caller.is_verified = true;
        caller.language = language;
        caller.zone = Zone::find(zone).value();
        co_return caller;
    }
    db::Task<std::int64_t> record(Caller caller, std::string app, std::int64_t minutes, std::optional<Day> on = {},
                                  std::string package = "") {
        activities::NewActivity fresh;
        fresh.app_name.value = app;
        if (!package.empty()) fresh.app_package = json::Text<0, 255>{package};
        fresh.duration_minutes.value.ms = minutes * k_minute_ms;
        if (on) fresh.activity_date = json::Date{*on};
        co_return (co_await activities_->create(caller, {}, fresh)).id;
    }
    NewChallenge fresh(Type type, std::string_view from, std::string_view to, std::int64_t minutes = 60) {
        NewChallenge made;
        made.name.value = "No scroll";
        made.target_apps.names = {"Instagram", "com.example.video"};
        made.start_date.value = day(from);
        made.end_date.value = day(to);
        made.challenge_type.value = type;
        made.target_minutes.value.value.ms = minutes * k_minute_ms;
        return made;
    }
    db::Task<std::vector<LeaderboardEntry>> ranking(Caller caller, std::int64_t id) {
        LeaderboardQuery query;
        query.limit.value.value = 100;
        co_return (co_await challenges_->leaderboard(caller, id, query)).items;
    }
    db::Task<void> run_job() {
        co_await scheduler_->clock_guard().trust(clock().now_ms()); // tests move the clock on purpose
        const auto outcome = co_await scheduler_->run_now("challenges");
        EXPECT_EQ(outcome.error, std::nullopt);
    }
    /// The notifications: "user: title".
    db::Task<std::multiset<std::string>> told() {
        std::multiset<std::string> all;
        notifications::names::Known known;
        const auto users = co_await database().execute(k_names);
        for (const auto& row : users.rows) known.emplace(row.get<std::int64_t>(0), row.get<std::string>(1));
        const auto result = co_await database().execute(k_told);
        for (const auto& row : result.rows) {
            const auto title = notifications::names::fill(row.get<std::string_view>(1), known, Language::en);
            all.insert(std::to_string(row.get<std::int64_t>(0)) + ": " + title);
        }
        co_return all;
    }
    db::Task<std::string> code_of(std::function<db::Task<void>()> what) {
        try {
            co_await what();
        } catch (const Error& error) {
            co_return std::string{error.code()};
        }
        co_return "nothing";
    }
    /// Runs them at once and waits for all.
    db::Task<void> at_once(std::vector<std::function<db::Task<void>()>> works) {
        co_await db::testing::together(static_cast<int>(works.size()), [&works](int i) { return works[static_cast<std::size_t>(i)](); });
    }
    db::Task<void> expect_plain_ranking(Caller viewer, std::int64_t id, std::vector<Caller> members);

    users::Service* users_ = nullptr;
    activities::Service* activities_ = nullptr;
    Service* challenges_ = nullptr;
    std::unique_ptr<jobs::Scheduler> scheduler_;
};
FOCUS_TEST_ON_EACH_DATABASE(ChallengesTest);

/// Compares the ranking with one that is computed in a simple way from the stored activities.
db::Task<void> ChallengesTest::expect_plain_ranking(Caller viewer, std::int64_t id, std::vector<Caller> members) {
    const auto challenge = co_await challenges_->get(viewer, id);
    struct Sum {
        std::int64_t used = 0;
        bool has_data = false;
    };
    const int step = challenge.challenge_type == Type::weekly_goal ? 7 : 1;
    std::map<std::int64_t, std::map<int, Sum>> sums;
    const auto result = co_await database().execute(k_activities);
    for (const auto& row : result.rows) {
        const auto on = day(row.get<std::string_view>(1));
        if (on < challenge.start_date.value || on > challenge.end_date.value) continue;
        auto& sum = sums[row.get<std::int64_t>(0)][on.since(challenge.start_date.value) / step];
        sum.has_data = true;
        const auto name = fold_case(row.get<std::string_view>(2));
        const auto package = fold_case(row.get<std::string_view>(3));
        if (name == "instagram" || package == "com.example.video") sum.used += row.get<std::int64_t>(4);
    }
    std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> expected; // score, total
    for (const auto& member : members) {
        auto& [score, total] = expected[member.user_id];
        for (const auto& [period, sum] : sums[member.user_id]) {
            total += sum.used;
            const auto left_days = challenge.end_date.value.since(challenge.start_date.value) + 1 - period * step;
            const auto target = step == 7 ? std::llround(static_cast<double>(challenge.target_minutes.ms) * std::min(7, left_days) / 7.0)
                                          : challenge.target_minutes.ms;
            if (challenge.challenge_type == Type::minimize_time)
                score += std::max<std::int64_t>(0, target - sum.used);
            else if (sum.used <= target)
                score += k_minute_ms;
        }
    }
    const auto entries = co_await ranking(viewer, id);
    EXPECT_EQ(entries.size(), expected.size());
    EXPECT_EQ(challenge.participants_count, std::ssize(expected));
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const auto [score, total] = expected.at(entries[i].user_id);
        EXPECT_EQ(entries[i].score.ms, score) << "user " << entries[i].user_id;
        EXPECT_EQ(entries[i].total_time_minutes.ms, total) << "user " << entries[i].user_id;
        const auto better = std::ranges::count_if(expected, [score](const auto& other) { return other.second.first > score; });
        EXPECT_EQ(entries[i].rank, better + 1);
        if (i > 0 && entries[i - 1].score == entries[i].score) {
            EXPECT_LE(entries[i - 1].total_time_minutes, entries[i].total_time_minutes);
        }
    }
}

TEST_P(ChallengesTest, ScoresEqualAPlainRecomputationWhateverHappens) {
    run([&]() -> db::Task<void> {
        std::mt19937 random{11};
        const auto pick = [&](int most) { return std::uniform_int_distribution<int>{0, most}(random); };
        std::vector<Caller> people;
        for (const auto* zone : {"Europe/Paris", "America/New_York", "Pacific/Kiritimati", "Asia/Kathmandu"})
            people.push_back(co_await new_user("user" + std::to_string(people.size()), zone));
        std::vector<std::int64_t> ids;
        for (const auto type : {Type::minimize_time, Type::daily_goal, Type::weekly_goal})
            ids.push_back((co_await challenges_->create(people[0], {}, fresh(type, "2026-02-25", "2026-03-20", 90))).id);
        ids.push_back((co_await challenges_->create(people[0], {}, fresh(Type::daily_goal, "2026-03-04", "2026-03-20", 30))).id);
        std::vector<std::set<std::size_t>> members(ids.size(), {0});
        std::vector<std::vector<std::int64_t>> recorded(people.size());
        constexpr std::string_view k_apps[] = {"Instagram", "INSTAGRAM", "Maps", "Clips"};
        for (int i = 0; i < 150; ++i) {
            const auto who = static_cast<std::size_t>(pick(3));
            const auto which = static_cast<std::size_t>(pick(3));
            auto& own = recorded[who];
            const int what = pick(9);
            const auto today = people[who].zone.day_of(clock().now_ms());
            if (what <= 4) {
                own.push_back(co_await record(people[who], std::string{k_apps[pick(3)]}, pick(120), today.plus(-pick(8)),
                                              pick(2) == 0 ? "com.example.VIDEO" : ""));
            } else if (what == 5 && !own.empty()) {
                activities::UpdateActivity change;
                change.duration_minutes.value.emplace().value.ms = pick(7'200'000);
                change.activity_date.value = json::Date{today.plus(-pick(8))};
                change.app_name.value.emplace().value = k_apps[pick(3)];
                co_await activities_->update(people[who], {}, own[static_cast<std::size_t>(pick(static_cast<int>(own.size()) - 1))],
                                             change);
            } else if (what == 6 && !own.empty()) {
                co_await activities_->remove(people[who], {}, own.back());
                own.pop_back();
            } else if (what == 7 && who != 0 && members[which].contains(who)) {
                co_await challenges_->leave(people[who], {}, ids[which]);
                members[which].erase(who);
            } else if (what >= 7 && !members[which].contains(who)) {
                co_await challenges_->join(people[who], {}, ids[which], "");
                members[which].insert(who);
            }
            if (i == 20) { // where the local date is one day ahead, there is data
                UpdateChallenge change;
                change.start_date.value = json::Date{day("2026-03-03")};
                co_await challenges_->update(people[0], {}, ids[3], change);
            }
            if (i % 30 == 29) advance(k_day_ms);
            if (i % 10 != 9) continue;
            for (std::size_t c = 0; c < ids.size(); ++c) {
                std::vector<Caller> taking_part;
                for (const auto member : members[c]) taking_part.push_back(people[member]);
                co_await expect_plain_ranking(people[0], ids[c], taking_part);
            }
        }
    });
}

TEST_P(ChallengesTest, JoiningWhileOnesActivitiesAreWritten) {
    run([&]() -> db::Task<void> {
        const auto creator = co_await new_user("creator");
        for (int round = 0; round < 25; ++round) {
            const auto id = (co_await challenges_->create(creator, {}, fresh(Type::minimize_time, "2026-03-01", "2026-03-10", 600))).id;
            const auto joiner = co_await new_user("joiner" + std::to_string(round));
            const auto first = co_await record(joiner, "Instagram", 1);
            std::vector<std::function<db::Task<void>()>> works;
            for (int i = 0; i < 3; ++i) works.emplace_back([&, joiner]() -> db::Task<void> { co_await record(joiner, "Instagram", 5); });
            works.emplace_back([&, joiner]() -> db::Task<void> { co_await challenges_->join(joiner, {}, id, ""); });
            works.emplace_back([&, joiner]() -> db::Task<void> {
                activities::UpdateActivity change;
                change.duration_minutes.value.emplace().value.ms = 9 * k_minute_ms;
                co_await activities_->update(joiner, {}, first, change);
            });
            works.emplace_back([&, joiner]() -> db::Task<void> { co_await record(joiner, "Instagram", 7, day("2026-03-01")); });
            co_await at_once(std::move(works));
            const auto entries = co_await ranking(joiner, id);
            EXPECT_EQ(entries.at(0).user_id, joiner.user_id);
            EXPECT_EQ(entries.at(0).total_time_minutes.minutes(), 31) << "round " << round;
            EXPECT_EQ(entries.at(0).score.minutes(), 1200 - 31) << "round " << round;
            co_await challenges_->remove(creator, {}, id);
        }
    });
}

TEST_P(ChallengesTest, NeverMoreThanTheMaximumHoweverManyJoinAtOnce) {
    run([&]() -> db::Task<void> {
        const auto creator = co_await new_user("creator");
        auto input = fresh(Type::daily_goal, "2026-03-02", "2026-03-10");
        input.max_participants.value.value = 5;
        const auto id = (co_await challenges_->create(creator, {}, input)).id;
        int joined = 0;
        int refused = 0;
        std::vector<std::function<db::Task<void>()>> works;
        for (int i = 0; i < 16; ++i) {
            const auto joiner = co_await new_user("joiner" + std::to_string(i));
            works.emplace_back([&, joiner]() -> db::Task<void> {
                const auto code = co_await code_of([&]() -> db::Task<void> { co_await challenges_->join(joiner, {}, id, ""); });
                if (code == "nothing") ++joined;
                if (code == "challenge_full") ++refused;
            });
        }
        co_await at_once(std::move(works));
        EXPECT_EQ(joined, 4);
        EXPECT_EQ(refused, 12);
        EXPECT_EQ((co_await challenges_->get(creator, id)).participants_count, 5);
        EXPECT_EQ((co_await ranking(creator, id)).size(), 5U);
    });
}

TEST_P(ChallengesTest, WhatIsRefused) {
    run([&]() -> db::Task<void> {
        const auto creator = co_await new_user("creator");
        const auto other = co_await new_user("other", "UTC", Language::fr);
        auto input = fresh(Type::daily_goal, "2026-03-05", "2026-03-10");
        input.is_public.value = false;
        const auto made = co_await challenges_->create(creator, {}, input);
        const auto id = made.id;
        const auto code = made.invitation_code.value();
        EXPECT_EQ(code.size(), 10U);
        const auto fails = [&](std::function<db::Task<void>()> what) { return code_of(std::move(what)); };
        EXPECT_EQ(co_await fails([&]() -> db::Task<void> { co_await challenges_->get(other, id); }), "not_a_participant");
        EXPECT_EQ(co_await fails([&]() -> db::Task<void> { co_await challenges_->get(other, id + 1); }), "not_found");
        EXPECT_EQ(co_await fails([&]() -> db::Task<void> { co_await challenges_->leaderboard(other, id, {}); }), "not_a_participant");
        EXPECT_EQ(co_await fails([&]() -> db::Task<void> { co_await challenges_->join(other, {}, id, ""); }), "invalid_invitation_code");
        EXPECT_EQ(co_await fails([&]() -> db::Task<void> { co_await challenges_->join(other, {}, id, "ABCDEFGHJK"); }),
                  "invalid_invitation_code");
        EXPECT_EQ(co_await fails([&]() -> db::Task<void> { co_await challenges_->join_by_code(other, {}, "ABCDEFGHJK"); }),
                  "invalid_invitation_code");
        EXPECT_EQ(co_await fails([&]() -> db::Task<void> { co_await challenges_->leave(other, {}, id); }), "not_a_member");
        EXPECT_EQ((co_await challenges_->list(other, {})).total, 0);
        EXPECT_EQ((co_await challenges_->list_all(other, {})).total, 1);

        const auto joined = co_await challenges_->join_by_code(other, {}, code.substr(0, 5) + " - " + fold_case(code.substr(5)));
        EXPECT_EQ(joined.participant.challenge_id, id);
        EXPECT_EQ(joined.message, "Vous participez. Bonne chance !");
        EXPECT_EQ(co_await fails([&]() -> db::Task<void> { co_await challenges_->join(other, {}, id, code); }), "already_member");
        EXPECT_EQ((co_await challenges_->get(other, id)).invitation_code, code);
        EXPECT_EQ(co_await fails([&]() -> db::Task<void> { co_await challenges_->update(other, {}, id, {}); }), "not_the_creator");
        EXPECT_EQ(co_await fails([&]() -> db::Task<void> { co_await challenges_->remove(other, {}, id); }), "not_the_creator");
        EXPECT_EQ(co_await fails([&]() -> db::Task<void> { co_await challenges_->cancel(other, {}, id); }), "not_the_creator");
        co_await challenges_->leave(other, {}, id);
        EXPECT_EQ(co_await fails([&]() -> db::Task<void> { co_await challenges_->leave(other, {}, id); }), "not_a_member");
        EXPECT_EQ((co_await challenges_->list_mine(other, {})).total, 1) << "he took part";
        EXPECT_FALSE((co_await challenges_->list_mine(other, {})).items.at(0).invitation_code.has_value());

        set_clock("2026-03-05T00:00:00Z");
        UpdateChallenge move;
        move.end_date.value = json::Date{day("2026-03-12")};
        EXPECT_EQ(co_await fails([&]() -> db::Task<void> { co_await challenges_->update(creator, {}, id, move); }), "already_started");
        UpdateChallenge rename;
        rename.name.value.emplace().value = "Renamed";
        EXPECT_EQ((co_await challenges_->update(creator, {}, id, rename)).name, "Renamed");
        set_clock("2026-03-10T23:59:59Z");
        co_await challenges_->join(other, {}, id, code);
        co_await challenges_->leave(other, {}, id);
        set_clock("2026-03-11T00:00:00Z");
        EXPECT_EQ(co_await fails([&]() -> db::Task<void> { co_await challenges_->join(other, {}, id, code); }), "challenge_ended");
        EXPECT_EQ(co_await fails([&]() -> db::Task<void> { co_await challenges_->cancel(creator, {}, id); }), "challenge_ended");
    });
}

TEST_P(ChallengesTest, TiesShareARankAndTheSliceAroundMeFollows) {
    run([&]() -> db::Task<void> {
        const auto creator = co_await new_user("creator");
        const auto id = (co_await challenges_->create(creator, {}, fresh(Type::daily_goal, "2026-03-02", "2026-03-10"))).id;
        std::vector<Caller> people{creator};
        for (int i = 1; i < 8; ++i) {
            people.push_back(co_await new_user("user" + std::to_string(i)));
            advance(1000);
            co_await challenges_->join(people.back(), {}, id, "");
        }
        // points: user 0 none; 1, 2 and 3 one each, with 30, 20 and 20 minutes; the rest nothing
        co_await record(people[1], "Instagram", 30);
        co_await record(people[3], "Instagram", 20);
        co_await record(people[2], "Instagram", 20);
        co_await record(people[5], "Instagram", 61);
        const auto entries = co_await ranking(creator, id);
        std::vector<std::pair<std::int64_t, std::int64_t>> order;
        for (const auto& entry : entries) order.emplace_back(entry.rank, entry.user_id - people[0].user_id);
        const std::vector<std::pair<std::int64_t, std::int64_t>> expected{{1, 2}, {1, 3}, {1, 1}, {4, 0}, {4, 4}, {4, 6}, {4, 7}, {4, 5}};
        EXPECT_EQ(order, expected);
        EXPECT_EQ((co_await challenges_->get(people[1], id)).my_rank, 1);
        EXPECT_EQ((co_await challenges_->get(people[5], id)).my_rank, 4);

        for (std::int64_t skip = 0; skip < 8; ++skip) {
            LeaderboardQuery query;
            query.skip.value.value = skip;
            query.limit.value.value = 3;
            const auto page = co_await challenges_->leaderboard(creator, id, query);
            EXPECT_EQ(page.total, 8);
            for (std::size_t i = 0; i < page.items.size(); ++i) {
                EXPECT_EQ(page.items[i].rank, expected[static_cast<std::size_t>(skip) + i].first);
                EXPECT_EQ(page.items[i].user_id, entries[static_cast<std::size_t>(skip) + i].user_id);
            }
        }
        for (std::size_t i = 0; i < entries.size(); ++i) {
            LeaderboardQuery query;
            query.around = Around::me;
            query.limit.value.value = 3;
            Caller me = creator;
            me.user_id = entries[i].user_id;
            const auto page = co_await challenges_->leaderboard(me, id, query);
            EXPECT_EQ(page.items.size(), 3U);
            EXPECT_EQ(std::ranges::count_if(page.items, &LeaderboardEntry::is_me), 1);
            if (i > 0 && i < 7) {
                EXPECT_TRUE(page.items[1].is_me);
            }
        }
        const auto outsider = co_await new_user("outsider");
        LeaderboardQuery query;
        query.around = Around::me;
        EXPECT_EQ(co_await code_of([&]() -> db::Task<void> { co_await challenges_->leaderboard(outsider, id, query); }), "not_a_member");
        EXPECT_EQ((co_await ranking(creator, id)).at(0).daily_average, 20);
        advance(k_day_ms);
        EXPECT_EQ((co_await ranking(creator, id)).at(0).daily_average, 10) << "over the days so far";
    });
}

TEST_P(ChallengesTest, TheEndIsFrozenAndToldOnce) {
    run([&]() -> db::Task<void> {
        const auto anna = co_await new_user("anna", "Europe/Paris");
        const auto ben = co_await new_user("ben", "America/New_York", Language::fr);
        const auto carl = co_await new_user("carl");
        const auto id = (co_await challenges_->create(anna, {}, fresh(Type::minimize_time, "2026-03-03", "2026-03-04"))).id;
        co_await challenges_->join(ben, {}, id, "");
        co_await challenges_->join(carl, {}, id, "");
        co_await run_job();
        set_clock("2026-03-02T23:00:00Z"); // midnight in Paris
        co_await run_job();
        co_await run_job();
        const auto a = std::to_string(anna.user_id);
        const auto b = std::to_string(ben.user_id);
        const auto c = std::to_string(carl.user_id);
        std::multiset<std::string> expected{a + ": No scroll: ben takes part", b + ": No scroll : carl participe",
                                            a + ": No scroll has started", b + ": No scroll a commencé", c + ": No scroll has started"};
        EXPECT_EQ(co_await told(), expected) << "anna had been told of ben less than a minute before carl came";

        set_clock("2026-03-04T12:00:00Z");
        co_await record(anna, "Instagram", 30);
        co_await record(ben, "Instagram", 40);
        set_clock("2026-03-05T10:59:00Z"); // within the grace period
        co_await run_job();
        EXPECT_EQ((co_await challenges_->get(anna, id)).status, Status::active);
        co_await record(ben, "Instagram", 0, day("2026-03-03")); // late, and worth 60
        EXPECT_EQ((co_await challenges_->get(ben, id)).my_rank, 1);
        set_clock("2026-03-05T11:00:00Z");
        co_await record(anna, "Instagram", 0, day("2026-03-03")); // too late, though the job has not run
        std::vector<std::function<db::Task<void>()>> works;       // as on two instances
        jobs::Scheduler other{database(), clock(), metrics(), {}};
        other.add({.name = "twin", .schedule = jobs::Schedule::every(std::chrono::minutes{1}), .body = [&](const jobs::Run& run) {
                       return challenges_->course().run(run);
                   }});
        works.emplace_back([&]() -> db::Task<void> { co_await run_job(); });
        works.emplace_back([&]() -> db::Task<void> { co_await other.run_now("twin"); });
        co_await at_once(std::move(works));
        co_await run_job();
        const auto over = co_await challenges_->get(carl, id);
        EXPECT_EQ(over.status, Status::completed);
        EXPECT_EQ(over.winner.value().username, "ben");
        EXPECT_EQ(over.my_rank, 3);
        expected.insert({a + ": No scroll has ended", b + ": No scroll : vous avez gagné !", c + ": No scroll has ended"});
        EXPECT_EQ(co_await told(), expected);
        const auto mails = co_await database().execute(k_mails);
        std::set<std::string> recipients;
        for (const auto& row : mails.rows) recipients.insert(row.get<std::string>(0) + " " + row.get<std::string>(1));
        EXPECT_EQ(mails.rows.size(), 3U);
        EXPECT_EQ(recipients, (std::set<std::string>{"anna@example.org en", "ben@example.org fr", "carl@example.org en"}));

        const auto before = co_await ranking(anna, id);
        co_await record(anna, "Instagram", 0, day("2026-03-03"));
        co_await challenges_->leave(ben, {}, id);
        advance(30 * k_day_ms);
        co_await run_job();
        const auto after = co_await ranking(anna, id);
        EXPECT_EQ(after.size(), 3U) << "results that stand are not changed by who leaves";
        for (std::size_t i = 0; i < after.size(); ++i) EXPECT_EQ(after[i].score, before[i].score);
        EXPECT_EQ(co_await told(), expected);
        const auto record_of = [&](const Caller& who) -> db::Task<Record> {
            co_return co_await database().get(Service::record(who.user_id));
        };
        EXPECT_EQ((co_await record_of(ben)).won, 1);
        EXPECT_EQ((co_await record_of(carl)).participated, 1);
    });
}

TEST_P(ChallengesTest, LeadersAreToldAtMostOnceAMinute) {
    run([&]() -> db::Task<void> {
        const auto anna = co_await new_user("anna");
        const auto ben = co_await new_user("ben");
        const auto id = (co_await challenges_->create(anna, {}, fresh(Type::minimize_time, "2026-03-01", "2026-03-10"))).id;
        co_await challenges_->join(ben, {}, id, ""); // anna is notified
        const auto a = std::to_string(anna.user_id);
        const auto b = std::to_string(ben.user_id);
        std::multiset<std::string> expected{a + ": No scroll: ben takes part"};
        co_await record(anna, "Instagram", 30); // the first leader: no user was overtaken
        EXPECT_EQ(co_await told(), expected);
        co_await record(ben, "Instagram", 20); // anna was notified of ben a moment ago
        expected.insert(b + ": No scroll: you lead!");
        EXPECT_EQ(co_await told(), expected);
        co_await record(ben, "Instagram", 10); // both have 30: they share the first place
        EXPECT_EQ(co_await told(), expected);
        advance(k_minute_ms);
        co_await record(ben, "Instagram", 1);
        expected.insert({a + ": No scroll: you lead!", b + ": No scroll: anna leads"});
        EXPECT_EQ(co_await told(), expected);
        advance(k_minute_ms - 1);
        co_await record(anna, "Instagram", 10);
        EXPECT_EQ(co_await told(), expected);
    });
}

TEST_P(ChallengesTest, CancellingAndDeletingTellEverybodyAndLeaveNothingBehind) {
    run([&]() -> db::Task<void> {
        const auto anna = co_await new_user("anna");
        const auto ben = co_await new_user("ben");
        const auto id = (co_await challenges_->create(anna, {}, fresh(Type::daily_goal, "2026-03-01", "2026-03-10"))).id;
        co_await challenges_->join(ben, {}, id, "");
        co_await record(ben, "Instagram", 20);
        const auto cancelled = co_await challenges_->cancel(anna, {}, id);
        EXPECT_EQ(cancelled.status, Status::cancelled);
        co_await record(ben, "Instagram", 100);
        EXPECT_EQ((co_await ranking(ben, id)).at(0).score.minutes(), 1) << "nothing counts any more";
        co_await run_job();
        const auto b = std::to_string(ben.user_id);
        EXPECT_EQ((co_await told()).count(b + ": No scroll was cancelled"), 1U);
        co_await challenges_->remove(anna, {}, id);
        EXPECT_EQ(co_await code_of([&]() -> db::Task<void> { co_await challenges_->get(ben, id); }), "not_found");
        EXPECT_EQ((co_await challenges_->list_mine(ben, {})).total, 0);
        co_await run_job();
        EXPECT_EQ((co_await told()).count(b + ": No scroll was deleted"), 1U);
        const auto rows = co_await database().find(k_rows);
        for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(rows->get<int>(i), 0) << i;
    });
}

TEST_P(ChallengesTest, ADeletedAccountLeavesChallengesThatMakeSense) {
    run([&]() -> db::Task<void> {
        const auto anna = co_await new_user("anna");
        const auto ben = co_await new_user("ben");
        const auto running = (co_await challenges_->create(anna, {}, fresh(Type::daily_goal, "2026-03-01", "2026-03-10"))).id;
        const auto alone = (co_await challenges_->create(anna, {}, fresh(Type::daily_goal, "2026-03-01", "2026-03-10"))).id;
        const auto over = (co_await challenges_->create(anna, {}, fresh(Type::daily_goal, "2026-03-01", "2026-03-02"))).id;
        co_await challenges_->join(ben, {}, running, "");
        co_await challenges_->join(ben, {}, over, "");
        co_await record(anna, "Maps", 1);
        set_clock("2026-03-03T12:00:00Z");
        co_await run_job();
        co_await users_->remove(anna.user_id, {}, anna.user_id);
        const auto seen = co_await challenges_->get(ben, running);
        EXPECT_EQ(seen.creator.username, "deleted user");
        EXPECT_EQ(seen.participants_count, 1);
        EXPECT_EQ((co_await ranking(ben, running)).size(), 1U);
        EXPECT_EQ((co_await challenges_->get(ben, alone)).status, Status::cancelled);
        const auto results = co_await challenges_->get(ben, over);
        EXPECT_EQ(results.winner.value().username, "deleted user");
        EXPECT_EQ((co_await ranking(ben, over)).at(0).username, "deleted user");
        EXPECT_EQ((co_await ranking(ben, over)).at(0).full_name, std::nullopt);
    });
}

TEST_P(ChallengesTest, ListsAreFilteredAndSorted) {
    run([&]() -> db::Task<void> {
        const auto anna = co_await new_user("anna");
        std::vector<std::int64_t> ids;
        for (const auto* start : {"2026-03-05", "2026-03-01", "2026-03-03"}) {
            auto input = fresh(Type::daily_goal, start, "2026-03-10");
            input.name.value = std::string{"Été % "} + start;
            ids.push_back((co_await challenges_->create(anna, {}, input)).id);
            advance(1000);
        }
        const auto ids_of = [](const Listed& listed) {
            std::vector<std::int64_t> found;
            for (const auto& item : listed.items) found.push_back(item.id);
            return found;
        };
        using Ids = std::vector<std::int64_t>;
        EXPECT_EQ(ids_of(co_await challenges_->list(anna, {})), (Ids{ids[2], ids[1], ids[0]}));
        ListQuery query;
        query.sort = Sort{.field = SortField::start_date, .descending = false};
        EXPECT_EQ(ids_of(co_await challenges_->list(anna, query)), (Ids{ids[1], ids[2], ids[0]}));
        query.status = Status::upcoming;
        EXPECT_EQ(ids_of(co_await challenges_->list(anna, query)), (Ids{ids[2], ids[0]}));
        query.status = std::nullopt;
        query.q.emplace().value = "ÉTÉ % 2026-03-0";
        query.limit.value.value = 1;
        query.skip.value.value = 1;
        const auto page = co_await challenges_->list(anna, query);
        EXPECT_EQ(ids_of(page), (Ids{ids[2]}));
        EXPECT_EQ(page.total, 3);
        co_await challenges_->cancel(anna, {}, ids[1]);
        EXPECT_EQ(ids_of(co_await challenges_->list_mine(anna, {})), (Ids{ids[0], ids[2], ids[1]}));
        set_clock("2026-03-04T12:00:00Z");
        EXPECT_EQ(ids_of(co_await challenges_->list_mine(anna, {})), (Ids{ids[2], ids[0], ids[1]})) << "those that run come first";
        MineQuery mine;
        mine.status = Status::cancelled;
        EXPECT_EQ(ids_of(co_await challenges_->list_mine(anna, mine)), (Ids{ids[1]}));
    });
}

} // namespace
} // namespace focus::challenges
