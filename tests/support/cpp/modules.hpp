// All modules on a real database, as an instance of the service has them, for tests of one of them.
// A ModulesTest runs on SQLite and on MariaDB; its clock is fixed until the test moves it.
#pragma once

#include "app/wiring.hpp"
#include "support/cpp/core.hpp"
#include "support/cpp/database.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace focus::testing {

/// One instance's modules. Several may share a database and a bus, as the instances of a service do.
struct Instance : TestCore {
    Instance(db::Database& database, bus::Bus& bus, const Clock& clock, metrics::Registry& metrics, users::Defaults defaults);

    app::Modules modules;
};

/// Overriding user_defaults() changes the initial settings of accounts.
class ModulesTest : public db::testing::DatabaseTest {
  protected:
    void SetUp() override;
    void TearDown() override;

    virtual users::Defaults user_defaults() { return {}; }

    app::Modules& modules() { return instance_->modules; }
    mail::Outbox& outbox() { return instance_->outbox; }
    bus::Bus& bus() { return *bus_; }
    Clock& clock() { return clock_; }
    void set_clock(std::string_view rfc3339) { clock_.freeze(parse_rfc3339(rfc3339).value()); }
    /// Another instance on the same data and bus, with connections of its own.
    Instance& start_instance();

    /// A verified user, as a request of theirs has them.
    struct Person {
        std::string timezone = "UTC";
        Language language = Language::en;
        std::optional<std::int64_t> daily_limit_minutes = std::nullopt;
    };
    Caller make_user(Person person);
    Caller make_user() { return make_user(Person{}); }
    /// The caller after a change of their account.
    Caller refreshed(const Caller& caller);

    /// The rows of a statement without parameters, their columns joined by '|'.
    std::vector<std::string> rows(std::string sql);

  private:
    Clock clock_;
    std::unique_ptr<bus::Bus> bus_;
    std::unique_ptr<Instance> instance_;
    std::vector<std::unique_ptr<db::Database>> other_databases_;
    std::vector<std::unique_ptr<Instance>> others_;
    int named_ = 0;
};

} // namespace focus::testing
