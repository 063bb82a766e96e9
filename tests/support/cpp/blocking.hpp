// For tests of limits: a user's actions on limits and apps, and the notifications they get.
#pragma once

#include "features/blocking/service.hpp"
#include "features/notifications/push.hpp"
#include "support/cpp/modules.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <format>
#include <optional>
#include <string>
#include <vector>

namespace focus::blocking::testing {

inline constexpr auto k_all_days = R"(["mon","tue","wed","thu","fri","sat","sun"])";

class BlockingTest : public focus::testing::ModulesTest {
  protected:
    void SetUp() override {
        ModulesTest::SetUp();
        bus().subscribe(std::string{notifications::k_push_topic},
                        [this](std::string_view payload) { pushed.push_back(notifications::decode(payload).value()); });
    }
    Service& service() { return modules().blocking; }

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
            const auto made = co_await modules().activities.create(caller, {}, json::parse<activities::NewActivity>(body));
            co_return made.id;
        });
    }
    void change(const Caller& caller, std::int64_t id, const std::string& body) {
        run([&]() -> db::Task<void> {
            co_await modules().activities.update(caller, {}, id, json::parse<activities::UpdateActivity>(body));
        });
    }
    void erase(const Caller& caller, std::int64_t id) {
        run([&]() -> db::Task<void> { co_await modules().activities.remove(caller, {}, id); });
    }
    std::optional<EpochMs> announce_due() {
        return run([&]() -> db::Task<std::optional<EpochMs>> { return service().schedules().announce_due(); });
    }
    /// "limit_warning Instagram: 80 % …" of all notifications stored for the user, oldest first.
    std::vector<std::string> told(const Caller& caller) {
        auto list = run([&]() -> db::Task<notifications::Listed> {
            return modules().notifications.list(caller, {.after_id = {{0}}, .limit = {{100}}});
        });
        std::vector<std::string> titles;
        for (const auto& item : list.items) titles.push_back(item.title);
        return titles;
    }
    std::vector<std::string> mails() { return rows("SELECT type, recipient FROM outbox ORDER BY id"); }
    std::vector<std::string> audited(const std::string& action) {
        return rows("SELECT user_id, resource_id FROM audit_log WHERE action = '" + action + "' ORDER BY id");
    }

    /// Records a use at one of several instances.
    static db::Task<void> post(app::Modules& at, Caller caller, std::string body) {
        co_await at.activities.create(caller, {}, json::parse<activities::NewActivity>(body));
    }
    /// Runs tasks concurrently; each must succeed.
    void run_at_once(std::vector<db::Task<void>> tasks) {
        run([&]() -> db::Task<void> {
            const auto executor = co_await boost::asio::this_coro::executor;
            auto left = tasks.size();
            for (auto& task : tasks) {
                boost::asio::co_spawn(executor, std::move(task), [&left](std::exception_ptr error) {
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
    }

    std::vector<notifications::Push> pushed;
};

} // namespace focus::blocking::testing
