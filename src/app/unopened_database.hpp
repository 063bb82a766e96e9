// A Database without a real one, for commands that only read declarations (routes, the OpenAPI document).
// Always holds: every function that would run a statement throws std::logic_error.
#pragma once

#include "core/db/database.hpp"
#include "core/db/migration_session.hpp"

#include <stdexcept>

namespace focus::app {

class UnopenedDatabase final : public db::Database {
  public:
    db::Task<std::vector<db::Result>> run(std::vector<db::Command>) override { fail(); }
    [[nodiscard]] db::Dialect dialect() const noexcept override { return db::Dialect::sqlite; }
    db::Task<void> run_transaction(std::function<db::Task<void>(db::Transaction&)>) override { fail(); }
    [[nodiscard]] db::PoolStatus pool_status() const override { return {}; }
    [[nodiscard]] db::Task<std::unique_ptr<db::MigrationSession>> migration_session() override { fail(); }
    void close() override {}

  private:
    [[noreturn]] static void fail() { throw std::logic_error{"a statement of a command that opens no database"}; }
};

} // namespace focus::app
