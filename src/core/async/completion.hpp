// Completion: the right to resume a suspended coroutine, once, from any thread. The coroutine resumes on its own executor,
// which is kept from running out of work until then.
//
//     const auto row = co_await async::suspend<Row>([&](async::Completion<Row> done) { queue.push(std::move(done)); });
//
// Always holds: after complete() or fail() the Completion is empty, and the frame that holds it may be gone. One that is
// destroyed unused leaves the coroutine suspended for ever.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

#include <exception>
#include <type_traits>
#include <utility>

namespace focus::async {

/// `T`: at most one value, which must be default-constructible.
template <class... T>
    requires(sizeof...(T) <= 1)
class Completion {
  public:
    using Signature = void(std::exception_ptr, T...);

    Completion() = default;
    template <class Handler>
        requires(!std::is_same_v<std::decay_t<Handler>, Completion>)
    explicit Completion(Handler&& handler)
        : executor_{boost::asio::prefer(boost::asio::any_io_executor{boost::asio::get_associated_executor(handler)},
                                        boost::asio::execution::outstanding_work.tracked)},
          handler_{std::forward<Handler>(handler)} {}

    void complete(T... value) { resume(nullptr, std::move(value)...); }
    void fail(std::exception_ptr failure) { resume(std::move(failure), T{}...); }

  private:
    void resume(std::exception_ptr failure, T... value) {
        // As soon as the handler is posted, the coroutine may run and destroy this.
        const auto executor = std::move(executor_);
        boost::asio::post(executor, [handler = std::move(handler_), failure = std::move(failure), ... value = std::move(value)]() mutable {
            std::move(handler)(failure, std::move(value)...);
        });
    }

    boost::asio::any_io_executor executor_; // counts as outstanding work
    boost::asio::any_completion_handler<Signature> handler_;
};

/// Suspends the calling coroutine and gives its Completion to `start`; `co_await` gives what it is completed with. The
/// coroutine may be running again before `start` returns.
template <class... T, class Start>
auto suspend(Start start) {
    return boost::asio::async_initiate<const boost::asio::deferred_t&, typename Completion<T...>::Signature>(
        [start = std::move(start)](auto handler) mutable { start(Completion<T...>{std::move(handler)}); }, boost::asio::deferred);
}

} // namespace focus::async
