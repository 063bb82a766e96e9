// The one thread that writes to a SQLite file, and its queue, in which askers have turns. Transactions that wait are run one
// after another, each in a savepoint of one outer transaction, and made durable together by one COMMIT (one fsync): group commit.
// Always holds: success is reported only after that COMMIT succeeded; a transaction that fails undoes only itself;
// a transaction holds the writer no longer than the time limit.
#pragma once

#include "core/db/fair_queue.hpp"
#include "core/db/sqlite/connection.hpp"
#include "core/db/sqlite/hop.hpp"
#include "core/db/statement_metrics.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace focus::db::sqlite {

/// One transaction's place in the queue. Its fields belong to the Writer.
struct Visit {
    Visit(Asker whose, bool each_alone) : asker{whose}, autocommit{each_alone} {}

    enum class State { fresh, queued, active, over };

    const Asker asker;
    const bool autocommit; // statements outside a transaction: each stands alone, and the first hop is the last
    State state = State::fresh;
    Hop* next = nullptr;
    bool dropped = false; // the coroutine gave up: undo
    SteadyTime queued_at;
};

struct WriterLimits {
    std::chrono::milliseconds transaction; // from its turn to its end
    std::chrono::milliseconds queue;       // waiting for its turn
    std::size_t max_queue;
};

class Writer {
  public:
    /// Opens the file, making it when it isn't there. Throws SqliteError.
    Writer(std::string path, WriterLimits limits, const StatementMetrics& metrics, Damage& damage);
    ~Writer();

    /// Queues a transaction's next hop; completes it when it is answered (the last hop of a transaction: after
    /// the COMMIT). The hop must stay where it is until then.
    void submit(const std::shared_ptr<Visit>& visit, Hop& hop);
    /// Ends a transaction without a commit; returns at once.
    void drop(const std::shared_ptr<Visit>& visit);

    /// Refuses new transactions, finishes those that wait, and ends the thread within a few seconds.
    void close();

    [[nodiscard]] bool is_busy() const;
    [[nodiscard]] int waiting() const;

  private:
    void loop();
    void serve_group();
    bool begin();
    std::unique_ptr<Connection> open(bool create) const;
    void commit(std::vector<Hop*>& group);
    std::shared_ptr<Visit> next_visit();
    void serve(Visit& visit, std::vector<Hop*>& group);
    Hop* take_hop(Visit& visit, SteadyTime limit);
    void end_visit(Visit& visit);
    void undo_one();
    void abandon_group(Visit& visit, std::vector<Hop*>& group, const SqliteError& error);
    void refuse_queue(const std::string& why, bool only_overdue);
    static void answer(Hop& hop) { hop.done.complete(); }
    static void answer_all(std::vector<Hop*>& group, const std::exception_ptr& why, bool restart);

    const std::string path_;
    const WriterLimits limits_;
    const StatementMetrics& metrics_;
    Damage& damage_;
    std::unique_ptr<Connection> connection_; // the thread's; empty after an outage, until the next group reopens it
    bool outage_ = false;                    // the thread's: what undid the group

    mutable std::mutex mutex_; // guards all below, and the transactions' fields
    std::condition_variable wake_;
    FairQueue<std::shared_ptr<Visit>> queue_;
    bool serving_ = false;
    bool closing_ = false;
    SteadyTime close_by_;

    std::thread thread_;
};

} // namespace focus::db::sqlite
