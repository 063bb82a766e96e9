#include "core/async/task_group.hpp"

#include "core/async/failures.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <cassert>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace focus::async {

namespace asio = boost::asio;

namespace {

using Steady = std::chrono::steady_clock;
using Timer = std::shared_ptr<asio::steady_timer>;

bool is_cancellation(const std::exception_ptr& failure) {
    if (!failure) return false;
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
        return error.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

} // namespace

struct TaskGroup::State {
    std::stop_source stop;
    bool abandoned = false;
    mutable std::mutex mutex;
    std::size_t running = 0;
    std::vector<Timer> waiting; // of the callers that wait for the end of all

    void began() {
        const std::scoped_lock lock{mutex};
        ++running;
    }
    void ended() {
        const std::scoped_lock lock{mutex};
        if (--running > 0) return;
        for (const auto& timer : waiting) asio::post(timer->get_executor(), [timer] { timer->cancel(); });
    }
    [[nodiscard]] std::size_t count() const {
        const std::scoped_lock lock{mutex};
        return running;
    }

    /// Gives false when tasks still run at `until`.
    static Task<bool> wait(std::shared_ptr<State> self, Steady::time_point until) {
        struct Registration {
            State& state;
            Timer timer;

            Registration(State& with, Timer own) : state{with}, timer{std::move(own)} {
                const std::scoped_lock lock{state.mutex};
                state.waiting.push_back(timer);
            }
            Registration(const Registration&) = delete;
            Registration& operator=(const Registration&) = delete;
            ~Registration() {
                const std::scoped_lock lock{state.mutex};
                std::erase(state.waiting, timer);
            }
        };
        const asio::any_io_executor executor = co_await asio::this_coro::executor;
        const Registration here{*self, std::make_shared<asio::steady_timer>(executor, until)};
        while (self->count() > 0 && Steady::now() < until) co_await here.timer->async_wait(asio::as_tuple(asio::deferred));
        co_return self->count() == 0;
    }
};

/// One task of the group. The task's completion handler owns it, so that it ends with the task's frame, also when an
/// io_context is destroyed with the task in it.
struct TaskGroup::Member : std::enable_shared_from_this<TaskGroup::Member> {
    explicit Member(std::shared_ptr<State> of) : group{std::move(of)} { group->began(); }
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    ~Member() {
        on_stop.reset();
        group->ended();
    }

    void cancel_on_stop(const asio::any_io_executor& executor) {
        on_stop.emplace(group->stop.get_token(), [executor, weak = weak_from_this()] {
            asio::post(executor, [weak] {
                if (const auto self = weak.lock()) self->cancellation.emit(asio::cancellation_type::terminal);
            });
        });
    }
    void report(const std::string& name, const std::exception_ptr& failure) const {
        if (!(group->stop.stop_requested() && is_cancellation(failure))) report_failure(name, failure);
    }

    std::shared_ptr<State> group;
    asio::cancellation_signal cancellation;
    std::optional<std::stop_callback<std::function<void()>>> on_stop;
};

TaskGroup::TaskGroup() : state_{std::make_shared<State>()} {}

TaskGroup::~TaskGroup() {
    stop();
    assert((state_->abandoned || running() == 0) && "a task group must outlive its tasks");
}

void TaskGroup::spawn(const asio::any_io_executor& executor, std::string name, Task<> task, OnStop on_stop) {
    const auto member = std::make_shared<Member>(state_);
    auto ended = [member, name = std::move(name)](const std::exception_ptr& failure) { member->report(name, failure); };
    if (on_stop == OnStop::finish) {
        asio::co_spawn(executor, std::move(task), std::move(ended));
        return;
    }
    asio::co_spawn(executor, std::move(task), asio::bind_cancellation_slot(member->cancellation.slot(), std::move(ended)));
    member->cancel_on_stop(executor);
}

void TaskGroup::stop() noexcept { state_->stop.request_stop(); }

bool TaskGroup::is_stopping() const noexcept { return state_->stop.stop_requested(); }

std::stop_token TaskGroup::stop_token() const noexcept { return state_->stop.get_token(); }

std::size_t TaskGroup::running() const { return state_->count(); }

Task<> TaskGroup::wait() { co_await State::wait(state_, Steady::time_point::max()); }

Task<bool> TaskGroup::wait_for(std::chrono::milliseconds patience) { return State::wait(state_, Steady::now() + patience); }

void TaskGroup::abandon() noexcept { state_->abandoned = true; }

} // namespace focus::async
