#include "core/instances/instances.hpp"

namespace focus::instances {

namespace {

constexpr EpochMs k_forgotten_ms = k_hour_ms;

constexpr db::Statement k_note{
    "instances.beat",
    db::Sql{"INSERT INTO instances (name, version, started_at_ms, seen_at_ms) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
            "version = excluded.version, started_at_ms = excluded.started_at_ms, seen_at_ms = excluded.seen_at_ms",
            "INSERT INTO instances (name, version, started_at_ms, seen_at_ms) VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE "
            "version = VALUES(version), started_at_ms = VALUES(started_at_ms), seen_at_ms = VALUES(seen_at_ms)"}};
constexpr db::Statement k_forget{"instances.forget", "DELETE FROM instances WHERE seen_at_ms < ?"};
constexpr db::Statement k_leave{"instances.leave", "DELETE FROM instances WHERE name = ?"};
constexpr db::Statement k_alive{"instances.alive",
                                "SELECT name, version, started_at_ms, seen_at_ms FROM instances WHERE seen_at_ms >= ? ORDER BY name"};

} // namespace

EpochMs system_now_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

db::Task<void> beat(db::Database& database, Instance instance) {
    const auto now = system_now_ms();
    std::vector<db::Command> commands;
    commands.push_back(db::Command::of(k_note, instance.name, instance.version, instance.started_at_ms, now));
    commands.push_back(db::Command::of(k_forget, now - k_forgotten_ms));
    co_await database.run(std::move(commands));
}

db::Task<void> leave(db::Database& database, std::string name) { co_await database.execute(k_leave, name); }

db::Task<std::vector<Instance>> alive(db::Session& session) {
    const auto result = co_await session.execute(k_alive, system_now_ms() - k_silent_ms);
    std::vector<Instance> found;
    for (const auto& row : result.rows)
        found.push_back({row.get<std::string>(0), row.get<std::string>(1), row.get<EpochMs>(2), row.get<EpochMs>(3)});
    co_return found;
}

} // namespace focus::instances
