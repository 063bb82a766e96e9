// The MySQL engine: a pool per I/O thread; one round trip per run(), the transaction's own statements included.
#pragma once

#include "core/db/engine.hpp"
#include "core/db/mysql/pool.hpp"
#include "core/db/url.hpp"

namespace focus::db::mysql {

class MysqlDatabase final : public EngineDatabase {
  public:
    MysqlDatabase(const MysqlUrl& url, const Options& options, std::vector<boost::asio::any_io_executor> executors,
                  metrics::Registry& metrics);
    ~MysqlDatabase() override;

    Task<std::vector<Result>> run(std::vector<Command> commands) override;
    Task<void> run_transaction(std::function<Task<void>(Transaction&)> body) override;
    [[nodiscard]] Dialect dialect() const noexcept override { return Dialect::mysql; }
    [[nodiscard]] PoolStatus pool_status() const override;
    [[nodiscard]] Task<std::unique_ptr<MigrationSession>> migration_session() override;
    void close() override;

  protected:
    [[nodiscard]] std::unique_ptr<EngineTransaction> begin(const boost::asio::any_io_executor& executor) override;
    [[nodiscard]] std::chrono::milliseconds patience() const noexcept override { return common_->settings.statement_timeout; }

  private:
    /// The pool of the thread that `executor` belongs to; null when it is none of ours.
    [[nodiscard]] Pool* pool_of(const boost::asio::any_io_executor& executor) const;
    Task<std::vector<Result>> run_here(Pool& pool, Asker asker, std::vector<Command> commands);

    std::shared_ptr<Common> common_;
    int pool_size_;
    std::vector<std::shared_ptr<Pool>> pools_;
};

} // namespace focus::db::mysql
