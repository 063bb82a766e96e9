// What becomes of an exception that no caller is there to catch.
// Always holds: no coroutine ends silently by one; it is logged and counted.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

namespace focus::async {

/// Logs and counts `failure`, if there is one. Safe from any thread.
void report_failure(std::string_view task, const std::exception_ptr& failure) noexcept;

/// How many were reported since the process began.
[[nodiscard]] std::uint64_t reported_failures() noexcept;

/// What the exception says.
[[nodiscard]] std::string cause_of(const std::exception_ptr& failure);

} // namespace focus::async
