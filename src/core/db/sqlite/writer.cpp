#include "core/db/sqlite/writer.hpp"

#include "core/base/error.hpp"
#include "core/base/log.hpp"

namespace focus::db::sqlite {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::size_t k_max_group = 256;
constexpr auto k_max_group_time = 5ms;  // bounds what the first of a group waits for the others
constexpr auto k_busy_timeout = 1000ms; // for one attempt; the queue limit bounds the attempts
constexpr auto k_busy_pause = 5ms;
constexpr auto k_close_grace = 3s;

} // namespace

Writer::Writer(std::string path, WriterLimits limits, const StatementMetrics& metrics, Damage& damage)
    : path_{std::move(path)}, limits_{limits}, metrics_{metrics}, damage_{damage}, connection_{open(true)}, thread_{[this] { loop(); }} {}

Writer::~Writer() { close(); }

void Writer::submit(const std::shared_ptr<Visit>& visit, Hop& hop) {
    {
        const std::lock_guard lock{mutex_};
        const bool fresh = visit->state == Visit::State::fresh;
        if (fresh && closing_) {
            hop.fail(std::make_exception_ptr(unavailable("sqlite: the database is being closed")));
        } else if (fresh && !queue_.has_room(visit->asker, limits_.max_queue)) {
            hop.fail(std::make_exception_ptr(unavailable("sqlite: the writer's queue is full")));
        } else if (visit->state == Visit::State::over) {
            hop.fail(std::make_exception_ptr(unavailable("sqlite: the transaction held the writer for too long")));
        } else {
            visit->next = &hop;
            if (fresh) {
                visit->state = Visit::State::queued;
                visit->queued_at = Clock::now();
                queue_.push(visit->asker, visit);
            }
            wake_.notify_one();
            return;
        }
    }
    answer(hop);
}

void Writer::drop(const std::shared_ptr<Visit>& visit) {
    const std::lock_guard lock{mutex_};
    visit->dropped = true;
    wake_.notify_one();
}

void Writer::close() {
    {
        const std::lock_guard lock{mutex_};
        if (!closing_) close_by_ = Clock::now() + k_close_grace;
        closing_ = true;
        wake_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
    connection_.reset();
}

bool Writer::is_busy() const {
    const std::lock_guard lock{mutex_};
    return serving_;
}

int Writer::waiting() const {
    const std::lock_guard lock{mutex_};
    return static_cast<int>(queue_.size());
}

void Writer::loop() {
    std::unique_lock lock{mutex_};
    for (;;) {
        wake_.wait(lock, [this] { return closing_ || !queue_.empty(); });
        if (queue_.empty()) return;
        serving_ = true;
        lock.unlock();
        metrics_.active(+1);
        serve_group();
        metrics_.active(-1);
        lock.lock();
        serving_ = false;
    }
}

void Writer::serve_group() {
    if (!begin()) return;
    std::vector<Hop*> group;
    const auto until = Clock::now() + k_max_group_time;
    while (group.size() < k_max_group && Clock::now() < until) {
        const auto visit = next_visit();
        if (!visit) break;
        try {
            serve(*visit, group);
        } catch (const SqliteError& error) {
            abandon_group(*visit, group, error);
            return;
        }
        if (!connection_->in_transaction()) { // a time limit, a full disk: SQLite has undone the whole group
            answer_all(group, std::make_exception_ptr(unavailable("sqlite: undone with another transaction of its group")), true);
            if (std::exchange(outage_, false)) connection_.reset();
            return;
        }
    }
    commit(group);
}

std::unique_ptr<Connection> Writer::open(bool create) const {
    auto connection = std::make_unique<Connection>(path_, Access::read_write, k_busy_timeout, create);
    connection->report_to(damage_);
    return connection;
}

bool Writer::begin() {
    try {
        if (!connection_) connection_ = open(false);
        connection_->set_deadline(SteadyTime::max());
        connection_->execute("BEGIN IMMEDIATE");
        return true;
    } catch (const SqliteError& error) {
        refuse_queue(error.what(), error.is_busy());
        if (error.is_busy())
            std::this_thread::sleep_for(k_busy_pause);
        else
            connection_.reset();
        return false;
    }
}

void Writer::commit(std::vector<Hop*>& group) {
    const auto started = Clock::now();
    connection_->set_deadline(SteadyTime::max());
    try {
        connection_->execute("COMMIT");
    } catch (const SqliteError& error) {
        log::error("a commit failed",
                   {{"cause", std::string_view{error.what()}}, {"transactions", static_cast<std::int64_t>(group.size())}});
        metrics_.count("commit", Clock::now() - started, true);
        connection_.reset(); // closing rolls back
        answer_all(group, std::make_exception_ptr(unavailable(error.what())), false);
        return;
    }
    metrics_.count("commit", Clock::now() - started, false);
    for (Hop* hop : group) answer(*hop);
}

std::shared_ptr<Visit> Writer::next_visit() {
    for (;;) {
        std::shared_ptr<Visit> visit;
        {
            const std::lock_guard lock{mutex_};
            auto next = queue_.pop();
            if (!next) return nullptr;
            visit = std::move(*next);
            if (Clock::now() - visit->queued_at <= limits_.queue) {
                visit->state = Visit::State::active;
                return visit;
            }
            visit->state = Visit::State::over;
        }
        visit->next->fail(std::make_exception_ptr(unavailable("sqlite: waited too long for the writer")));
        answer(*visit->next);
    }
}

void Writer::serve(Visit& visit, std::vector<Hop*>& group) {
    const auto limit = Clock::now() + limits_.transaction;
    connection_->set_deadline(limit);
    if (!visit.autocommit) connection_->execute("SAVEPOINT one");
    for (;;) {
        Hop* hop = take_hop(visit, limit);
        if (hop == nullptr) {
            undo_one();
            return;
        }
        const bool good = hop->run_on(*connection_);
        if (!connection_->in_transaction()) {
            end_visit(visit);
            outage_ = hop->outage;
            answer(*hop);
            return;
        }
        if (visit.autocommit) {
            end_visit(visit);
            group.push_back(hop);
            return;
        }
        if (!hop->then_commit) {
            answer(*hop);
            continue;
        }
        end_visit(visit);
        group.push_back(hop); // from here on a failure of the frame reaches it too
        if (good) {
            connection_->execute("RELEASE one");
        } else {
            undo_one();
            group.pop_back();
            answer(*hop);
        }
        return;
    }
}

/// The transaction's next hop; nothing when its coroutine gave up or its time is over.
Hop* Writer::take_hop(Visit& visit, SteadyTime limit) {
    std::unique_lock lock{mutex_};
    const auto has_news = [&] { return visit.next != nullptr || visit.dropped; };
    while (!has_news()) {
        const auto until = closing_ ? std::min(limit, close_by_) : limit;
        if (wake_.wait_until(lock, until) == std::cv_status::timeout && !has_news()) {
            visit.state = Visit::State::over;
            log::warning("a transaction held the writer for too long");
            return nullptr;
        }
    }
    if (visit.dropped) visit.state = Visit::State::over;
    return std::exchange(visit.next, nullptr);
}

void Writer::end_visit(Visit& visit) {
    const std::lock_guard lock{mutex_};
    visit.state = Visit::State::over;
}

void Writer::undo_one() {
    connection_->set_deadline(SteadyTime::max());
    connection_->execute("ROLLBACK TO one");
    connection_->execute("RELEASE one");
}

/// The frame around the transactions broke (SAVEPOINT, RELEASE, ROLLBACK TO): nothing of the group can be kept.
void Writer::abandon_group(Visit& visit, std::vector<Hop*>& group, const SqliteError& error) {
    log::error("a group of transactions was undone", {{"cause", std::string_view{error.what()}}});
    connection_.reset(); // closing rolls back
    {
        const std::lock_guard lock{mutex_};
        visit.state = Visit::State::over;
        if (visit.next != nullptr) group.push_back(std::exchange(visit.next, nullptr));
    }
    answer_all(group, std::make_exception_ptr(unavailable(error.what())), true);
}

void Writer::refuse_queue(const std::string& why, bool only_overdue) {
    std::vector<std::shared_ptr<Visit>> refused;
    {
        const std::lock_guard lock{mutex_};
        const auto now = Clock::now();
        refused = queue_.take_if(
            [&](const std::shared_ptr<Visit>& visit) { return !only_overdue || closing_ || now - visit->queued_at > limits_.queue; });
        for (const auto& visit : refused) visit->state = Visit::State::over;
    }
    const auto error = std::make_exception_ptr(unavailable(why));
    for (const auto& visit : refused) {
        visit->next->fail(error);
        answer(*visit->next);
    }
}

void Writer::answer_all(std::vector<Hop*>& group, const std::exception_ptr& why, bool restart) {
    for (Hop* hop : group) {
        hop->fail(why, restart);
        answer(*hop);
    }
}

} // namespace focus::db::sqlite
