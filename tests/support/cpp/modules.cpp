#include "support/cpp/modules.hpp"

#include <format>

namespace focus::testing {

Instance::Instance(db::Database& database, bus::Bus& bus, const Clock& clock, metrics::Registry& metrics, users::Defaults defaults)
    : TestCore{database, bus, clock, metrics},
      modules{core, {.jwt_secret = std::string(32, 's'), .refresh_key = std::string(32, 'r')}, defaults} {}

void ModulesTest::SetUp() {
    DatabaseTest::SetUp();
    set_clock("2026-05-04T12:00:00Z");
    bus_ = bus::make_local_bus();
    instance_ = std::make_unique<Instance>(database(), *bus_, clock_, metrics(), user_defaults());
}

void ModulesTest::TearDown() {
    for (const auto& other : other_databases_) other->close();
    io().restart();
    io().run_for(std::chrono::milliseconds{100});
    others_.clear();
    other_databases_.clear();
    instance_.reset();
    DatabaseTest::TearDown();
}

Instance& ModulesTest::start_instance() {
    auto& own = *other_databases_.emplace_back(open_again());
    return *others_.emplace_back(std::make_unique<Instance>(own, *bus_, clock_, metrics(), user_defaults()));
}

Caller ModulesTest::make_user(Person person) {
    const auto name = std::format("person{}", ++named_);
    const auto user = run([&]() -> db::Task<users::User> {
        co_return co_await database().transaction([&](db::Transaction& tx) -> db::Task<users::User> {
            auto made = co_await modules().users.create(tx, {.email = name + "@example.org",
                                                             .username = name,
                                                             .is_verified = true,
                                                             .language = person.language,
                                                             .timezone = person.timezone});
            if (person.daily_limit_minutes) {
                made.daily_limit_minutes = json::Minutes{*person.daily_limit_minutes * k_minute_ms};
                co_await modules().users.save(tx, made);
            }
            co_return made;
        });
    });
    return refreshed({.user_id = user.id});
}

Caller ModulesTest::refreshed(const Caller& caller) {
    const auto user = run([&]() -> db::Task<users::User> { co_return co_await modules().users.get(caller.user_id); });
    return {.user_id = user.id,
            .session_id = 1,
            .role = user.role,
            .is_verified = user.is_verified,
            .language = user.language,
            .zone = Zone::of(user.timezone)};
}

std::vector<std::string> ModulesTest::rows(std::string sql) {
    return run([&]() -> db::Task<std::vector<std::string>> {
        const auto result = co_await database().run_one(db::Command::composed("test", sql, {}));
        std::vector<std::string> lines;
        for (const auto& row : result.rows) {
            std::string line;
            for (std::size_t i = 0; i < row.size(); ++i) {
                if (i > 0) line += '|';
                if (row.is_null(i)) continue;
                try {
                    line += row.get<std::string>(i);
                } catch (const std::logic_error&) {
                    line += std::to_string(row.get<std::int64_t>(i));
                }
            }
            lines.push_back(std::move(line));
        }
        co_return lines;
    });
}

} // namespace focus::testing
