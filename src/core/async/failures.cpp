#include "core/async/failures.hpp"

#include "core/base/log.hpp"

#include <atomic>

namespace focus::async {

namespace {

std::atomic<std::uint64_t>& counter() noexcept {
    static std::atomic<std::uint64_t> count{0};
    return count;
}

} // namespace

std::string cause_of(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "of an unknown type";
    }
}

void report_failure(std::string_view task, const std::exception_ptr& failure) noexcept {
    if (!failure) return;
    counter().fetch_add(1, std::memory_order_relaxed);
    log::error("a background task ended by an exception", {{"task", task}, {"cause", cause_of(failure)}});
}

std::uint64_t reported_failures() noexcept { return counter().load(std::memory_order_relaxed); }

} // namespace focus::async
