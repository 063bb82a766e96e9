#include "core/base/workers.hpp"

#include "core/base/error.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace focus {

namespace asio = boost::asio;

namespace {

using Handler = asio::any_completion_handler<void(std::exception_ptr)>;
using WorkGuard = asio::executor_work_guard<asio::any_io_executor>;

/// One job and whom to tell; the guard keeps his io_context running meanwhile.
struct Item {
    std::function<void()> job;
    Handler handler;
    WorkGuard guard;

    void finish(std::exception_ptr failure) {
        asio::post(guard.get_executor(), [done = std::move(handler), failure]() mutable { std::move(done)(failure); });
    }
};

} // namespace

struct Workers::Impl {
    Options options;
    mutable std::mutex mutex;
    std::condition_variable wake;
    std::deque<Item> queue;
    bool closing = false;
    std::vector<std::jthread> threads;

    std::exception_ptr refusal() const {
        return std::make_exception_ptr(unavailable("the worker queue is full or closing", options.retry_after_s));
    }

    void enqueue(std::function<void()> job, Handler handler, const asio::any_io_executor& executor) {
        Item item{std::move(job), std::move(handler), WorkGuard{executor}};
        {
            const std::lock_guard lock{mutex};
            if (!closing && queue.size() < options.max_queue) {
                queue.push_back(std::move(item));
                wake.notify_one();
                return;
            }
        }
        item.finish(refusal());
    }

    void work() {
        std::unique_lock lock{mutex};
        while (true) {
            wake.wait(lock, [this] { return closing || !queue.empty(); });
            if (closing) return;
            Item item = std::move(queue.front());
            queue.pop_front();
            lock.unlock();
            item.job();
            item.finish(nullptr);
            lock.lock();
        }
    }
};

Workers::Workers(Options options) : impl_{std::make_unique<Impl>()} {
    impl_->options = options;
    for (int i = 0; i < options.threads; ++i) impl_->threads.emplace_back([impl = impl_.get()] { impl->work(); });
}

Workers::~Workers() {
    {
        const std::lock_guard lock{impl_->mutex};
        impl_->closing = true;
    }
    impl_->wake.notify_all();
    impl_->threads.clear(); // joins
    for (auto& item : impl_->queue) item.finish(impl_->refusal());
}

std::size_t Workers::waiting() const {
    const std::lock_guard lock{impl_->mutex};
    return impl_->queue.size();
}

asio::awaitable<void> Workers::submit(std::function<void()> job) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr)>(
        [this, &job, &executor](auto handler) { impl_->enqueue(std::move(job), std::move(handler), executor); }, asio::use_awaitable);
}

} // namespace focus
