#include "core/async/periodic.hpp"

#include "core/async/failures.hpp"
#include "core/base/error.hpp"
#include "core/base/log.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <atomic>
#include <exception>
#include <stop_token>
#include <utility>

namespace focus::async {

namespace asio = boost::asio;

using std::chrono::milliseconds;

namespace {

using Steady = std::chrono::steady_clock;

bool is_outage(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const Error& error) {
        return error.kind() == ErrorKind::unavailable;
    } catch (...) {
        return false;
    }
}

} // namespace

struct Periodic::State : std::enable_shared_from_this<Periodic::State> {
    State(const asio::any_io_executor& executor, Options with, Body run)
        : options{std::move(with)}, body{std::move(run)}, timer{executor} {}

    const Options options;
    const Body body;
    asio::steady_timer timer;
    std::atomic<bool> woken{false};
    milliseconds retry = options.retry; // after the next failure
    bool has_outage = false;

    void wake() {
        if (woken.exchange(true)) return;
        asio::post(timer.get_executor(), [self = shared_from_this()] { self->timer.cancel(); });
    }

    /// One run, and the time until the next.
    Task<milliseconds> run() {
        std::exception_ptr failure;
        try {
            const auto next = co_await body();
            retry = options.retry;
            has_outage = false;
            co_return next;
        } catch (...) {
            failure = std::current_exception();
        }
        if (!is_outage(failure))
            report_failure(options.name, failure);
        else if (!std::exchange(has_outage, true))
            log::warning("a background task waits for the database", {{"task", options.name}, {"cause", cause_of(failure)}});
        const auto pause = retry;
        retry = std::min(retry * 2, std::max(retry, options.longest_retry));
        co_return pause;
    }

    static Task<> loop(std::shared_ptr<State> self, std::stop_token stop) {
        const std::stop_callback interrupt{stop, [&self] { self->wake(); }};
        auto next = self->options.first_run;
        for (;;) {
            const auto at = Steady::now() + next;
            self->timer.expires_at(at);
            while (!self->woken && Steady::now() < at) co_await self->timer.async_wait(asio::as_tuple(asio::deferred));
            self->woken = false;
            if (stop.stop_requested()) co_return; // behind the line above: a later stop sets `woken` again
            next = co_await self->run();
        }
    }
};

Periodic::Periodic(asio::any_io_executor executor, Options options, Body body)
    : state_{std::make_shared<State>(executor, std::move(options), std::move(body))} {}

void Periodic::start(TaskGroup& group) {
    group.spawn(state_->timer.get_executor(), state_->options.name, State::loop(state_, group.stop_token()), OnStop::finish);
}

void Periodic::wake() { state_->wake(); }

} // namespace focus::async
