#include "core/instances/instances.hpp"

#include "core/db/query.hpp"

namespace focus::instances {

namespace {

constexpr EpochMs k_forgotten_ms = k_hour_ms;

constexpr auto k_note =
    db::insert<Instance>("instances.beat", "instances", {},
                         " ON CONFLICT (name) DO UPDATE SET version = excluded.version, started_at_ms = excluded.started_at_ms, "
                         "seen_at_ms = excluded.seen_at_ms",
                         " ON DUPLICATE KEY UPDATE version = VALUES(version), started_at_ms = VALUES(started_at_ms), "
                         "seen_at_ms = VALUES(seen_at_ms)");
constexpr db::Statement k_forget{"instances.forget", "DELETE FROM instances WHERE seen_at_ms < ?"};
constexpr db::Statement k_leave{"instances.leave", "DELETE FROM instances WHERE name = ?"};
constexpr auto k_alive = db::select<Instance>("instances.alive", "SELECT * FROM instances WHERE seen_at_ms >= ? ORDER BY name");

} // namespace

db::Task<void> beat(db::Database& database, Instance instance) {
    instance.seen_at_ms = system_now_ms();
    co_await database.all(k_note.affected(instance), db::affected(k_forget, instance.seen_at_ms - k_forgotten_ms));
}

db::Task<void> leave(db::Database& database, std::string name) { co_await database.execute(k_leave, name); }

db::Task<std::vector<Instance>> alive(db::Session& session) { co_return co_await session.get(k_alive.all(system_now_ms() - k_silent_ms)); }

} // namespace focus::instances
