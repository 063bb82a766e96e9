// Reminders and summaries on both engines: who is due when, once each, and the contents.
#include "features/reminders/service.hpp"

#include "core/base/error.hpp"
#include "features/reminders/module.hpp"
#include "support/cpp/modules.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace focus::reminders {
namespace {

constexpr db::Statement k_mails{"test.mails",
                                "SELECT type, recipient, dedup_key, sealed, language FROM outbox WHERE dedup_key IS NOT NULL ORDER BY id"};
constexpr db::Statement k_next{"test.next", "SELECT next_reminder_ms, next_summary_ms FROM reminders WHERE user_id = ?"};

class RemindersTest : public focus::testing::ModulesTest {
  protected:
    users::Defaults user_defaults() override { return {.daily_limit_ms = 2 * k_hour_ms}; }
    void SetUp() override {
        ModulesTest::SetUp();
        set_clock("2026-03-04T12:00:00Z"); // a Wednesday
        users_ = &modules().users;
        activities_ = &modules().activities;
        blocking_ = &modules().blocking;
        challenges_ = &modules().challenges;
        reminders_ = &modules().reminders;
        scheduler_ = std::make_unique<jobs::Scheduler>(database(), clock(), metrics(), jobs::Scheduler::Options{});
        add_jobs(*scheduler_, *reminders_);
    }

    void advance(EpochMs by) { clock().freeze(clock().now_ms() + by); }

    db::Task<Caller> new_user(std::string name, std::string zone = "UTC", Language language = Language::en) {
        const users::NewUser fresh{
            .email = name + "@example.org", .username = name, .is_verified = true, .language = language, .timezone = zone};
        const auto user = co_await database().transaction([&](db::Transaction& tx) { return users_->create(tx, fresh); });
        Caller caller;
        caller.user_id = user.id;
        caller.language = language;
        caller.zone = Zone::find(zone).value();
        co_return caller;
    }
    db::Task<void> record(Caller caller, std::string app, std::int64_t minutes, int days_ago = 0) {
        activities::NewActivity fresh;
        fresh.app_name.value = app;
        fresh.duration_minutes.value.ms = minutes * k_minute_ms;
        fresh.activity_date = json::Date{caller.zone.day_of(clock().now_ms()).plus(-days_ago)};
        co_await activities_->create(caller, {}, fresh);
    }
    db::Task<void> change(Caller caller, std::string profile) {
        co_await users_->update_profile(caller, {}, json::parse<users::UpdateProfile>(profile));
    }
    db::Task<void> run_jobs() {
        for (const auto* name : {"daily_reminders", "weekly_summaries"}) {
            const auto outcome = co_await scheduler_->run_now(name);
            EXPECT_EQ(outcome.error, std::nullopt);
        }
    }
    db::Task<std::vector<std::string>> mails() {
        std::vector<std::string> all;
        const auto result = co_await database().execute(k_mails);
        for (const auto& row : result.rows) all.push_back(row.get<std::string>(2));
        co_return all;
    }
    db::Task<mail::Values> values_of_last() {
        const auto result = co_await database().execute(k_mails);
        co_return outbox().open(result.rows.back().get<std::string>(3)).values;
    }
    db::Task<std::string> next_of(Caller caller, std::size_t column = 0) {
        const auto row = co_await database().find(k_next, caller.user_id);
        const auto at = row->get<std::optional<EpochMs>>(column);
        co_return at ? format_rfc3339(*at) : "never";
    }
    std::string key(std::string_view type, const Caller& caller, std::string_view day) {
        return std::string{type} + ":" + std::to_string(caller.user_id) + ":" + std::string{day};
    }

    users::Service* users_ = nullptr;
    activities::Service* activities_ = nullptr;
    blocking::Service* blocking_ = nullptr;
    challenges::Service* challenges_ = nullptr;
    Service* reminders_ = nullptr;
    std::unique_ptr<jobs::Scheduler> scheduler_;
};
FOCUS_TEST_ON_EACH_DATABASE(RemindersTest);

using Keys = std::vector<std::string>;

TEST_P(RemindersTest, EachAtHisOwnTimeAndOncePerDay) {
    run([&]() -> db::Task<void> {
        const auto paris = co_await new_user("paris", "Europe/Paris");
        const auto tokyo = co_await new_user("tokyo", "Asia/Tokyo");
        co_await record(paris, "Maps", 5);
        co_await record(tokyo, "Maps", 5);
        EXPECT_EQ(co_await next_of(paris), "2026-03-04T19:00:00.000Z");
        EXPECT_EQ(co_await next_of(paris, 1), "2026-03-09T07:00:00.000Z");
        EXPECT_EQ(co_await next_of(tokyo), "2026-03-05T11:00:00.000Z");
        set_clock("2026-03-04T18:59:59Z");
        co_await run_jobs();
        EXPECT_EQ(co_await mails(), Keys{});
        set_clock("2026-03-04T19:00:00Z");
        co_await run_jobs();
        co_await run_jobs();
        Keys expected{key("daily_reminder", paris, "2026-03-04")};
        EXPECT_EQ(co_await mails(), expected);
        EXPECT_EQ(co_await next_of(paris), "2026-03-05T19:00:00.000Z");
        set_clock("2026-03-05T18:00:00Z"); // seven hours late for tokyo
        co_await run_jobs();
        expected.push_back(key("daily_reminder", tokyo, "2026-03-05"));
        EXPECT_EQ(co_await mails(), expected);
        co_await change(paris, R"({"reminder_time":"07:30"})"); // today's has passed
        EXPECT_EQ(co_await next_of(paris), "2026-03-06T06:30:00.000Z");
        co_await change(tokyo, R"({"timezone":"America/New_York"})");
        EXPECT_EQ(co_await next_of(tokyo), "2026-03-06T01:00:00.000Z");
        set_clock("2026-03-06T01:00:00Z");
        co_await run_jobs();
        EXPECT_EQ(co_await mails(), expected) << "in New York it is still the 5th, for which tokyo had his";
    });
}

TEST_P(RemindersTest, NotToThoseWhoDontWantOrDontUseIt) {
    run([&]() -> db::Task<void> {
        const auto off = co_await new_user("off");
        const auto gone = co_await new_user("gone");
        const auto idle = co_await new_user("idle");
        const auto back = co_await new_user("back");
        const auto never = co_await new_user("never");
        for (const auto& user : {off, gone, back}) co_await record(user, "Maps", 5, 30);
        co_await record(idle, "Maps", 5, 31);
        co_await change(off, R"({"email_reminders":false})");
        EXPECT_EQ(co_await next_of(off), "never");
        co_await users_->remove(gone.user_id, {}, gone.user_id);
        set_clock("2026-03-04T20:00:00Z");
        co_await change(back, R"({"bio":"saved just when it was due"})");
        co_await run_jobs();
        EXPECT_EQ(co_await mails(), Keys{key("daily_reminder", back, "2026-03-04")});
        EXPECT_EQ(co_await next_of(never), "2026-03-05T20:00:00.000Z") << "he may begin tomorrow";
        co_await change(off, R"({"email_reminders":true})");
        EXPECT_EQ(co_await next_of(off), "2026-03-05T20:00:00.000Z");
    });
}

TEST_P(RemindersTest, AMonthHourByHour) {
    run([&]() -> db::Task<void> {
        std::vector<Caller> people;
        for (const auto* zone :
             {"UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Pacific/Kiritimati", "Asia/Kathmandu"}) {
            people.push_back(co_await new_user("user" + std::to_string(people.size()), zone));
            co_await record(people.back(), "Maps", 5);
        }
        for (int hour = 0; hour < 30 * 24; ++hour) {
            advance(k_hour_ms);
            if (hour % 5 == 3) continue; // no instance runs
            co_await run_jobs();
            if (hour % 24 == 0) {
                for (const auto& person : people) co_await record(person, "Maps", 1);
            }
        }
        co_await run_jobs();
        const auto all = co_await mails();
        EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), all.size());
        for (const auto& person : people) {
            const auto count = [&](std::string_view type) {
                const auto start = std::string{type} + ":" + std::to_string(person.user_id) + ":";
                return std::ranges::count_if(all, [&](const auto& mail) { return mail.starts_with(start); });
            };
            EXPECT_EQ(count("daily_reminder"), 30) << person.zone.name();
            EXPECT_EQ(count("weekly_summary"), 4) << person.zone.name();
        }
    });
}

TEST_P(RemindersTest, TwoInstancesQueueEachMailOnce) {
    run([&]() -> db::Task<void> {
        for (int i = 0; i < 450; ++i) co_await record(co_await new_user("user" + std::to_string(i)), "Maps", 5);
        set_clock("2026-03-04T20:00:00Z");
        jobs::Scheduler other{database(), clock(), metrics(), {}};
        other.add({.name = "twin", .schedule = jobs::Schedule::every(std::chrono::minutes{1}), .body = [&](const jobs::Run& run) {
                       return reminders_->run(Kind::daily_reminder, run);
                   }});
        co_await db::testing::together(2, [&](int instance) -> db::Task<void> {
            if (instance == 0)
                co_await run_jobs();
            else
                co_await other.run_now("twin");
        });
        EXPECT_EQ((co_await mails()).size(), 450U);
    });
}

TEST_P(RemindersTest, WhatStandsInThem) {
    run([&]() -> db::Task<void> {
        const auto anna = co_await new_user("anna", "UTC", Language::fr);
        blocking::NewBlockedApp limit;
        limit.app_name.value = "Instagram";
        limit.daily_limit_minutes.value.ms = 30 * k_minute_ms;
        co_await blocking_->create(anna, {}, limit);
        co_await record(anna, "Instagram", 80, 1);
        co_await record(anna, "instagram", 5, 1);
        co_await record(anna, "Maps", 15, 1);
        co_await record(anna, "Maps", 50, 2);
        set_clock("2026-03-04T20:00:00Z");
        co_await run_jobs();
        auto values = co_await values_of_last();
        EXPECT_EQ(values.texts.at("name"), "anna");
        EXPECT_EQ(values.texts.at("total"), "1 h 40 min");
        EXPECT_EQ(values.texts.at("change"), "+100 %");
        EXPECT_EQ(values.texts.at("daily_limit"), "2 h");
        EXPECT_EQ(values.lists.at("apps").size(), 2U);
        EXPECT_EQ(values.lists.at("apps").at(0).at("time"), "1 h 25 min");
        EXPECT_EQ(values.lists.at("limits").at(0).at("limit"), "30 min");

        challenges::NewChallenge challenge;
        challenge.name.value = "No maps";
        challenge.target_apps.names = {"Maps"};
        challenge.start_date.value = Day::parse("2026-03-01").value();
        challenge.end_date.value = Day::parse("2026-03-20").value();
        co_await challenges_->create(anna, {}, challenge);
        set_clock("2026-03-08T12:00:00Z"); // a Sunday
        for (int days_ago = 0; days_ago < 3; ++days_ago) co_await record(anna, "Maps", 60, days_ago);
        co_await record(anna, "Maps", 150, 9);
        set_clock("2026-03-09T08:00:00Z");
        co_await run_jobs();
        values = co_await values_of_last();
        EXPECT_EQ((co_await mails()).back(), key("weekly_summary", anna, "2026-03-09"));
        EXPECT_EQ(values.texts.at("period"), "2 au 8 mars");
        EXPECT_EQ(values.texts.at("total"), "5 h 30 min");
        EXPECT_EQ(values.texts.at("previous_total"), "2 h 30 min");
        EXPECT_TRUE(values.texts.at("action_url").ends_with("/trends?end=2026-03-08")) << values.texts.at("action_url");
        EXPECT_EQ(values.texts.at("change"), "+120 %");
        EXPECT_EQ(values.texts.at("less"), "");
        EXPECT_EQ(values.texts.at("streak"), "3");
        EXPECT_EQ(values.lists.at("apps").at(0).at("app_name"), "Maps");
        EXPECT_EQ(values.lists.at("apps").at(0).at("change"), "+63 %");
        EXPECT_EQ(values.lists.at("apps").at(1).at("change"), "");
        EXPECT_EQ(values.lists.at("challenges").at(0).at("challenge_name"), "No maps");
        EXPECT_EQ(values.lists.at("challenges").at(0).at("participants"), "1");
    });
}

TEST_P(RemindersTest, ALongStreakIsReadStepByStep) {
    run([&]() -> db::Task<void> {
        const auto anna = co_await new_user("anna");
        set_clock("2026-03-08T12:00:00Z");
        for (int days_ago = 0; days_ago < 75; ++days_ago) co_await record(anna, "Maps", 60, days_ago);
        co_await record(anna, "Maps", 121, 75);
        set_clock("2026-03-09T08:00:00Z");
        co_await run_jobs();
        EXPECT_EQ((co_await values_of_last()).texts.at("streak"), "75");
    });
}

TEST_P(RemindersTest, TheMailedLinkTurnsThemOff) {
    run([&]() -> db::Task<void> {
        const auto anna = co_await new_user("anna");
        const auto url = outbox().options().links.url(anna.user_id);
        const auto token = url.substr(url.find('=') + 1);
        EXPECT_TRUE((co_await reminders_->owner_of(token)).value().email_reminders);
        EXPECT_FALSE(co_await reminders_->unsubscribe(token + "x", {}));
        EXPECT_TRUE(co_await reminders_->unsubscribe(token, {}));
        EXPECT_TRUE(co_await reminders_->unsubscribe(token, {})) << "again";
        EXPECT_FALSE((co_await users_->get(anna.user_id)).email_reminders);
        EXPECT_EQ(co_await next_of(anna), "never");
        EXPECT_EQ(co_await next_of(anna, 1), "never");
    });
}

} // namespace
} // namespace focus::reminders
