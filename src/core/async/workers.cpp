#include "core/async/workers.hpp"

#include "core/async/completion.hpp"
#include "core/base/error.hpp"

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace focus::async {

namespace {

constexpr int k_preferred_in_a_row = 4;

struct Item {
    std::function<void()> job;
    Completion<> done;
    Workers::Place place;
};

} // namespace

struct Workers::Impl {
    Options options;
    mutable std::mutex mutex;
    std::condition_variable wake;
    std::array<std::deque<Item>, 2> queues; // by lane
    std::array<std::shared_ptr<std::atomic<std::size_t>>, 2> taken{std::make_shared<std::atomic<std::size_t>>(0),
                                                                   std::make_shared<std::atomic<std::size_t>>(0)};
    int preferred_in_a_row = 0; // while others waited
    bool closing = false;
    std::vector<std::jthread> threads;

    std::exception_ptr refusal() const {
        return std::make_exception_ptr(unavailable("the worker queue is full or closing", options.retry_after_s));
    }

    static std::size_t index_of(Lane lane) { return lane == Lane::preferred ? 0 : 1; }

    void enqueue(Item item) {
        const auto lane = index_of(item.place.lane_);
        {
            const std::lock_guard lock{mutex};
            if (!closing) {
                queues[lane].push_back(std::move(item));
                wake.notify_one();
                return;
            }
        }
        item.done.fail(refusal());
    }

    [[nodiscard]] bool is_empty() const { return queues[0].empty() && queues[1].empty(); }

    Item take() {
        auto& [preferred, normal] = queues;
        const bool takes_normal = preferred.empty() || (!normal.empty() && preferred_in_a_row >= k_preferred_in_a_row);
        preferred_in_a_row = takes_normal || normal.empty() ? 0 : preferred_in_a_row + 1;
        auto& queue = takes_normal ? normal : preferred;
        Item item = std::move(queue.front());
        queue.pop_front();
        item.place = {};
        return item;
    }

    void work() {
        std::unique_lock lock{mutex};
        while (true) {
            wake.wait(lock, [this] { return closing || !is_empty(); });
            if (closing) return;
            Item item = take();
            lock.unlock();
            item.job();
            item.done.complete();
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
    for (auto& queue : impl_->queues) {
        for (auto& item : queue) item.done.fail(impl_->refusal());
    }
}

std::size_t Workers::waiting() const {
    const std::lock_guard lock{impl_->mutex};
    return impl_->queues[0].size() + impl_->queues[1].size();
}

Workers::Place Workers::reserve(Lane lane) {
    const std::lock_guard lock{impl_->mutex};
    const auto& taken = impl_->taken[Impl::index_of(lane)];
    if (impl_->closing || *taken >= impl_->options.max_queue) std::rethrow_exception(impl_->refusal());
    ++*taken;
    Place place;
    place.taken_ = taken;
    place.lane_ = lane;
    return place;
}

Task<void> Workers::submit(std::function<void()> job, Place place) {
    if (!place.taken_) place = reserve(Lane::normal);
    co_await suspend<>([this, &job, &place](Completion<> done) { impl_->enqueue({std::move(job), std::move(done), std::move(place)}); });
}

} // namespace focus::async
