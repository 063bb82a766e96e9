// A visit of a coroutine to one of the database threads: the statements it brings, what comes of them, and its way back.
// Always holds: a Hop lives in the frame of the coroutine that waits for it, and is touched by one thread at a time.
#pragma once

#include "core/db/database.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

#include <exception>

namespace focus::db::sqlite {

class Connection;

/// Suspends a coroutine until another thread resumes it on its own executor, which is kept from running out of work.
class Waiter {
  public:
    /// Calls `start` once the coroutine is suspended; from then on resume() may be called, once.
    template <class Start>
    auto wait(Start start) {
        return boost::asio::async_initiate<const boost::asio::deferred_t&, void()>(
            [this, start](auto handler) {
                executor_ = boost::asio::prefer(boost::asio::any_io_executor{boost::asio::get_associated_executor(handler)},
                                                boost::asio::execution::outstanding_work.tracked);
                handler_ = std::move(handler);
                start(); // the coroutine may be running again before this returns
            },
            boost::asio::deferred);
    }
    void resume() {
        // The frame that holds us may be gone as soon as the handler is posted.
        const auto executor = executor_;
        boost::asio::post(executor, [handler = std::move(handler_)]() mutable { std::move(handler)(); });
    }

  private:
    boost::asio::any_completion_handler<void()> handler_;
    boost::asio::any_io_executor executor_; // counts as outstanding work
};

struct Hop {
    std::vector<Command> commands;
    bool then_commit = false; // the last hop of a transaction

    std::vector<Result> results; // of the commands that succeeded
    std::exception_ptr error;    // of the one that didn't, or of the commit
    bool restart = false;        // with `error`: everything was undone and may run again
    bool outage = false;         // with `error`: the connection should be reopened

    Waiter waiter;

    /// Runs the commands up to the first that fails; false when one did.
    bool run_on(Connection& connection);
    void fail(std::exception_ptr why, bool may_restart = false);
};

} // namespace focus::db::sqlite
