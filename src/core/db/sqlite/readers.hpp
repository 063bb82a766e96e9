// The threads that read a SQLite file, in parallel, and their common queue, in which askers have turns.
// Always holds: one asker leaves a reader to the others; a reader sees every commit that was acknowledged before its statement began.
#pragma once

#include "core/db/fair_queue.hpp"
#include "core/db/sqlite/connection.hpp"
#include "core/db/sqlite/hop.hpp"
#include "core/db/statement_metrics.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace focus::db::sqlite {

struct ReaderLimits {
    std::chrono::milliseconds statement;
    std::chrono::milliseconds queue; // waiting for a reader
    std::size_t max_queue;
};

class Readers {
  public:
    Readers(std::string path, int threads, ReaderLimits limits, const StatementMetrics& metrics, Damage& damage);
    ~Readers();

    /// Runs the hop's commands and completes it. The hop must stay where it is until then.
    void submit(Asker asker, Hop& hop);
    /// Refuses new hops, finishes those that wait and ends the threads.
    void close();

    [[nodiscard]] int busy() const;
    [[nodiscard]] int waiting() const;

  private:
    struct Waiting {
        Asker asker;
        Hop* hop;
        SteadyTime since;
    };

    void loop();
    std::optional<Waiting> next();
    void serve(const Waiting& waiting, std::unique_ptr<Connection>& connection);

    const std::string path_;
    const ReaderLimits limits_;
    const int most_of_one_; // readers that work for one asker
    const StatementMetrics& metrics_;
    Damage& damage_;

    mutable std::mutex mutex_; // guards all below
    std::condition_variable wake_;
    FairQueue<Waiting> queue_;
    std::vector<Asker> busy_; // for whom the busy readers work
    bool closing_ = false;

    std::vector<std::thread> threads_;
};

} // namespace focus::db::sqlite
