// The threads that read a SQLite file, in parallel, and their common queue.
// Always holds: a reader sees every commit that was acknowledged before its statement began.
#pragma once

#include "core/db/sqlite/connection.hpp"
#include "core/db/sqlite/hop.hpp"
#include "core/db/statement_metrics.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace focus::db::sqlite {

struct ReaderLimits {
    std::chrono::milliseconds statement;
    std::chrono::milliseconds queue; // waiting for a reader
    std::size_t max_queue;
};

class Readers {
  public:
    Readers(std::string path, int threads, ReaderLimits limits, const StatementMetrics& metrics);
    ~Readers();

    /// Runs the hop's commands and resumes its waiter. The hop must stay where it is until then.
    void submit(Hop& hop);
    /// Refuses new hops, finishes those that wait and ends the threads.
    void close();

    [[nodiscard]] int busy() const;
    [[nodiscard]] int waiting() const;

  private:
    struct Waiting {
        Hop* hop;
        SteadyTime since;
    };

    void loop();
    void serve(const Waiting& waiting, std::unique_ptr<Connection>& connection);

    const std::string path_;
    const ReaderLimits limits_;
    const StatementMetrics& metrics_;

    mutable std::mutex mutex_; // guards all below
    std::condition_variable wake_;
    std::deque<Waiting> queue_;
    int busy_ = 0;
    bool closing_ = false;

    std::vector<std::thread> threads_;
};

} // namespace focus::db::sqlite
