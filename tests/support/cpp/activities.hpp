// For tests of activities and modules above them: a fresh database with users and services, and a fixed clock.
#pragma once

#include "features/activities/service.hpp"
#include "support/cpp/core.hpp"
#include "support/cpp/database.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace focus::activities::testing {

class ActivitiesTest : public db::testing::DatabaseTest {
  protected:
    void SetUp() override {
        DatabaseTest::SetUp();
        clock_.freeze(*parse_rfc3339("2026-06-15T12:00:00Z"));
        bus_ = bus::make_local_bus();
        parts_ = std::make_unique<focus::testing::TestCore>(database(), *bus_, clock_, metrics());
        users_ = std::make_unique<users::Service>(parts_->core, users::Defaults{});
        service_ = std::make_unique<Service>(parts_->core, *users_);
        caller_ = new_caller("ada");
    }
    void TearDown() override {
        service_.reset();
        users_.reset();
        parts_.reset();
        DatabaseTest::TearDown();
    }

    Caller new_caller(std::string name) {
        const auto user = run([&]() -> db::Task<users::User> {
            co_return co_await database().transaction([&](db::Transaction& tx) -> db::Task<users::User> {
                users::NewUser input;
                input.email = name + "@example.org";
                input.username = name;
                input.is_verified = true;
                co_return co_await users_->create(tx, input);
            });
        });
        Caller caller;
        caller.user_id = user.id;
        caller.is_verified = true;
        return caller;
    }
    void set_now(std::string_view rfc3339) { clock_.freeze(*parse_rfc3339(rfc3339)); }

    // Bodies are JSON, as clients send them.
    Activity record(std::string_view body) {
        return run([&]() -> db::Task<Activity> { co_return co_await service_->create(caller_, {}, json::parse<NewActivity>(body)); });
    }
    Activity change(std::int64_t id, std::string_view body) {
        return run(
            [&]() -> db::Task<Activity> { co_return co_await service_->update(caller_, {}, id, json::parse<UpdateActivity>(body)); });
    }
    void remove(std::int64_t id) {
        run([&]() -> db::Task<void> { co_await service_->remove(caller_, {}, id); });
    }
    BatchResult batch(std::string_view body) {
        return run([&]() -> db::Task<BatchResult> { co_return co_await service_->create_batch(caller_, {}, json::parse<NewBatch>(body)); });
    }
    Listed list(ListQuery query) {
        return run([&]() -> db::Task<Listed> { co_return co_await service_->list(caller_, query); });
    }
    Daily daily(Day day) {
        return run([&]() -> db::Task<Daily> { co_return co_await service_->daily(caller_, day); });
    }
    Daily daily(std::string_view day) { return daily(*Day::parse(day)); }

    Clock clock_;
    Caller caller_;
    std::unique_ptr<bus::Bus> bus_;
    std::unique_ptr<focus::testing::TestCore> parts_;
    std::unique_ptr<users::Service> users_;
    std::unique_ptr<Service> service_;
};

} // namespace focus::activities::testing
