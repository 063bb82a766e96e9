#include "core/db/mysql/pool.hpp"

#include "core/base/error.hpp"
#include "core/base/log.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>

#include <algorithm>
#include <utility>

namespace focus::db::mysql {

namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto k_trusted_for = 5s; // after that long an idle connection is pinged before it is used
constexpr auto k_ping_timeout = 2s;
constexpr auto k_connect_timeout = 5s;
constexpr auto k_down_pause = 1s;    // between two attempts to reach a lost server
constexpr auto k_demoted_pause = 1s; // a connection to a demoted server is kept so long: no server has replaced it yet
constexpr auto k_watch_interval = 200ms;
constexpr auto k_grace = 1s;      // the server's own statement limit should apply first
constexpr std::size_t k_part = 4; // of the connections, one asker's

constexpr std::string_view k_galera_refused =
    "the database is a node of a Galera cluster: Focus may write to one node at a time only; see docs/operations.md and add "
    "galera=single-writer to DATABASE_URL";

template <class F>
class OnExit {
  public:
    explicit OnExit(F action) : action_{std::move(action)} {}
    OnExit(const OnExit&) = delete;
    OnExit& operator=(const OnExit&) = delete;
    ~OnExit() { action_(); }

  private:
    F action_;
};

} // namespace

Lease::Lease(std::shared_ptr<Pool> pool, std::unique_ptr<Link> link) : pool_{std::move(pool)}, link_{std::move(link)} {}

Lease& Lease::operator=(Lease&& other) noexcept {
    drop();
    pool_ = std::move(other.pool_);
    link_ = std::move(other.link_);
    return *this;
}

void Lease::release() {
    if (link_) pool_->take_back(std::move(link_));
}

void Lease::drop() {
    if (link_) pool_->discard(std::move(link_));
}

void Lease::leave_server() {
    if (link_ && !pool_->leave_server(*link_)) release();
    drop();
}

Pool::Pool(asio::any_io_executor executor, std::shared_ptr<Common> common)
    : executor_{std::move(executor)}, common_{std::move(common)}, certificates_{common_->settings.tls}, watch_{executor_} {}

Lease Pool::lend(std::unique_ptr<Link> link, Asker asker) {
    link->asker = asker;
    working_.push_back(link.get());
    common_->active.fetch_add(1, std::memory_order_relaxed);
    common_->metrics.active(+1);
    if (!watching_) watch();
    return Lease{shared_from_this(), std::move(link)};
}

void Pool::take_back(std::unique_ptr<Link> link) {
    std::erase(working_, link.get());
    common_->active.fetch_sub(1, std::memory_order_relaxed);
    common_->metrics.active(-1);
    link->last_used = Clock::now();
    link->set_deadline(SteadyTime::max());
    if (common_->closed) {
        Link::close(std::move(link));
        --size_;
        return;
    }
    idle_.push_back(std::move(link));
    serve_waiting();
}

void Pool::discard(std::unique_ptr<Link> link) {
    std::erase(working_, link.get());
    common_->active.fetch_sub(1, std::memory_order_relaxed);
    common_->metrics.active(-1);
    ++losses_;
    --size_;
    link.reset();
    serve_waiting();
}

/// One asker has a quarter of the connections, and more only while half of them are free: those of a user that all wait for
/// the same row must not keep others from theirs. The service's own work, which is bounded elsewhere, has no such limit.
bool Pool::may_take(Asker asker) const {
    if (asker == k_service) return true;
    const auto most = common_->settings.max_size;
    const auto held = std::ranges::count(working_, asker, &Link::asker);
    return std::cmp_less(held, std::max<std::size_t>(1, most / k_part)) || working_.size() < most / 2;
}

/// Gives idle connections to those whose turn it is, and wakes others that may connect.
void Pool::serve_waiting() {
    const auto may = [this](Asker asker) { return may_take(asker); };
    while (!idle_.empty()) {
        const auto next = waiting_.pop(may);
        if (!next) return;
        auto link = std::move(idle_.back());
        idle_.pop_back();
        (*next)->lease = lend(std::move(link), (*next)->asker);
        (*next)->wake.cancel();
    }
    for (auto room = common_->settings.max_size - std::min(size_, common_->settings.max_size); room > 0; --room) {
        const auto next = waiting_.pop(may);
        if (!next) return;
        (*next)->wake.cancel();
    }
}

bool Pool::is_fresh(const Link& link) const {
    return link.seen_losses == losses_ && is_of_this_era(link) && Clock::now() - link.last_used < k_trusted_for;
}

bool Pool::leave_server(const Link& link) {
    if (Clock::now() - link.connected_at < k_demoted_pause) return false;
    auto era = link.era;
    if (common_->era.compare_exchange_strong(era, era + 1)) log::warning("the database takes no writes: its connections are replaced");
    return true;
}

Lease Pool::try_acquire(Asker asker) {
    if (idle_.empty() || !is_fresh(*idle_.back()) || common_->closed || !may_take(asker)) return {};
    auto link = std::move(idle_.back()); // the last used first: the server may close the rest
    idle_.pop_back();
    return lend(std::move(link), asker);
}

Task<Lease> Pool::acquire(Asker asker) {
    const auto self = shared_from_this();
    const auto until = Clock::now() + common_->settings.acquire_timeout;
    for (;;) {
        if (common_->closed) throw unavailable("mysql: the database is being closed");
        if (Clock::now() >= until) throw unavailable("mysql: no connection in time");
        Lease lease;
        if (!may_take(asker)) {
            lease = co_await wait(asker, until);
        } else if (!idle_.empty()) {
            auto link = std::move(idle_.back());
            idle_.pop_back();
            if (!is_of_this_era(*link)) {
                Link::close(std::move(link));
                --size_;
                continue;
            }
            lease = lend(std::move(link), asker);
        } else {
            if (size_ < common_->settings.max_size && Clock::now() >= down_until_) {
                if (auto link = co_await connect(asker)) co_return lend(std::move(link), asker);
            }
            if (size_ == 0 && Clock::now() < down_until_) throw unavailable(down_why_);
            lease = co_await wait(asker, until);
        }
        if (!lease) continue;
        if (!is_of_this_era(*lease)) {
            lease.drop();
            continue;
        }
        if (is_fresh(*lease)) co_return lease;
        if (co_await revive(*lease)) co_return lease;
        size_ -= idle_.size(); // the server is lost or hangs: the others would only cost more time
        idle_.clear();
        // the lease closes it
    }
}

Task<bool> Pool::revive(Link& link) {
    link.set_deadline(Clock::now() + k_ping_timeout);
    const bool alive = co_await link.ping();
    if (alive) link.seen_losses = losses_;
    co_return alive;
}

/// One attempt, under the watch.
Task<std::optional<Failure>> Pool::try_connect(Link& link, bool with_tls) {
    auto server = common_->settings.server;
    if (with_tls) server.ssl = boost::mysql::ssl_mode::require;
    link.era = common_->era;
    link.set_deadline(Clock::now() + std::min<Clock::duration>(k_connect_timeout, common_->settings.acquire_timeout));
    const OnExit forget{[this, &link] { std::erase(working_, &link); }};
    working_.push_back(&link);
    if (!watching_) watch();
    auto failure = co_await link.connect(server, common_->settings.session_setup);
    link.set_deadline(SteadyTime::max());
    link.connected_at = Clock::now();
    if (failure) {
        const auto why = certificates_.take_refusal();
        failure->refused = !why.empty();
        if (failure->refused) failure->message = "mysql: connect: the server's certificate is refused: " + why;
    } else if (link.is_galera() && !common_->settings.galera_single_writer) {
        failure.emplace();
        failure->refused = true;
        failure->message = k_galera_refused;
    }
    co_return failure;
}

/// A link and why it is not connected, if so. An account that asks for TLS gets it, from then on at once.
Task<std::pair<std::unique_ptr<Link>, std::optional<Failure>>> Pool::make_link(Asker asker) {
    const bool was_plain = !tls_;
    auto link = std::make_unique<Link>(executor_, certificates_.context());
    link->asker = asker;
    auto failure = co_await try_connect(*link, tls_);
    if (failure && failure->wants_tls && common_->settings.tls_on_demand && was_plain) {
        auto secured = std::make_unique<Link>(executor_, certificates_.context());
        secured->asker = asker;
        auto second = co_await try_connect(*secured, true);
        tls_ = tls_ || !second;
        // Without TLS on the server, or when that changes nothing, the first refusal is the better message.
        if (!second || second->code != 0) co_return std::pair{std::move(secured), std::move(second)};
    }
    co_return std::pair{std::move(link), std::move(failure)};
}

/// A new connection within the pool's count, or nothing: then there is no attempt for a moment.
Task<std::unique_ptr<Link>> Pool::connect(Asker asker) {
    bool connected = false;
    ++size_;
    const OnExit uncount{[this, &connected] {
        if (!connected) --size_;
    }};
    auto [link, failure] = co_await make_link(asker);
    if (!failure) {
        connected = true;
        link->last_used = Clock::now();
        link->seen_losses = losses_;
        co_return std::move(link);
    }
    if (Clock::now() >= down_until_) log::warning("no connection to the database", {{"cause", std::string_view{failure->message}}});
    down_until_ = Clock::now() + k_down_pause;
    down_why_ = failure->message;
    while (const auto next = waiting_.pop()) (*next)->wake.cancel(); // each decides again
    co_return nullptr;
}

Task<std::unique_ptr<Link>> Pool::connect_apart() {
    const auto self = shared_from_this();
    auto [link, failure] = co_await make_link(k_service);
    if (failure && failure->refused) throw std::runtime_error{failure->message};
    if (failure) throw unavailable(failure->message);
    co_return std::move(link);
}

/// Until a connection is handed over (given) or there may be space for a new one (nothing).
Task<Lease> Pool::wait(Asker asker, SteadyTime until) {
    if (!waiting_.has_room(asker, common_->settings.max_waiting)) throw unavailable("mysql: too many wait for a connection");
    Waiting me{asker, asio::steady_timer{executor_, until}, {}};
    const OnExit leave{[this, &me] {
        (void)waiting_.take_if([&me](const Waiting* other) { return other == &me; });
        common_->waiting.fetch_sub(1, std::memory_order_relaxed);
    }};
    waiting_.push(asker, &me);
    common_->waiting.fetch_add(1, std::memory_order_relaxed);
    co_await me.wake.async_wait(asio::as_tuple(asio::deferred));
    co_return std::move(me.lease);
}

void Pool::start_round_trip(Link& link) const { link.set_deadline(Clock::now() + common_->settings.statement_timeout + k_grace); }

void Pool::close_idle() {
    size_ -= idle_.size();
    for (auto& link : std::exchange(idle_, {})) Link::close(std::move(link));
    if (working_.empty()) watch_.cancel();
}

void Pool::watch() {
    watching_ = true;
    watch_.expires_after(k_watch_interval);
    watch_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
        self->watching_ = false;
        if (error || self->working_.empty()) return;
        const auto now = Clock::now();
        for (Link* link : self->working_) link->cut_if_overdue(now);
        self->watch();
    });
}

} // namespace focus::db::mysql
