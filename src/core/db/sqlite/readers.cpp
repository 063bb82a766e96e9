#include "core/db/sqlite/readers.hpp"

#include "core/base/error.hpp"

#include <algorithm>

namespace focus::db::sqlite {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto k_busy_timeout = 2000ms; // readers of a WAL database wait only for its recovery

} // namespace

Readers::Readers(std::string path, int threads, ReaderLimits limits, const StatementMetrics& metrics, Damage& damage)
    : path_{std::move(path)}, limits_{limits}, most_of_one_{std::max(1, threads - 1)}, metrics_{metrics}, damage_{damage} {
    threads_.reserve(static_cast<std::size_t>(threads));
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { loop(); });
}

Readers::~Readers() { close(); }

void Readers::submit(Asker asker, Hop& hop) {
    {
        std::unique_lock lock{mutex_};
        if (closing_) {
            hop.fail(std::make_exception_ptr(unavailable("sqlite: the database is being closed")));
        } else if (!queue_.has_room(asker, limits_.max_queue)) {
            hop.fail(std::make_exception_ptr(unavailable("sqlite: the readers' queue is full")));
        } else {
            queue_.push(asker, {asker, &hop, Clock::now()});
            lock.unlock(); // so that the woken thread doesn't wait for the mutex
            wake_.notify_one();
            return;
        }
    }
    hop.done.complete();
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
    return static_cast<int>(busy_.size());
}

int Readers::waiting() const {
    const std::lock_guard lock{mutex_};
    return static_cast<int>(queue_.size());
}

void Readers::loop() {
    std::unique_ptr<Connection> connection; // opened when first needed, and again after an outage
    std::unique_lock lock{mutex_};
    for (;;) {
        std::optional<Waiting> waiting;
        wake_.wait(lock, [this, &waiting] {
            waiting = next();
            return waiting || (closing_ && queue_.empty());
        });
        if (!waiting) return;
        busy_.push_back(waiting->asker);
        lock.unlock();
        metrics_.active(+1);
        serve(*waiting, connection);
        metrics_.active(-1);
        lock.lock();
        busy_.erase(std::ranges::find(busy_, waiting->asker));
        if (closing_) wake_.notify_all(); // threads that wait for the queue to become empty
    }
}

std::optional<Readers::Waiting> Readers::next() {
    return queue_.pop([this](Asker asker) { return asker == k_service || std::ranges::count(busy_, asker) < most_of_one_; });
}

void Readers::serve(const Waiting& waiting, std::unique_ptr<Connection>& connection) {
    Hop& hop = *waiting.hop;
    const auto now = Clock::now();
    if (now - waiting.since > limits_.queue) {
        hop.fail(std::make_exception_ptr(unavailable("sqlite: waited too long for a reader")));
    } else {
        try {
            if (!connection) {
                connection = std::make_unique<Connection>(path_, Access::read_only, k_busy_timeout, false);
                connection->report_to(damage_);
            }
            connection->set_deadline(now + limits_.statement);
            if (!hop.run_on(*connection) && hop.outage) connection.reset();
        } catch (const SqliteError& error) {
            hop.fail(public_error(error));
        }
    }
    hop.done.complete();
}

} // namespace focus::db::sqlite
