#include "core/async/run.hpp"

#include "core/async/failures.hpp"

#include <exception>

namespace focus::async {

void block_on(boost::asio::io_context& context, Task<> task) {
    context.restart();
    std::exception_ptr failure;
    boost::asio::co_spawn(context, std::move(task), [&context, &failure](std::exception_ptr error) {
        failure = std::move(error);
        context.stop();
    });
    context.run();
    if (failure) std::rethrow_exception(failure);
}

void spawn(const boost::asio::any_io_executor& executor, std::string_view name, Task<> task) {
    boost::asio::co_spawn(executor, std::move(task), [name](const std::exception_ptr& failure) { report_failure(name, failure); });
}

} // namespace focus::async
