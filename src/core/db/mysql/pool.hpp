// The connections of one I/O thread. Ours instead of boost::mysql::connection_pool, because sessions need a set-up of
// their own, a connection whose operation was cut off must never be used again, a lost server must be answered at once,
// and taking an idle connection should cost little.
// Always holds: everything but the counters happens on `executor`; at most `max_size` connections exist; a caller
// waits no longer than the acquire time-out. Askers that wait get a connection in turn; one of them alone gets a part of
// the pool only.
#pragma once

#include "core/db/fair_queue.hpp"
#include "core/db/mysql/link.hpp"
#include "core/db/mysql/tls.hpp"
#include "core/db/statement_metrics.hpp"

#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <memory>

namespace focus::db::mysql {

struct PoolSettings {
    boost::mysql::connect_params server;
    TlsSettings tls;
    bool tls_on_demand = false;        // plain text at first; TLS once the account asks for it
    bool galera_single_writer = false; // Galera nodes may be used
    std::string session_setup;
    std::size_t max_size = 1;
    std::size_t max_waiting = 0;
    std::chrono::milliseconds acquire_timeout{};
    std::chrono::milliseconds statement_timeout{}; // the server's own limit; ours is a second longer
};

/// What the pools of a database have in common; read from any thread. They keep it: a statement whose io_context ends before
/// its answer has come is given up only then, when the database itself may be gone.
struct Common {
    Common(PoolSettings its_settings, metrics::Registry& registry) : settings{std::move(its_settings)}, metrics{registry} {}

    const PoolSettings settings;
    const StatementMetrics metrics;
    std::atomic<int> active{0};
    std::atomic<int> waiting{0};
    std::atomic<std::uint64_t> era{0}; // how many servers were found demoted: connections of an earlier era are used no more
    std::atomic<bool> closed{false};
};

class Pool;

/// A connection in use. Given back by release(); anything else closes it.
class Lease {
  public:
    Lease() = default;
    Lease(std::shared_ptr<Pool> pool, std::unique_ptr<Link> link);
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&& other) noexcept;
    ~Lease() { drop(); }

    explicit operator bool() const noexcept { return link_ != nullptr; }
    Link* operator->() const noexcept { return link_.get(); }
    Link& operator*() const noexcept { return *link_; }
    /// Back to the pool, healthy.
    void release();
    /// Closes it: it was lost, or its state isn't known.
    void drop();
    /// Back to the pool or closed, after the server reported that it takes no writes any more.
    void leave_server();

  private:
    std::shared_ptr<Pool> pool_;
    std::unique_ptr<Link> link_;
};

class Pool : public std::enable_shared_from_this<Pool> {
  public:
    Pool(boost::asio::any_io_executor executor, std::shared_ptr<Common> common);

    /// A connection that was alive a moment ago. Throws `unavailable` when there is none in time.
    Task<Lease> acquire(Asker asker);
    /// The same when one is idle; else nothing.
    Lease try_acquire(Asker asker);
    /// A connection outside the pool's count and limits. Throws `unavailable`.
    Task<std::unique_ptr<Link>> connect_apart();
    /// Starts the time limit of the link's next round trip.
    void start_round_trip(Link& link) const;
    /// Closes the idle connections with COM_QUIT.
    void close_idle();
    /// Ends the use of all connections as old as this one; false for one so new that no other server can be there yet.
    bool leave_server(const Link& link);

    [[nodiscard]] const StatementMetrics& metrics() const noexcept { return common_->metrics; }
    [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept { return executor_; }

  private:
    friend class Lease;
    struct Waiting {
        Asker asker;
        boost::asio::steady_timer wake;
        Lease lease; // when one was handed over
    };

    Lease lend(std::unique_ptr<Link> link, Asker asker);
    [[nodiscard]] bool may_take(Asker asker) const;
    void serve_waiting();
    void take_back(std::unique_ptr<Link> link);
    void discard(std::unique_ptr<Link> link);
    bool is_fresh(const Link& link) const;
    Task<std::unique_ptr<Link>> connect(Asker asker);
    bool is_of_this_era(const Link& link) const { return link.era == common_->era.load(std::memory_order_relaxed); }
    Task<std::optional<Failure>> try_connect(Link& link, bool with_tls);
    Task<std::pair<std::unique_ptr<Link>, std::optional<Failure>>> make_link(Asker asker);
    Task<Lease> wait(Asker asker, SteadyTime until);
    Task<bool> revive(Link& link);
    void watch();

    boost::asio::any_io_executor executor_;
    std::shared_ptr<Common> common_;
    Tls certificates_;

    std::vector<std::unique_ptr<Link>> idle_;
    std::vector<Link*> working_; // in use or being connected; what the watch checks
    FairQueue<Waiting*> waiting_;
    std::size_t size_ = 0; // idle, in use and being connected
    std::uint64_t losses_ = 0;
    bool tls_ = false;
    SteadyTime down_until_; // until then there is no attempt to connect
    std::string down_why_;
    boost::asio::steady_timer watch_;
    bool watching_ = false;
};

} // namespace focus::db::mysql
