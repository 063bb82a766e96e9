// The SQLite engine: one writer, several readers, all on threads of their own.
#pragma once

#include "core/db/engine.hpp"
#include "core/db/sqlite/readers.hpp"
#include "core/db/sqlite/writer.hpp"

namespace focus::db::sqlite {

class SqliteDatabase final : public EngineDatabase {
  public:
    SqliteDatabase(std::string path, const Options& options, metrics::Registry& metrics);
    ~SqliteDatabase() override;

    Task<std::vector<Result>> run(std::vector<Command> commands) override;
    [[nodiscard]] Dialect dialect() const noexcept override { return Dialect::sqlite; }
    [[nodiscard]] PoolStatus pool_status() const override;
    [[nodiscard]] Task<std::unique_ptr<MigrationSession>> migration_session() override;
    [[nodiscard]] std::string damage() override;
    void close() override;

  protected:
    [[nodiscard]] std::unique_ptr<EngineTransaction> begin(const boost::asio::any_io_executor& executor) override;
    [[nodiscard]] std::chrono::milliseconds patience() const noexcept override { return patience_; }

  private:
    std::string path_;
    std::chrono::milliseconds patience_;
    StatementMetrics metrics_;
    Damage damage_;
    Writer writer_;
    int reader_count_;
    Readers readers_;
};

} // namespace focus::db::sqlite
