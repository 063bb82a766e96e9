// A bounded pool of threads for work that must not run on an I/O thread (bcrypt, curl).
// Owns its threads. Always holds: at most `max_queue` jobs wait in each lane, one more is refused at once; a caller is
// resumed on its own executor. It must be destroyed before the io_contexts of its callers; that finishes running jobs and
// fails waiting ones with `unavailable`.
#pragma once

#include "core/async/task.hpp"

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace focus::async {

class Workers {
  public:
    struct Options {
        int threads = 1;
        std::size_t max_queue = 64; // of each lane, reserved places included
        int retry_after_s = 2;      // sent to a refused caller
    };
    explicit Workers(Options options);
    ~Workers();

    /// Preferred jobs go first; after four of them in a row one of the others runs, so that none waits for ever.
    enum class Lane { preferred, normal };

    /// A place in the queue that is reserved for a later job. An empty one reserves none.
    class Place {
      public:
        // `= default` would need lane_ before the class is complete.
        Place() noexcept {} // NOLINT(modernize-use-equals-default)
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;
        Place(Place&&) noexcept = default;
        Place& operator=(Place&& other) noexcept {
            give_back();
            taken_ = std::move(other.taken_);
            lane_ = other.lane_;
            return *this;
        }
        ~Place() { give_back(); }

      private:
        friend class Workers;
        void give_back() noexcept {
            if (taken_) --*taken_;
            taken_.reset();
        }
        std::shared_ptr<std::atomic<std::size_t>> taken_; // outlives the pool
        Lane lane_ = Lane::normal;
    };
    /// Throws focus::Error `unavailable` when the lane is full.
    [[nodiscard]] Place reserve(Lane lane);

    /// Runs `job` on one of the threads and gives what it returns or throws. Throws focus::Error `unavailable` when the
    /// pool ends first or, without a place, the normal lane is full.
    template <class F, class T = std::invoke_result_t<F&>>
    Task<T> run(F job, Place place = {}) {
        std::exception_ptr failure;
        if constexpr (std::is_void_v<T>) {
            co_await submit([&job, &failure] { capture(failure, job); }, std::move(place));
            if (failure) std::rethrow_exception(failure);
        } else {
            std::optional<T> result;
            co_await submit([&] { capture(failure, [&] { result.emplace(job()); }); }, std::move(place));
            if (failure) std::rethrow_exception(failure);
            co_return std::move(*result);
        }
    }

    [[nodiscard]] std::size_t waiting() const;

  private:
    template <class F>
    static void capture(std::exception_ptr& failure, F&& job) {
        try {
            job();
        } catch (...) {
            failure = std::current_exception();
        }
    }
    Task<void> submit(std::function<void()> job, Place place);

    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace focus::async
