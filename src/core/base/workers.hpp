// A bounded pool of threads for work that must not run on an I/O thread (bcrypt, curl).
// Owns its threads. Always holds: at most `max_queue` jobs wait, one more is refused at once; a caller is resumed on
// his own executor. It must be destroyed before the io_contexts of its callers; that finishes what runs and answers
// what still waits with `unavailable`.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace focus {

class Workers {
  public:
    struct Options {
        int threads = 1;
        std::size_t max_queue = 64;
        int retry_after_s = 2; // told to a caller who is refused
    };
    explicit Workers(Options options);
    ~Workers();

    /// Runs `job` on one of the threads and gives what it returns or throws. Throws focus::Error `unavailable` when the
    /// queue is full or the pool ends first.
    template <class F, class T = std::invoke_result_t<F&>>
    boost::asio::awaitable<T> run(F job) {
        std::exception_ptr failure;
        if constexpr (std::is_void_v<T>) {
            co_await submit([&job, &failure] { capture(failure, job); });
            if (failure) std::rethrow_exception(failure);
        } else {
            std::optional<T> result;
            co_await submit([&] { capture(failure, [&] { result.emplace(job()); }); });
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
    boost::asio::awaitable<void> submit(std::function<void()> job);

    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace focus
