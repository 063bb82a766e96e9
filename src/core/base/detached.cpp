#include "core/base/detached.hpp"

#include "core/base/log.hpp"

#include <atomic>

namespace focus {

namespace {

std::atomic<std::uint64_t>& counter() noexcept {
    static std::atomic<std::uint64_t> count{0};
    return count;
}

} // namespace

void report_failure(std::string_view task, const std::exception_ptr& failure) noexcept {
    if (!failure) return;
    counter().fetch_add(1, std::memory_order_relaxed);
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        log::error("a background task ended by an exception", {{"task", task}, {"cause", std::string_view{error.what()}}});
    } catch (...) {
        log::error("a background task ended by an exception", {{"task", task}, {"cause", std::string_view{"of an unknown type"}}});
    }
}

std::uint64_t reported_failures() noexcept { return counter().load(std::memory_order_relaxed); }

} // namespace focus
