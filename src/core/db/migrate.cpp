#include "core/db/migrate.hpp"

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/db/migration_session.hpp"
#include "core/db/migration_steps.hpp"
#include "core/db/query.hpp"

#include <algorithm>
#include <map>

namespace focus::db {

namespace {

struct Applied {
    int number = 0;
    std::string name;
    std::int64_t applied_at_ms = 0;
};

std::string insert_applied(const Migration& migration) {
    return std::format("INSERT INTO schema_migrations (number, name, applied_at_ms) VALUES ({}, '{}', {})", migration.number,
                       migration.name, system_now_ms());
}

std::string title(const Migration& migration) { return std::format("{:04}_{}", migration.number, migration.name); }

Task<bool> has_table(MigrationSession& session) {
    const auto found = co_await session.run(
        session.dialect() == Dialect::sqlite
            ? "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'"
            : "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'schema_migrations'");
    co_return !found.rows.empty();
}

Task<std::map<int, Applied>> read_applied(MigrationSession& session) {
    std::map<int, Applied> applied;
    const auto found = co_await session.run("SELECT number, name, applied_at_ms FROM schema_migrations");
    for (auto& row : read_rows<Applied>(found)) applied.emplace(row.number, std::move(row));
    co_return applied;
}

void refuse_newer(const std::map<int, Applied>& applied, std::span<const Migration> migrations) {
    for (const auto& [number, what] : applied) {
        if (std::ranges::find(migrations, number, &Migration::number) == migrations.end())
            throw std::runtime_error{std::format("the database has migration {:04}_{}, which this version doesn't know: it was made by a "
                                                 "newer version; upgrade this server",
                                                 number, what.name)};
    }
}

/// The statements of one migration inside its transaction, which is left open for the caller to end.
Task<void> run_statements(MigrationSession& session, Migration migration) {
    int at = 0;
    for (const auto& statement : split_statements(migration.sql)) {
        ++at;
        try {
            co_await session.run(statement);
        } catch (const std::exception& error) {
            throw std::runtime_error{migration_failure(title(migration), at, statement, error.what())};
        }
    }
    co_await session.run(insert_applied(migration));
}

/// Applies the migration unless another process has done so meanwhile.
Task<bool> apply(MigrationSession& session, Migration migration) {
    co_await session.begin();
    std::exception_ptr failure;
    bool done = false;
    try {
        if (!(co_await read_applied(session)).contains(migration.number)) {
            co_await run_statements(session, migration);
            done = true;
        }
        co_await session.commit();
    } catch (...) {
        failure = std::current_exception();
    }
    if (!failure) co_return done;
    try {
        co_await session.roll_back();
    } catch (const std::exception& error) {
        log::warning("a failed migration could not be rolled back", {{"cause", std::string_view{error.what()}}});
    }
    std::rethrow_exception(failure);
}

std::vector<Migration> pending_of(const std::map<int, Applied>& applied, std::span<const Migration> migrations) {
    std::vector<Migration> pending;
    for (const auto& migration : migrations)
        if (!applied.contains(migration.number)) pending.push_back(migration);
    return pending;
}

Task<void> create_table(MigrationSession& session) {
    co_await session.run(session.dialect() == Dialect::sqlite
                             ? "CREATE TABLE IF NOT EXISTS schema_migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, "
                               "applied_at_ms INTEGER NOT NULL)"
                             : "CREATE TABLE IF NOT EXISTS schema_migrations (number INT NOT NULL PRIMARY KEY, "
                               "name VARCHAR(100) NOT NULL, applied_at_ms BIGINT NOT NULL) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4");
}

/// Applies the list in order, as `apply_one` does it.
template <class F>
Task<int> apply_all(std::vector<Migration> pending, MigrationListener listener, F apply_one) {
    MigrationProgress progress{.at = 0, .of = static_cast<int>(pending.size())};
    int count = 0;
    for (const auto& migration : pending) {
        ++progress.at;
        if (listener) listener(progress);
        if (!(co_await apply_one(migration))) continue;
        ++count;
        log::info("migration applied", {{"migration", std::string_view{title(migration)}}});
    }
    co_return count;
}

/// Under the lock: what another process has applied while this one waited for it counts.
Task<int> apply_in_steps(Database& database, MigrationSession& session, std::span<const Migration> migrations, MigrationListener listener) {
    MigrationSteps steps{database, session};
    co_await steps.lock([&listener] {
        if (listener) listener({});
    });
    co_return co_await steps.locked([&]() -> Task<int> {
        const auto applied = co_await read_applied(session);
        refuse_newer(applied, migrations);
        co_return co_await apply_all(pending_of(applied, migrations), listener, [&steps](Migration migration) -> Task<bool> {
            co_await steps.apply(migration.number, title(migration), split_statements(migration.sql), insert_applied(migration));
            co_return true;
        });
    });
}

} // namespace

std::vector<std::string> split_statements(std::string_view sql) {
    std::vector<std::string> statements;
    std::string current;
    while (!sql.empty()) {
        const auto end = sql.find('\n');
        auto line = sql.substr(0, end);
        sql.remove_prefix(end == std::string_view::npos ? sql.size() : end + 1);
        while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) line.remove_suffix(1);
        const auto first = line.find_first_not_of(" \t");
        if (first == std::string_view::npos || line.substr(first).starts_with("--")) continue;
        const bool last = line.back() == ';';
        if (last) line.remove_suffix(1);
        if (!current.empty()) current += '\n';
        current += line;
        if (last && !current.empty()) statements.push_back(std::exchange(current, {}));
    }
    if (!current.empty()) statements.push_back(std::move(current));
    return statements;
}

Task<int> migrate(Database& database, std::span<const Migration> migrations, MigrationListener listener) {
    const auto session = co_await database.migration_session();
    std::map<int, Applied> applied;
    if (co_await has_table(*session))
        applied = co_await read_applied(*session);
    else
        co_await create_table(*session);
    refuse_newer(applied, migrations);
    auto pending = pending_of(applied, migrations);
    if (pending.empty()) co_return 0;
    if (session->dialect() == Dialect::mysql) co_return co_await apply_in_steps(database, *session, migrations, std::move(listener));
    co_return co_await apply_all(std::move(pending), std::move(listener),
                                 [&session](Migration migration) { return apply(*session, migration); });
}

Task<std::vector<MigrationState>> migration_status(Database& database, std::span<const Migration> migrations) {
    const auto session = co_await database.migration_session();
    std::map<int, Applied> applied;
    if (co_await has_table(*session)) applied = co_await read_applied(*session);
    std::vector<MigrationState> states;
    for (const auto& migration : migrations) {
        const auto found = applied.find(migration.number);
        states.push_back({migration.number, std::string{migration.name},
                          found == applied.end() ? std::nullopt : std::optional{found->second.applied_at_ms}});
        if (found != applied.end()) applied.erase(found);
    }
    for (const auto& [number, what] : applied) states.push_back({number, what.name, what.applied_at_ms}); // of a newer version
    co_return states;
}

} // namespace focus::db
