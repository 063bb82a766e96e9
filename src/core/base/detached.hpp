// How a coroutine that nobody waits for ends. Always holds: none ends silently, its exception is logged and counted.
#pragma once

#include <cstdint>
#include <exception>
#include <string_view>

namespace focus {

/// Logs and counts `failure`, if there is one. Safe from any thread.
void report_failure(std::string_view task, const std::exception_ptr& failure) noexcept;

/// How many were reported since the process began.
[[nodiscard]] std::uint64_t reported_failures() noexcept;

/// The completion handler of a coroutine that nobody waits for. `task` is a literal.
class Detached {
  public:
    explicit Detached(std::string_view task) noexcept : task_{task} {}
    void operator()(const std::exception_ptr& failure) const noexcept { report_failure(task_, failure); }

  private:
    std::string_view task_;
};

} // namespace focus
