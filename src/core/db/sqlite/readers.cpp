#include "core/db/sqlite/readers.hpp"

#include "core/base/error.hpp"

namespace focus::db::sqlite {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto k_busy_timeout = 2000ms; // readers of a WAL database wait only for its recovery

} // namespace

Readers::Readers(std::string path, int threads, ReaderLimits limits, const StatementMetrics& metrics)
    : path_{std::move(path)}, limits_{limits}, metrics_{metrics} {
    threads_.reserve(static_cast<std::size_t>(threads));
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { loop(); });
}

Readers::~Readers() { close(); }

void Readers::submit(Hop& hop) {
    {
        std::unique_lock lock{mutex_};
        if (closing_) {
            hop.fail(std::make_exception_ptr(unavailable("sqlite: the database is being closed")));
        } else if (queue_.size() >= limits_.max_queue) {
            hop.fail(std::make_exception_ptr(unavailable("sqlite: the readers' queue is full")));
        } else {
            queue_.push_back({&hop, Clock::now()});
            lock.unlock(); // so that the thread doesn't wake up to a locked door
            wake_.notify_one();
            return;
        }
    }
    hop.waiter.resume();
}

void Readers::close() {
    {
        const std::lock_guard lock{mutex_};
        closing_ = true;
        wake_.notify_all();
    }
    for (auto& thread : threads_) {
        if (thread.joinable()) thread.join();
    }
}

int Readers::busy() const {
    const std::lock_guard lock{mutex_};
    return busy_;
}

int Readers::waiting() const {
    const std::lock_guard lock{mutex_};
    return static_cast<int>(queue_.size());
}

void Readers::loop() {
    std::unique_ptr<Connection> connection; // opened when first needed, and again after an outage
    std::unique_lock lock{mutex_};
    for (;;) {
        wake_.wait(lock, [this] { return closing_ || !queue_.empty(); });
        if (queue_.empty()) return;
        const auto next = queue_.front();
        queue_.pop_front();
        ++busy_;
        lock.unlock();
        metrics_.active(+1);
        serve(next, connection);
        metrics_.active(-1);
        lock.lock();
        --busy_;
    }
}

void Readers::serve(const Waiting& waiting, std::unique_ptr<Connection>& connection) {
    Hop& hop = *waiting.hop;
    const auto now = Clock::now();
    if (now - waiting.since > limits_.queue) {
        hop.fail(std::make_exception_ptr(unavailable("sqlite: waited too long for a reader")));
    } else {
        try {
            if (!connection) connection = std::make_unique<Connection>(path_, Access::read_only, k_busy_timeout, false);
            connection->set_deadline(now + limits_.statement);
            if (!hop.run_on(*connection) && hop.outage) connection.reset();
        } catch (const SqliteError& error) {
            hop.fail(public_error(error));
        }
    }
    hop.waiter.resume();
}

} // namespace focus::db::sqlite
