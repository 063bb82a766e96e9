#include "core/async/lease.hpp"

#include "core/async/periodic.hpp"

#include <atomic>
#include <utility>

namespace focus::async {

using Steady = std::chrono::steady_clock;
using std::chrono::milliseconds;

struct Lease::Claim {
    const milliseconds length;
    const Renew renew;
    std::atomic<Steady::time_point> until{Steady::now() + length};
    std::atomic<bool> lost{false};

    [[nodiscard]] bool is_lost() noexcept {
        if (Steady::now() > until.load()) lost = true;
        return lost;
    }
};

Lease::Lease(const boost::asio::any_io_executor& executor, std::string name, milliseconds length, Renew renew)
    : claim_{std::make_shared<Claim>(length, std::move(renew))} {
    const auto pause = length / 3;
    Periodic{executor,
             {.name = std::move(name), .first_run = pause, .retry = pause, .longest_retry = pause},
             [claim = claim_, pause]() -> Task<milliseconds> {
                 const auto asked_at = Steady::now();
                 if (co_await claim->renew())
                     claim->until = asked_at + claim->length;
                 else
                     claim->lost = true;
                 co_return pause;
             }}
        .start(renewals_);
}

// A lease is destroyed without end() only with its io_context, which destroys the frame that holds it.
Lease::~Lease() { renewals_.abandon(); }

bool Lease::is_lost() const noexcept { return claim_->is_lost(); }

Task<> Lease::end() {
    renewals_.stop();
    co_await renewals_.wait();
}

} // namespace focus::async
